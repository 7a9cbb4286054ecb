//! Identifiers that may be seen once.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::random::{Digest, sha256};

/// Identifiers that are remembered at a time.
const MOST: usize = 50_000;

/// Remembers identifiers for a while.
#[derive(Debug)]
pub(crate) struct Replay {
    seconds: u64,
    seen: Mutex<HashMap<Digest, u64>>,
}

impl Replay {
    pub(crate) fn new(seconds: u64) -> Self {
        Self { seconds, seen: Mutex::default() }
    }

    /// Whether it is seen for the first time. When there is no room to remember it, it is not taken.
    pub(crate) fn is_new(&self, id: &str, now: u64) -> bool {
        let mut seen = self.seen.lock();
        if seen.len() >= MOST {
            seen.retain(|_, until| now < *until);
        }
        let digest = sha256(id.as_bytes());
        if seen.len() >= MOST || seen.get(&digest).is_some_and(|until| now < *until) {
            return false;
        }
        seen.insert(digest, now + self.seconds);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_in_a_while() {
        let replay = Replay::new(60);
        assert!(replay.is_new("a", 100));
        assert!(!replay.is_new("a", 159));
        assert!(replay.is_new("b", 159));
        assert!(replay.is_new("a", 160));
    }
}
