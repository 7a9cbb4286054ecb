//! Keeping up with a directory while its files change.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecursiveMode, Watcher};

use super::{Ingest, Report};
use crate::MemoryError;

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long files have to be quiet: programs write in several steps.
const QUIET: Duration = Duration::from_millis(300);
/// How long it waits for that at most.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ingest {
    /// Remembers the documents of a directory, and does so again when any of them changes, until `stop` is set. Tells what became of the
    /// first run, and of each that changed, skipped or failed at anything.
    ///
    /// # Errors
    /// The directory cannot be watched. A run that fails is told, and the next may do better.
    pub fn watch(
        &self,
        path: impl AsRef<Path>,
        stop: &AtomicBool,
        mut on_report: impl FnMut(Result<Report, MemoryError>),
    ) -> Result<(), MemoryError> {
        let (changed, changes) = channel();
        let tell = move |event: notify::Result<notify::Event>| {
            // Reading is no change; an error may have hidden one.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                // Nobody listens once it has stopped.
                let _ = changed.send(Instant::now());
            }
        };
        let failed = MemoryError::doing("kept up with a directory");
        let mut watcher = notify::recommended_watcher(tell).map_err(&failed)?;
        watcher.watch(path.as_ref(), RecursiveMode::Recursive).map_err(&failed)?;
        let mut skipped = None;
        let mut run = || {
            let report = self.directory(&path, |_| {});
            let now = report.as_ref().ok().map(|report| report.skipped.clone());
            let changed = report.as_ref().map_or(true, Report::changed);
            if changed || now != skipped {
                on_report(report);
            }
            skipped = now;
        };
        run();
        while !stop.load(Ordering::Acquire) {
            match changes.recv_timeout(LOOK) {
                Ok(first) => while changes.recv_timeout(QUIET).is_ok() && first.elapsed() < PATIENCE {},
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            run();
        }
        Ok(())
    }
}
