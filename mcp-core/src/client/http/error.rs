//! What can go wrong between us and an HTTP server.

use std::time::Duration;

use http::StatusCode;

use crate::service::BoxError;

/// An HTTP exchange did not come about, or broke. URLs in it have no user info and no query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The text is no URL that can be asked.
    #[error("`{url}` is not a URL with the scheme `http` or `https`")]
    Url {
        /// The text.
        url: String,
    },
    /// `https`, and the crate was built without it.
    #[error("`{url}` needs the feature `tls` of mcp-core")]
    NoTls {
        /// Where to.
        url: String,
    },
    /// The system's root certificates, or the one that was added, cannot be used.
    #[error("the root certificates cannot be loaded")]
    Roots(#[source] BoxError),
    /// The address is one that this client must not connect to.
    #[error("`{url}` is an address that must not be used")]
    Forbidden {
        /// Where to.
        url: String,
    },
    /// Nobody answers there.
    #[error("cannot connect to `{url}`")]
    Connect {
        /// Where to.
        url: String,
        /// Why.
        source: BoxError,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to `{url}` broke")]
    Broken {
        /// Where to.
        url: String,
        /// Whether the request may have reached the server.
        sent: bool,
        /// Why.
        source: BoxError,
    },
    /// No answer in time.
    #[error("`{url}` did not answer within {after:?}")]
    Timeout {
        /// Where to.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is larger than allowed.
    #[error("the answer of `{url}` has more than {limit} bytes")]
    TooLarge {
        /// Who answered.
        url: String,
        /// The most bytes it may have.
        limit: usize,
    },
    /// The answer leads elsewhere, and there it must not be followed.
    #[error("`{url}` redirects ({status}) to `{to}`, which is not followed: {why}")]
    Redirect {
        /// Who answered.
        url: String,
        /// How.
        status: StatusCode,
        /// Where it leads.
        to: String,
        /// Why it is not followed.
        why: &'static str,
    },
}
