//! Why a pool did not serve a request.

use std::time::Duration;

use crate::client::Error;

/// A request through a pool did not lead to the result that was wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool has no upstream of this name.
    #[error("there is no upstream `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The upstream could not be reached, and is left alone for a while.
    #[error(
        "upstream `{name}` cannot be reached; {failures} failed so far, next try in {retry_in:.1?}: {last}"
    )]
    Unreachable {
        /// The upstream.
        name: String,
        /// How many attempts failed, one after the other.
        failures: u32,
        /// When it is tried again.
        retry_in: Duration,
        /// How the last attempt failed.
        last: String,
    },
    /// As many calls as allowed are running, and none ended in time.
    #[error("upstream `{name}` runs {limit} calls, as many as it may; none ended within {waited:?}")]
    Busy {
        /// The upstream.
        name: String,
        /// How many calls it may run.
        limit: usize,
        /// How long was waited.
        waited: Duration,
    },
    /// The pool was closed.
    #[error("the pool is closed")]
    Closed,
    /// The upstream was asked, and this came of it.
    #[error("upstream `{name}`: {source}")]
    Client {
        /// The upstream.
        name: String,
        /// What happened.
        source: Box<Error>,
    },
}

impl PoolError {
    /// What the client met, where the upstream was asked.
    #[must_use]
    pub const fn as_client(&self) -> Option<&Error> {
        if let Self::Client { source, .. } = self { Some(source) } else { None }
    }
}
