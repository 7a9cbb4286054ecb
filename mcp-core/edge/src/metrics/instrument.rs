//! The four kinds of instruments. Clones are the same instrument.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Counts what happens. It only grows.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    /// Changes it by so much.
    pub fn add(&self, change: f64) {
        add(&self.0, change);
    }

    /// What it is.
    #[must_use]
    pub fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}

fn add(bits: &AtomicU64, change: f64) {
    let mut now = bits.load(Relaxed);
    loop {
        let next = (f64::from_bits(now) + change).to_bits();
        match bits.compare_exchange_weak(now, next, Relaxed, Relaxed) {
            Ok(_) => return,
            Err(other) => now = other,
        }
    }
}

/// Counts observations by size.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    bounds: Box<[f64]>,
    /// One more than bounds: the last takes what is larger than all.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    pub(super) fn new(bounds: &[f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds: bounds.into(), counts, sum: AtomicU64::new(0f64.to_bits()) }))
    }

    /// Adds an observation.
    pub fn observe(&self, value: f64) {
        let at = self.0.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.0.counts.get(at) {
            count.fetch_add(1, Relaxed);
        }
        add(&self.0.sum, value);
    }

    /// Adds a time, in seconds.
    pub fn observe_duration(&self, time: Duration) {
        self.observe(time.as_secs_f64());
    }

    /// Starts a timer that adds the time until it is dropped.
    #[must_use]
    pub fn start(&self) -> Timer {
        Timer { histogram: Some(self.clone()), start: Instant::now() }
    }

    /// How many observations there are, and their sum.
    #[must_use]
    pub fn count_and_sum(&self) -> (u64, f64) {
        let count = self.0.counts.iter().map(|count| count.load(Relaxed)).sum();
        (count, f64::from_bits(self.0.sum.load(Relaxed)))
    }

    /// Bounds with the number of observations up to each; then the sum.
    pub(super) fn cumulative(&self) -> (Vec<(f64, u64)>, f64) {
        let mut total = 0;
        let bounds = self.0.bounds.iter().copied().chain([f64::INFINITY]);
        let rows = bounds.zip(self.0.counts.iter()).map(|(bound, count)| {
            total += count.load(Relaxed);
            (bound, total)
        });
        (rows.collect(), f64::from_bits(self.0.sum.load(Relaxed)))
    }
}

/// Adds the time it lived to a histogram, in seconds.
#[derive(Debug)]
pub struct Timer {
    histogram: Option<Histogram>,
    start: Instant,
}

impl Timer {
    /// Adds the time now, and returns it.
    pub fn stop(mut self) -> Duration {
        let time = self.start.elapsed();
        if let Some(histogram) = self.histogram.take() {
            histogram.observe_duration(time);
        }
        time
    }

    /// Adds nothing.
    pub fn discard(mut self) {
        self.histogram = None;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(histogram) = self.histogram.take() {
            histogram.observe_duration(self.start.elapsed());
        }
    }
}
