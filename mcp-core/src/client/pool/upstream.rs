//! What a pool is told of an upstream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{ClientBuilder, Error, IntoTarget, Target};

/// A server that a pool looks after: where it is, and how it is treated.
///
/// Two descriptions are the same when they name the same [revision](Self::revision), or, where neither
/// names one, the same target with the same limits and the same clone of the client's settings. An
/// upstream whose description stays the same keeps its connection.
#[derive(Clone)]
#[must_use]
pub struct Upstream {
    pub(super) target: Target,
    pub(super) client: Option<Arc<ClientBuilder>>,
    pub(super) revision: Option<String>,
    pub(super) max_in_flight: usize,
    pub(super) max_wait: Duration,
    /// Tells servers of this process apart.
    identity: Arc<()>,
}

impl Upstream {
    /// A server: a URL, a command line, `unix:/path`, a [`Server`](crate::Server) of this process.
    ///
    /// # Errors
    /// The target names no server.
    pub fn new(target: impl IntoTarget) -> Result<Self, Error> {
        Ok(Self {
            target: target.into_target()?,
            client: None,
            revision: None,
            max_in_flight: 64,
            max_wait: Duration::from_secs(10),
            identity: Arc::default(),
        })
    }

    /// Settings of the client, instead of those of the pool: handlers, credentials, time-outs.
    pub fn client(mut self, settings: ClientBuilder) -> Self {
        self.client = Some(Arc::new(settings));
        self
    }

    /// Names this description, such as by a digest of the configuration that it was read from. The
    /// same name means that nothing has changed.
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }

    /// How many calls may run at the same time; 64 unless set.
    pub const fn max_in_flight(mut self, calls: usize) -> Self {
        self.max_in_flight = calls;
        self
    }

    /// How long a call may wait for others to end; 10 s unless set.
    pub const fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Whether the other description says the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        if self.revision.is_some() || other.revision.is_some() {
            return self.revision == other.revision;
        }
        let same_client = match (&self.client, &other.client) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        };
        let same_target = Arc::ptr_eq(&self.identity, &other.identity) || self.target.is(&other.target);
        let same_limits = (self.max_in_flight, self.max_wait) == (other.max_in_flight, other.max_wait);
        same_client && same_target && same_limits
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("target", &self.target).finish_non_exhaustive()
    }
}
