//! Cells by key: bounded in number, idle ones dropped.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use parking_lot::Mutex;

use super::cell::{Cell, Pace};

const SHARDS: usize = 16;
/// How often a full shard is searched for idle cells.
const SWEEP: u64 = 1_000_000_000;

/// Keys are hashes already.
#[derive(Debug, Default)]
pub(super) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

type Cells = HashMap<u64, Cell, BuildHasherDefault<Same>>;

#[derive(Debug, Default)]
struct Shard {
    cells: Cells,
    /// What is shared by keys that came when there was no room.
    crowd: Cell,
    swept: u64,
}

/// The cells of one limit.
#[derive(Debug)]
pub(super) struct Table {
    pace: Pace,
    shards: Box<[Mutex<Shard>]>,
    most: usize,
}

impl Table {
    /// A table with room for `most` keys.
    pub(super) fn new(pace: Pace, most: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { pace, shards, most: most.div_ceil(SHARDS) }
    }

    #[cfg(feature = "redis")]
    pub(super) const fn pace(&self) -> Pace {
        self.pace
    }

    pub(super) fn take(&self, key: u64, now: u64) -> Result<(), Duration> {
        self.with(key, now, |cell| self.pace.take(cell, now)).unwrap_or(Ok(()))
    }

    pub(super) fn give_back(&self, key: u64, now: u64) {
        self.with(key, now, |cell| self.pace.give_back(cell));
    }

    fn with<R>(&self, key: u64, now: u64, act: impl FnOnce(&mut Cell) -> R) -> Option<R> {
        // The low bits choose the place within the map, the high ones the shard.
        let mut shard = self.shards.get((key >> 59) as usize % SHARDS)?.lock();
        let shard = &mut *shard;
        if let Some(cell) = shard.cells.get_mut(&key) {
            return Some(act(cell));
        }
        if shard.cells.len() >= self.most && now.saturating_sub(shard.swept) >= SWEEP {
            shard.swept = now;
            shard.cells.retain(|_, cell| !self.pace.is_idle(cell, now));
        }
        // Whoever finds no room shares: many made-up callers must not get a burst each.
        let full = shard.cells.len() >= self.most;
        Some(act(if full { &mut shard.crowd } else { shard.cells.entry(key).or_default() }))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().cells.len()).sum()
    }
}
