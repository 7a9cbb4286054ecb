//! Who hears of recommendations, and how long they take.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::learn::Outcome;

/// What came of a request.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Recommended {
    /// How many entries were shown; 0 if nothing fitted.
    pub shown: usize,
    /// How long it took.
    pub took: Duration,
}

/// Hears of recommendations and feedback, for metrics.
pub trait Observer: Send + Sync {
    /// Something was recommended, or nothing fitted.
    fn recommended(&self, seen: Recommended);

    /// Somebody said what became of an entry.
    fn answered(&self, outcome: Outcome);
}

/// Requests that are remembered.
const KEPT: usize = 1_000;

/// How long the last requests took.
#[derive(Debug, Default)]
pub(super) struct Latency(Mutex<VecDeque<Duration>>);

impl Latency {
    pub(super) fn note(&self, took: Duration) {
        let mut kept = self.0.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(took);
    }

    /// Median and 99th percentile in microseconds; nothing before the first request.
    pub(super) fn to_json(&self) -> Value {
        let mut sorted: Vec<Duration> = self.0.lock().iter().copied().collect();
        sorted.sort_unstable();
        let at = |hundredths: usize| {
            let place = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
            sorted.get(place).map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
        };
        json!({ "requests": sorted.len(), "p50_us": at(50), "p99_us": at(99) })
    }
}
