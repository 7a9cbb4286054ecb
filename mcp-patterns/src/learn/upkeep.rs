//! Brings the write-ahead log of a store into its file, in a thread of its own: whoever gives feedback would wait for the disk otherwise,
//! whenever the log has become long enough. What is committed is in the log already, so nothing that survives depends on this thread.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use super::store::failed;
use crate::PatternError;

/// After how many changes it looks after the log: about a thousand pages.
const EVERY: u32 = 256;
/// Longer logs, in pages, are begun anew. Whoever writes waits for that, for as long as the pages of the last moments take.
const LONG: i64 = 4096;
/// Whoever writes does it himself from so many pages on: the thread is dead, or cannot keep up.
const TOO_LONG: i64 = 4 * LONG;
const STACK: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Upkeep {
    changes: u32,
    /// None once it ends.
    wake: Option<SyncSender<()>>,
    /// Held while it works.
    at_work: Arc<Mutex<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    /// Looks after the file that a connection writes to.
    pub(super) fn start(path: &Path, writer: &Connection) -> Result<Self, PatternError> {
        let failed = failed("looking after the log");
        writer.pragma_update(None, "wal_autocheckpoint", TOO_LONG).map_err(&failed)?;
        let connection = open(path).map_err(&failed)?;
        let (wake, woken) = sync_channel(1);
        let thread = thread::Builder::new().name("patterns-log".to_owned()).stack_size(STACK);
        let at_work = Arc::new(Mutex::new(()));
        let working = at_work.clone();
        let thread = thread.spawn(move || look_after(&connection, &woken, &working));
        let thread = thread.map_err(super::store::failed("starting a thread"))?;
        Ok(Self { changes: 0, wake: Some(wake), at_work, thread: Some(thread) })
    }

    /// Lets the thread rest: two cannot bring the log into the file at once, and whoever is second would be sent away.
    pub(super) fn pause(&self) -> MutexGuard<'_, ()> {
        self.at_work.lock()
    }

    /// Something is written.
    pub(super) fn changed(&mut self) {
        self.changes += 1;
        if self.changes.is_multiple_of(EVERY)
            && let Some(wake) = &self.wake
        {
            // Full: it is about to look. Closed: the writer does it himself, see `TOO_LONG`.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked, the log is as long as it is: the last connection to close empties it.
            let _ = thread.join();
        }
    }
}

/// Until nobody can wake it any more.
fn look_after(connection: &Connection, woken: &Receiver<()>, at_work: &Mutex<()>) {
    while woken.recv().is_ok() {
        let _working = at_work.lock();
        // What fails is tried again the next time: the log only gets longer meanwhile.
        let _ = empty(connection);
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_millis(100))?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;")?;
    Ok(connection)
}

/// Nobody waits for a passive checkpoint. Only if there is always somebody who writes does the log stay long all the same.
fn empty(connection: &Connection) -> rusqlite::Result<()> {
    let pages = |mode| connection.query_row(mode, [], |row| row.get::<_, i64>(1));
    if pages("PRAGMA wal_checkpoint(PASSIVE)")? > LONG {
        pages("PRAGMA wal_checkpoint(RESTART)")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::exposure::Exposure;
    use crate::learn::fit::SIGNS;
    use crate::learn::store::Store;

    #[test]
    fn the_log_of_one_who_never_stops_writing_stays_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("learned.db");
        let mut store = Store::open(Some(&path)).unwrap();
        let exposure = Exposure {
            id: 0,
            at: 0,
            model: "x".repeat(4000),
            features: Vec::new(),
            words: 0,
            phrasing: Vec::new(),
            candidates: Vec::new(),
            shown: Vec::new(),
            fit: 0.0,
            signs: [0.0; SIGNS],
            open: true,
        };
        let log = folder.path().join("learned.db-wal");
        let mut longest = 0;
        for _ in 0..12_000 {
            let change = store.change().unwrap();
            change.expose("acme", &exposure).unwrap();
            change.commit().unwrap();
            longest = longest.max(std::fs::metadata(&log).unwrap().len());
        }
        drop(store);
        // Alone it would have 12,000 times five pages.
        assert!(longest < 2 * TOO_LONG as u64 * 4096, "{longest}");
        assert!(!log.exists(), "whoever closes last leaves no log");
        let mut many = 0;
        Store::open(Some(&path)).unwrap().since("acme", 0, |_, _| many += 1).unwrap();
        assert_eq!(many, 12_000);
    }
}
