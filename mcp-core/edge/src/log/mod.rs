//! One JSON line per call.
//!
//! Its members, which `docs/security/log-line.schema.json` describes for programs:
//!
//! | member | |
//! |---|---|
//! | `timestamp` | when the call came: RFC 3339, UTC, milliseconds |
//! | `service` | the name of the service |
//! | `executionId` | one execution of one call: 32 hexadecimal digits |
//! | `userId`, `orgId` | who called; `null` where nobody is known |
//! | `tool` | the tool; `null` for other methods |
//! | `severity` | `info`, `warning` (refused, or the tool failed) or `error` |
//! | `durationMs` | how long it took, to the microsecond |
//! | `method`, `outcome`, `code`, `correlationId`, `traceId` | the rest, where there is any |
//!
//! Arguments and results are never part of it.
//!
//! ```
//! use std::time::Duration;
//! use mcp_edge::CallRecord;
//! use mcp_edge::log::CallLog;
//!
//! let log = CallLog::file("notes", std::env::temp_dir().join("calls.jsonl"))?;
//! log.write(&CallRecord::new(Duration::from_secs(1_800_000_000), "tools/call"));
//! log.flush();
//! assert_eq!(log.dropped(), 0);
//! # Ok::<(), std::io::Error>(())
//! ```

mod line;
mod writer;

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use self::writer::LineWriter;
use crate::{CallRecord, json};

/// Writes a line for each call, on a thread of its own. Clones write to the same place; what is left is written when the last one
/// is dropped.
#[derive(Clone)]
pub struct CallLog {
    service: Arc<str>,
    writer: Arc<LineWriter>,
}

impl CallLog {
    /// Writes lines of a service to some place. Lines that cannot be kept until it has taken earlier ones
    /// (8 MiB) are dropped and counted.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn new(service: impl Into<Arc<str>>, to: impl Write + Send + 'static) -> io::Result<Self> {
        Ok(Self { service: service.into(), writer: Arc::new(LineWriter::start(Box::new(to))?) })
    }

    /// Writes to standard error.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn stderr(service: impl Into<Arc<str>>) -> io::Result<Self> {
        Self::new(service, io::stderr())
    }

    /// Writes to the end of a file, which is made if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened, or no thread can be started.
    pub fn file(service: impl Into<Arc<str>>, path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(service, OpenOptions::new().create(true).append(true).open(path)?)
    }

    /// Writes a line.
    pub fn write(&self, record: &CallRecord<'_>) {
        json::with_scratch(|line| {
            line::write(line, &self.service, record);
            self.writer.push(line);
        });
    }

    /// Waits until all lines so far are written.
    pub fn flush(&self) {
        self.writer.flush();
    }

    /// Lines that were lost: there was no room for them, or they could not be written.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.writer.dropped()
    }

    pub(crate) fn count_drops(&self, counter: &crate::metrics::Counter) {
        self.writer.count_drops(counter);
    }
}

impl fmt::Debug for CallLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLog").field("service", &self.service).finish_non_exhaustive()
    }
}
