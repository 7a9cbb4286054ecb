//! Fixed windows that count what must not happen often: wrong secrets, wrong passwords, registrations.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::random::{Digest, sha256};

/// Keys that are counted at a time. When there are more, the oldest windows go first.
const MOST: usize = 20_000;

/// So many in so many seconds, by key.
#[derive(Debug)]
pub(crate) struct Throttle {
    most: u32,
    window: u64,
    /// Strangers choose the keys: their digests have all one size.
    counts: Mutex<HashMap<Digest, Count>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: u64,
    seen: u32,
}

impl Throttle {
    pub(crate) fn new(most: u32, window: u64) -> Self {
        Self { most, window, counts: Mutex::default() }
    }

    /// Whether a key has some left; else how many seconds until it has.
    pub(crate) fn check(&self, key: &str, now: u64) -> Result<(), u64> {
        match self.counts.lock().get(&sha256(key.as_bytes())) {
            Some(count) if count.seen >= self.most && now < count.since + self.window => {
                Err(count.since + self.window - now)
            }
            _ => Ok(()),
        }
    }

    /// Takes one.
    pub(crate) fn count(&self, key: &str, now: u64) {
        let (key, mut counts) = (sha256(key.as_bytes()), self.counts.lock());
        if counts.len() >= MOST && !counts.contains_key(&key) {
            counts.retain(|_, count| now < count.since + self.window);
            if counts.len() >= MOST {
                let oldest = counts.iter().min_by_key(|(_, count)| count.since).map(|(key, _)| *key);
                oldest.and_then(|key| counts.remove(&key));
            }
        }
        let count = counts.entry(key).or_insert(Count { since: now, seen: 0 });
        if now >= count.since + self.window {
            *count = Count { since: now, seen: 0 };
        }
        count.seen = count.seen.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_again() {
        let throttle = Throttle::new(2, 60);
        for now in [100, 110] {
            assert_eq!(throttle.check("a", now), Ok(()));
            throttle.count("a", now);
        }
        assert_eq!(throttle.check("a", 111), Err(49));
        assert_eq!(throttle.check("b", 111), Ok(()));
        assert_eq!(throttle.check("a", 160), Ok(()));
        throttle.count("a", 160);
        assert_eq!(throttle.check("a", 160), Ok(()));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let throttle = Throttle::new(1, 60);
        for n in 0..(MOST + 10) {
            throttle.count(&n.to_string(), 100 + n as u64 / 1000);
        }
        assert!(throttle.counts.lock().len() <= MOST);
        assert!(throttle.check(&(MOST + 9).to_string(), 121).is_err());
    }
}
