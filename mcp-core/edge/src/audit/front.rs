//! Where callers chain entries while one of them writes.
//!
//! Two locks: that of the *front* is held for the time of a hash, that of the *sealer* for the time of a write. Whoever holds the
//! sealer writes what others queue in the meantime; so nobody waits in the kernel for anybody, and no entry for a timer.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::watch;

use super::chain::Hash;
use super::sealer::{Queue, Sealer};
use super::{AuditError, ChainKey};

/// How long entries are collected before they are synced: well within the 50 ms that are promised.
const COLLECT: Duration = Duration::from_millis(20);
/// Writes for others that one caller does at most before it goes its way.
const FAVOURS: usize = 4;

/// Entries that are kept by one write of somebody else.
#[derive(Debug, Default)]
pub(super) struct Batch(AtomicU8);

const KEPT: u8 = 1;
const LOST: u8 = 2;

impl Batch {
    /// Whether the entries are kept; nothing while that is not known.
    pub(super) fn outcome(&self) -> Option<Result<(), AuditError>> {
        match self.0.load(Acquire) {
            KEPT => Some(Ok(())),
            LOST => Some(Err(AuditError::Unavailable)),
            _ => None,
        }
    }
}

/// What callers and the thread of a log know.
pub(super) struct Shared {
    pub(super) healthy: AtomicBool,
    /// The last entry that is on the disk.
    pub(super) synced: watch::Sender<u64>,
    front: Mutex<Front>,
    /// Locked before the front, never behind it. None once the log is closed, or where a thread has it.
    sealer: Mutex<Option<Sealer>>,
    work: Condvar,
}

#[derive(Default)]
struct Front {
    /// The last entry that is chained; not known at first, and after a write that failed.
    end: Option<(u64, Hash)>,
    queue: Queue,
    batch: Option<Arc<Batch>>,
    dirty: bool,
    /// Whether the thread that syncs has to be told.
    news: bool,
    closing: bool,
}

/// What became of an entry.
pub(super) enum Put {
    /// The operating system has it.
    Written(u64),
    /// Somebody writes it.
    Queued(u64, Arc<Batch>),
}

impl Front {
    fn chain(&mut self, key: &ChainKey, (seq, prev): (u64, Hash), body: &[u8]) -> u64 {
        let seq = seq + 1;
        let hash = self.queue.add(key, seq, &prev, body);
        self.end = Some((seq, hash));
        if !mem::replace(&mut self.dirty, true) {
            // The thread that syncs sleeps until then.
            self.news = true;
        }
        seq
    }

    /// What is queued, and who waits for it.
    fn take(&mut self, into: &mut Queue) -> Option<Arc<Batch>> {
        mem::swap(&mut self.queue, into);
        self.batch.take()
    }
}

impl Shared {
    pub(super) fn new(sealer: Option<Sealer>) -> Arc<Self> {
        Arc::new(Self {
            healthy: AtomicBool::new(true),
            synced: watch::Sender::new(0),
            front: Mutex::default(),
            sealer: Mutex::new(sealer),
            work: Condvar::new(),
        })
    }

    /// Chains an entry. It is written at once, or by whoever is writing.
    pub(super) fn put(&self, key: &ChainKey, body: &[u8]) -> Result<Put, AuditError> {
        let mut sealer = self.sealer.try_lock();
        loop {
            let mut front = self.front.lock();
            let end = match (front.end, sealer.as_deref_mut()) {
                (Some(end), _) => end,
                (None, Some(sealer)) => {
                    let end = sealer.as_mut().ok_or(AuditError::Unavailable).and_then(Sealer::end);
                    self.healthy.store(end.is_ok(), Relaxed);
                    end?
                }
                // Where the chain ends has to be read, and whoever writes is about to add to it.
                (None, None) => {
                    drop(front);
                    sealer = Some(self.sealer.lock());
                    continue;
                }
            };
            let seq = front.chain(key, end, body);
            let tell = mem::take(&mut front.news);
            let put = match sealer {
                None => Put::Queued(seq, Arc::clone(front.batch.get_or_insert_default())),
                Some(sealer) => {
                    self.write(sealer, front)?;
                    Put::Written(seq)
                }
            };
            if tell {
                self.work.notify_one();
            }
            return Ok(put);
        }
    }

    /// Writes what is queued, unless somebody else is doing that.
    pub(super) fn try_flush(&self) {
        if let Some(sealer) = self.sealer.try_lock() {
            // Each entry's caller hears of its own.
            drop(self.write(sealer, self.front.lock()));
        }
    }

    /// Writes what is queued.
    pub(super) fn flush(&self) {
        let sealer = self.sealer.lock();
        drop(self.write(sealer, self.front.lock()));
    }

    /// Writes what is queued, then what comes meanwhile; tells what became of the former.
    fn write<'a>(
        &'a self,
        mut sealer: MutexGuard<'a, Option<Sealer>>,
        mut front: MutexGuard<'a, Front>,
    ) -> Result<(), AuditError> {
        let Some(writer) = sealer.as_mut() else { return Err(AuditError::Unavailable) };
        let mut first = None;
        for _ in 0..=FAVOURS {
            let batch = front.take(&mut writer.queue);
            drop(front);
            let kept = writer.keep();
            self.healthy.store(kept.is_ok(), Relaxed);
            if let Err(error) = &kept {
                tracing::error!(%error, "entries of the audit log are lost");
            }
            let failed = kept.is_err();
            if let Some(batch) = batch {
                batch.0.store(if failed { LOST } else { KEPT }, Release);
            }
            first.get_or_insert(kept);
            front = self.front.lock();
            if failed {
                // What was chained to the lost ones meanwhile is lost with them.
                front.end = None;
                if let Some(batch) = front.take(&mut writer.queue) {
                    batch.0.store(LOST, Release);
                }
                writer.queue.clear();
            }
            if front.queue.is_empty() {
                break;
            }
        }
        first.unwrap_or(Ok(()))
    }

    /// Does something with the store while nobody appends.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Sealer) -> R) -> Result<R, AuditError> {
        self.flush();
        let mut sealer = self.sealer.lock();
        let mut front = self.front.lock();
        let sealer = sealer.as_mut().ok_or(AuditError::Unavailable)?;
        // Entries that came since.
        let batch = front.take(&mut sealer.queue);
        let kept = sealer.keep();
        if let Some(batch) = batch {
            batch.0.store(if kept.is_ok() { KEPT } else { LOST }, Release);
        }
        front.end = None;
        kept?;
        Ok(act(sealer))
    }

    /// Syncs what callers wrote, together, until the log is closed.
    pub(super) fn sync(&self, strict: bool) {
        loop {
            let mut front = self.front.lock();
            while !front.dirty && !front.closing {
                self.work.wait(&mut front);
            }
            if !strict && !front.closing {
                self.work.wait_for(&mut front, COLLECT);
            }
            let closing = front.closing;
            front.dirty = false;
            drop(front);
            self.flush();
            let mut sealer = self.sealer.lock();
            let Some(writer) = sealer.as_mut() else { return };
            let (finish, seq) = (writer.store.sync(), writer.seq);
            drop(sealer);
            if let Err(error) = finish() {
                tracing::error!(%error, "the audit log is not on the disk");
                self.healthy.store(false, Relaxed);
            }
            // Those who wait look at the health then.
            self.synced.send_replace(seq);
            if closing {
                return;
            }
        }
    }

    /// Tells the thread that syncs to do so for the last time.
    pub(super) fn close(&self) {
        self.front.lock().closing = true;
        self.work.notify_one();
    }

    /// Gives the store up.
    pub(super) fn closed(&self) {
        *self.sealer.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::{Entry, Store, StoreError, Sync, chain};
    use super::*;

    /// A store of which every seventh write fails, having kept nothing.
    #[derive(Clone, Default)]
    struct Flaky(Arc<Mutex<(Vec<String>, usize)>>);

    impl Store for Flaky {
        fn last(&mut self) -> Result<Option<String>, StoreError> {
            Ok(self.0.lock().0.last().cloned())
        }

        fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
            let mut state = self.0.lock();
            state.1 += 1;
            // Others queue in the meantime.
            std::thread::yield_now();
            if state.1.is_multiple_of(7) {
                return Err(StoreError::new("written", "the disk is full"));
            }
            state.0.extend(entries.iter().map(|entry| entry.line.to_owned()));
            Ok(())
        }

        fn sync(&mut self) -> Sync {
            Box::new(|| Ok(()))
        }

        fn read(&mut self, _: &mut dyn FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
            Ok(())
        }

        fn replace(&mut self, _: &[Entry<'_>]) -> Result<(), StoreError> {
            Ok(())
        }
    }

    /// Whether an entry was kept, once that is known.
    fn settled(shared: &Shared, put: Result<Put, AuditError>) -> bool {
        match put {
            Ok(Put::Written(_)) => true,
            Ok(Put::Queued(_, batch)) => loop {
                if let Some(outcome) = batch.outcome() {
                    return outcome.is_ok();
                }
                shared.flush();
            },
            Err(_) => false,
        }
    }

    #[test]
    fn of_callers_at_once_each_hears_what_became_of_its_entry() {
        let (store, key) = (Flaky::default(), ChainKey::default());
        let sealer = Sealer::new(Box::new(store.clone()), key.clone()).unwrap();
        let shared = Shared::new(Some(sealer));
        let kept: Vec<String> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..4)
                .map(|caller| {
                    let (shared, key) = (&shared, &key);
                    scope.spawn(move || {
                        let bodies = (0..500).map(|i| format!(r#""call":"{caller}-{i}""#));
                        bodies
                            .filter(|body| settled(shared, shared.put(key, body.as_bytes())))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        });
        let lines = store.0.lock().0.clone();
        assert_eq!(lines.len(), kept.len());
        assert!(kept.len() > 1_000 && kept.len() < 2_000, "{}", kept.len());
        let mut prev = chain::START;
        for (seq, line) in (1..).zip(&lines) {
            let link = chain::Link::parse(line, seq).unwrap();
            link.check(seq, &prev, &key).unwrap();
            prev = link.hash;
        }
        let kept: HashSet<&str> = kept.iter().map(String::as_str).collect();
        assert!(lines.iter().all(|line| line.split(',').any(|member| kept.contains(member))));
    }
}
