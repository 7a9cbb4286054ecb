//! The ways to a server.

#[cfg(feature = "stdio")]
pub(crate) mod child;
pub(crate) mod duplex;
#[cfg(feature = "http-client")]
pub(crate) mod http;
#[cfg(feature = "stdio")]
pub(crate) mod lines;
mod memory;
#[cfg(feature = "http-client")]
pub(crate) mod old_sse;
#[cfg(feature = "http-client")]
pub(crate) mod sse;
#[cfg(all(feature = "http-client", feature = "ws"))]
pub(crate) mod ws;

use bytes::Bytes;

use self::duplex::Duplex;
use super::{Draft, Error};
use crate::protocol::RpcError;

/// A result as it came, or the server's refusal.
pub(crate) type Answer = Result<Bytes, RpcError>;

/// A request on its way.
pub(crate) struct Outgoing<'a> {
    pub(crate) id: i64,
    #[cfg_attr(
        not(feature = "http-client"),
        expect(dead_code, reason = "headers repeat it, and only HTTP has any")
    )]
    pub(crate) draft: &'a Draft,
    pub(crate) frame: Bytes,
    /// Headers that repeat arguments: lower-case names and encoded values.
    #[cfg_attr(
        not(feature = "http-client"),
        expect(dead_code, reason = "headers repeat it, and only HTTP has any")
    )]
    pub(crate) mirrored: Vec<(String, String)>,
}

/// A way to a server.
pub(crate) enum Wire {
    /// All messages share one channel.
    Duplex(Duplex),
    /// Every request is an exchange of its own.
    #[cfg(feature = "http-client")]
    Http(Box<http::HttpWire>),
}

impl Wire {
    /// Sends a request and waits for its answer. Dropping the future cancels the request.
    pub(crate) async fn request(&self, outgoing: Outgoing<'_>) -> Result<Answer, Error> {
        match self {
            Self::Duplex(duplex) => duplex.request(outgoing).await,
            #[cfg(feature = "http-client")]
            Self::Http(http) => http.request(outgoing).await,
        }
    }

    /// Sends a notification.
    pub(crate) async fn notify(&self, frame: Bytes) -> Result<(), Error> {
        match self {
            Self::Duplex(duplex) => duplex.send(frame).await,
            #[cfg(feature = "http-client")]
            Self::Http(http) => http.notify(frame).await,
        }
    }

    /// Whether no request can be sent any more.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Duplex(duplex) => duplex.is_closed(),
            #[cfg(feature = "http-client")]
            Self::Http(http) => http.is_ended(),
        }
    }

    /// Ends the connection politely.
    pub(crate) async fn close(&self) {
        match self {
            Self::Duplex(duplex) => duplex.close().await,
            #[cfg(feature = "http-client")]
            Self::Http(http) => http.close().await,
        }
    }
}
