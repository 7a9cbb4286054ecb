//! Keeping up with directories.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::{EventKind, RecursiveMode, Watcher as _};

use crate::PatternError;
use crate::catalog::{Catalog, Report};

/// How long files have to be quiet: programs write in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// How long it waits for that at most.
const PATIENCE: Duration = Duration::from_secs(3);

enum Message {
    Changed,
    Stop,
}

/// Reloads a catalogue whenever files of its sources change; stops when it is dropped.
pub struct Watcher {
    stop: Sender<Message>,
    thread: Option<JoinHandle<()>>,
    _files: notify::RecommendedWatcher,
}

impl Watcher {
    /// Watches the directories of the catalogue's sources. `told` hears what came of each reload.
    ///
    /// # Errors
    /// A directory cannot be watched.
    pub fn new(catalog: Arc<Catalog>, told: impl Fn(&Report) + Send + 'static) -> Result<Self, PatternError> {
        let failed = |error: notify::Error| PatternError::Watch { source: Box::new(error) };
        let (sender, changes) = channel();
        let changed = sender.clone();
        let mut files = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading is no change; an error may have hidden one.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                // Nobody listens once it has stopped.
                let _ = changed.send(Message::Changed);
            }
        })
        .map_err(failed)?;
        for directory in catalog.directories() {
            files.watch(&directory, RecursiveMode::Recursive).map_err(failed)?;
        }
        let thread = thread::spawn(move || {
            while let Ok(Message::Changed) = changes.recv() {
                let first = Instant::now();
                loop {
                    match changes.recv_timeout(QUIET) {
                        Ok(Message::Changed) if first.elapsed() < PATIENCE => {}
                        Ok(Message::Changed) | Err(RecvTimeoutError::Timeout) => break,
                        Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
                told(&catalog.reload());
            }
        });
        Ok(Self { stop: sender, thread: Some(thread), _files: files })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have stopped by itself.
        let _ = self.stop.send(Message::Stop);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}
