//! What time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock: that of the system, or one that a test sets. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System { start: Instant, at_start: Duration },
    Manual(Arc<AtomicU64>),
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The clock of the system.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System { start: Instant::now(), at_start: wall() })
    }

    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn manual(since_epoch: Duration) -> Self {
        Self(Kind::Manual(Arc::new(AtomicU64::new(nanos(since_epoch)))))
    }

    /// Moves a manual clock forward. The clock of the system goes its own way.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(now) = &self.0 {
            now.fetch_add(nanos(by), Relaxed);
        }
    }

    /// The time since 1970 as the system tells it now. It may jump.
    #[must_use]
    pub fn wall(&self) -> Duration {
        match &self.0 {
            Kind::System { .. } => wall(),
            Kind::Manual(now) => Duration::from_nanos(now.load(Relaxed)),
        }
    }

    /// The time since 1970 as the system told it when the clock was made, and counted evenly since. It never goes back.
    #[must_use]
    pub fn steady(&self) -> Duration {
        match &self.0 {
            Kind::System { start, at_start } => *at_start + start.elapsed(),
            Kind::Manual(now) => Duration::from_nanos(now.load(Relaxed)),
        }
    }
}

fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
