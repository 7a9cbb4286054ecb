//! HTTP for clients: pooled connections, bounded bodies, no hidden retries.

mod authorize;
mod connection;
mod error;
mod resolve;
#[cfg(feature = "tls")]
mod tls;

pub use authorize::{Authorize, AuthorizeError, Next};
pub use connection::{HttpClient, HttpClientBuilder};
pub(crate) use connection::{broken, read, shown};
pub use error::HttpError;
