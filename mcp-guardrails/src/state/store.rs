//! Where sessions and approvals are kept.

use std::collections::HashMap;
use std::fmt;

use parking_lot::Mutex;

use super::pending::Waiting;
use super::{Digest, Pending, Session};

/// The store failed: nobody knows what happened before.
#[derive(Debug, thiserror::Error)]
#[error("sessions cannot be {doing}")]
pub struct StoreError {
    doing: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// What could not be done (`read`, `changed`, …), and why.
    pub fn new(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }
}

/// Keeps sessions and approvals.
pub trait Store: Send + Sync + fmt::Debug {
    /// Changes a session; one that is not known is empty. Changes of one session come one after another: where another process was quicker,
    /// `change` is called again with what that one wrote, and its last call counts.
    ///
    /// # Errors
    /// The store failed; nothing has changed.
    fn update(&self, session: &str, change: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError>;

    /// Forgets a session.
    ///
    /// # Errors
    /// The store failed.
    fn forget(&self, session: &str) -> Result<(), StoreError>;

    /// Keeps an approval until a time.
    ///
    /// # Errors
    /// The store failed.
    fn grant(&self, digest: Digest, until: u64) -> Result<(), StoreError>;

    /// Uses an approval up; tells whether there was one that had not expired.
    ///
    /// # Errors
    /// The store failed.
    fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError>;

    /// Keeps a call that waits for an approval, for every process that asks for [`waiting`](Self::waiting). There may be a bound; the
    /// oldest make room.
    ///
    /// # Errors
    /// The store failed.
    fn wait(&self, pending: &Pending) -> Result<(), StoreError>;

    /// The calls that wait, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    fn waiting(&self, now: u64) -> Result<Vec<Pending>, StoreError>;

    /// Lets a call wait no longer; tells one caller alone whether it did.
    ///
    /// # Errors
    /// The store failed.
    fn settle(&self, digest: Digest, now: u64) -> Result<bool, StoreError>;
}

const SHARDS: usize = 16;
/// The number of sessions, and of approvals, that are kept at most.
const MOST: usize = 65_536;

/// Keeps them in memory, so many at most: who was longest unused makes room.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shards: [Mutex<HashMap<Box<str>, Session>>; SHARDS],
    approvals: Mutex<HashMap<Digest, u64>>,
    waiting: Mutex<Waiting>,
}

impl MemoryStore {
    fn shard(&self, session: &str) -> &Mutex<HashMap<Box<str>, Session>> {
        let sum = session.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.shards.get(sum % SHARDS).unwrap_or(&self.shards[0])
    }
}

impl Store for MemoryStore {
    fn update(&self, session: &str, change: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError> {
        let mut sessions = self.shard(session).lock();
        if let Some(known) = sessions.get_mut(session) {
            change(known);
            return Ok(());
        }
        if sessions.len() >= MOST / SHARDS {
            // A quarter at once, so that a flood of names does not search at each of them.
            let mut times: Vec<u64> = sessions.values().map(|session| session.seen).collect();
            let quarter = times.len() / 4;
            let (_, limit, _) = times.select_nth_unstable(quarter);
            let limit = *limit;
            sessions.retain(|_, session| session.seen > limit);
        }
        change(sessions.entry(session.into()).or_default());
        Ok(())
    }

    fn forget(&self, session: &str) -> Result<(), StoreError> {
        self.shard(session).lock().remove(session);
        Ok(())
    }

    fn grant(&self, digest: Digest, until: u64) -> Result<(), StoreError> {
        let mut approvals = self.approvals.lock();
        if approvals.len() >= MOST {
            let oldest = approvals.iter().min_by_key(|(_, until)| **until).map(|(digest, _)| *digest);
            oldest.map(|digest| approvals.remove(&digest));
        }
        approvals.insert(digest, until);
        Ok(())
    }

    fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        Ok(self.approvals.lock().remove(&digest).is_some_and(|until| now < until))
    }

    fn wait(&self, pending: &Pending) -> Result<(), StoreError> {
        self.waiting.lock().put(pending);
        Ok(())
    }

    fn waiting(&self, now: u64) -> Result<Vec<Pending>, StoreError> {
        Ok(self.waiting.lock().list(now))
    }

    fn settle(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        Ok(self.waiting.lock().take(digest, now))
    }
}
