//! How an upstream is.

use std::time::Duration;

use tokio::time::Instant;

/// How an upstream is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamHealth {
    /// Not connected, because nobody asked yet or the connection ended. The next call connects.
    Idle,
    /// Being connected to.
    Connecting,
    /// Connected.
    Ready,
    /// It cannot be reached, and calls fail at once until it is tried again.
    Failing,
}

/// How an upstream is, for operators.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UpstreamState {
    /// What the pool calls it.
    pub name: String,
    /// Where it is, without what may be secret.
    pub target: String,
    /// How it is.
    pub health: UpstreamHealth,
    /// For how long it has been so.
    pub lasting: Duration,
    /// Attempts that failed, one after the other.
    pub failures: u32,
    /// What went wrong last, if anything did since it was connected to.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub retry_in: Option<Duration>,
    /// Calls that are running.
    pub in_flight: usize,
    /// Calls that may run at the same time.
    pub max_in_flight: usize,
}

/// How an upstream is, for those who wait for it.
#[derive(Debug, Clone)]
pub(super) struct Health {
    pub(super) phase: UpstreamHealth,
    pub(super) since: Instant,
    pub(super) failures: u32,
    /// When the first of the failures was.
    pub(super) failing_since: Option<Instant>,
    pub(super) error: Option<String>,
    pub(super) retry_at: Option<Instant>,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            phase: UpstreamHealth::Idle,
            since: Instant::now(),
            failures: 0,
            failing_since: None,
            error: None,
            retry_at: None,
        }
    }

    pub(super) fn enter(&mut self, phase: UpstreamHealth) {
        self.phase = phase;
        self.since = Instant::now();
    }

    pub(super) fn succeed(&mut self) {
        *self = Self { phase: UpstreamHealth::Ready, ..Self::new() };
    }

    pub(super) fn fail(&mut self, error: String, pause: Duration) {
        let now = Instant::now();
        let since = *self.failing_since.get_or_insert(now);
        (self.phase, self.since) = (UpstreamHealth::Failing, since);
        self.failures = self.failures.saturating_add(1);
        self.error = Some(error);
        self.retry_at = Some(now + pause);
    }

    /// How long calls fail at once.
    pub(super) fn retry_in(&self) -> Option<Duration> {
        let left = self.retry_at?.saturating_duration_since(Instant::now());
        (self.phase == UpstreamHealth::Failing && !left.is_zero()).then_some(left)
    }
}

/// An error with all its causes.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
