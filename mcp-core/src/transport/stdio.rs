//! Standard input and output.
//!
//! A thread of its own reads, serves what can be answered at once right there, and writes the
//! answer: one wake-up per request, like the plainest program that echoes lines. Requests that have
//! to wait run on the runtime; a second thread writes their answers.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::connection::Connection;
use super::lines::Lines;
use super::{ServeError, Transport};
use crate::service::SharedService;

/// How long running requests may take after the input ended.
const GRACE: Duration = Duration::from_secs(5);

/// Standard input and output. Make it with [`stdio()`].
#[derive(Debug)]
pub struct Stdio(());

/// Serves on standard input and output, one JSON message per line.
///
/// From then on standard output belongs to the protocol: on Unix what the program itself prints
/// goes to standard error instead. Log to standard error.
#[must_use]
pub const fn stdio() -> Stdio {
    Stdio(())
}

impl Transport for Stdio {
    async fn serve(self, service: SharedService) -> Result<(), ServeError> {
        let output = protocol_output()?;
        let connection = Connection::new(service);
        let (ended, end) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let shared = Arc::new(parking_lot::Mutex::new(output));
        let reader = (Arc::clone(&connection), Arc::clone(&shared));
        std::thread::Builder::new().name("mcp-stdin".into()).spawn(move || {
            let _inside = runtime.enter();
            let (connection, output) = reader;
            // Nobody waits any more if the runtime is being dropped.
            let _ = ended.send(read(&connection, &output));
        })?;
        let writer = Arc::clone(&connection);
        let writing = std::thread::Builder::new().name("mcp-stdout".into()).spawn(move || {
            while writer.outbox().wait() {
                if write(&writer, &shared).is_err() {
                    return;
                }
            }
        })?;
        let result = end.await.unwrap_or_else(|_| Err(io::Error::other("the reader ended unexpectedly")));
        connection.finish(GRACE).await;
        if tokio::task::spawn_blocking(move || writing.join()).await.is_err() {
            tracing::debug!("the writer ended unexpectedly");
        }
        // A client that went away before everything was written is no failure of ours.
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }
}

/// Reads lines until the input ends.
fn read(connection: &Arc<Connection>, output: &parking_lot::Mutex<File>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut lines = Lines::default();
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let ended = available.is_empty();
        let (taken, whole) = lines.take(available);
        input.consume(taken);
        // A last line without an end still counts.
        if whole || ended {
            connection.accept_line(lines.line());
            lines.clear();
            write(connection, output)?;
        }
        if ended {
            return Ok(());
        }
    }
}

/// Writes what waits, unless somebody else is at it.
fn write(connection: &Connection, output: &parking_lot::Mutex<File>) -> io::Result<()> {
    while let Some(frames) = connection.outbox().take() {
        let mut text = Vec::with_capacity(frames.iter().map(|frame| frame.len() + 1).sum());
        for frame in frames {
            text.extend_from_slice(&frame);
            text.push(b'\n');
        }
        let written = output.lock().write_all(&text);
        connection.outbox().wrote();
        written?;
    }
    Ok(())
}

/// Standard output, kept for frames: a stray `println!` must not end up between them.
#[cfg(unix)]
fn protocol_output() -> io::Result<File> {
    let kept = rustix::io::dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(File::from(kept))
}

/// Standard output. It cannot be guarded here without unsafe code: do not print.
#[cfg(windows)]
fn protocol_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
