//! Calls that wait for somebody to approve them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Digest;

/// More calls do not wait; the oldest makes room.
pub(super) const MOST: usize = 1024;

/// A call that waits for somebody to approve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pending {
    /// What [`Guard::approve`](super::Guard::approve) is called with.
    pub digest: Digest,
    /// The tool.
    pub tool: String,
    /// The rule that wants it.
    pub rule: String,
    /// What the rule says.
    pub message: String,
    /// Until when it waits, in milliseconds since 1970.
    pub until: u64,
}

/// Those that wait, the oldest first.
pub(super) fn sorted(calls: impl Iterator<Item = Pending>, now: u64) -> Vec<Pending> {
    let mut all: Vec<_> = calls.filter(|pending| now < pending.until).collect();
    all.sort_by_key(|pending| (pending.until, pending.digest));
    all
}

/// What waits, in memory.
#[derive(Debug, Default)]
pub(super) struct Waiting(HashMap<Digest, Pending>);

impl Waiting {
    pub(super) fn put(&mut self, pending: &Pending) {
        if self.0.len() >= MOST && !self.0.contains_key(&pending.digest) {
            let oldest = self.0.values().min_by_key(|pending| pending.until).map(|pending| pending.digest);
            oldest.map(|digest| self.0.remove(&digest));
        }
        self.0.insert(pending.digest, pending.clone());
    }

    pub(super) fn take(&mut self, digest: Digest, now: u64) -> bool {
        self.0.remove(&digest).is_some_and(|pending| now < pending.until)
    }

    pub(super) fn list(&self, now: u64) -> Vec<Pending> {
        sorted(self.0.values().cloned(), now)
    }
}
