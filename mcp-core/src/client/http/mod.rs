//! HTTP for clients: pooled connections, bounded bodies, no hidden retries.

mod authorize;
mod connection;
mod error;
#[cfg(feature = "tls")]
mod tls;

pub use authorize::{Authorize, AuthorizeError, Next};
pub(crate) use connection::{broken, read, shown};
pub use connection::{HttpClient, HttpClientBuilder};
pub use error::HttpError;
