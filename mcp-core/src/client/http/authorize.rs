//! Where credentials come from.

use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::service::BoxError;

/// Puts credentials on HTTP requests, and gets them when a server asks for some.
///
/// A transport calls [`authorize`](Self::authorize) before every request and
/// [`answered`](Self::answered) after the head of every answer.
#[async_trait::async_trait]
pub trait Authorize: Send + Sync + 'static {
    /// Adds credentials to the headers of a request that is about to be sent.
    ///
    /// # Errors
    /// No credentials can be had.
    async fn authorize(
        &self,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<(), AuthorizeError>;

    /// Looks at the head of an answer. `attempt` counts the answers to this request from 0. Where the
    /// verdict is [`Next::Retry`] the request is authorized and sent again.
    ///
    /// # Errors
    /// The server wants credentials, and they cannot be had.
    async fn answered(
        &self,
        method: &Method,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
        attempt: u32,
    ) -> Result<Next, AuthorizeError>;
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The answer stands.
    Accept,
    /// There are new credentials: send the request again.
    Retry,
}

/// No credentials can be had.
#[derive(Debug, thiserror::Error)]
#[error("the client could not be authorized")]
pub struct AuthorizeError(#[source] pub BoxError);
