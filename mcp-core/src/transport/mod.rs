//! Transports move frames; they know no tools.
//!
//! Every transport serves any [`McpService`]: a [`Server`](crate::Server), or one wrapped in layers.
//!
//! | transport | serve with | feature |
//! |---|---|---|
//! | standard input and output | [`stdio()`] | `stdio` |
//! | Unix socket | [`unix`] | `stdio` |
//! | Streamable HTTP, HTTP+SSE, REST | an address, or [`http`] | `http-server` |
//! | WebSocket | an address, or [`http`]: `GET /mcp` upgrades | `ws` |
//! | in memory | [`memory`] | – |

#[cfg(feature = "stdio")]
mod args;
mod connection;
#[cfg(feature = "http-server")]
mod exchange;
#[cfg(feature = "http-server")]
pub mod http;
#[cfg(feature = "stdio")]
pub(crate) mod lines;
#[cfg(feature = "http-server")]
mod mailbox;
pub mod memory;
mod outbox;
#[cfg(feature = "stdio")]
mod stdio;
#[cfg(all(feature = "stdio", unix))]
mod stream;
mod tasks;
#[cfg(all(feature = "stdio", unix))]
mod unix;
#[cfg(feature = "ws")]
mod ws;

use std::future::Future;

#[cfg(feature = "stdio")]
pub use args::{FromArgs, from_args};
#[cfg(feature = "stdio")]
pub use stdio::{Stdio, stdio};
#[cfg(all(feature = "stdio", unix))]
pub use unix::{UnixSocket, unix};

use crate::service::{McpService, SharedService};

/// A way to serve.
pub trait Transport: Send {
    /// Serves until the other side is gone or the process is told to stop.
    fn serve(self, service: SharedService) -> impl Future<Output = Result<(), ServeError>> + Send;
}

/// Serving ended because something broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// Reading or writing failed.
    #[error("the connection broke")]
    Io(#[from] std::io::Error),
}

/// Serves a service on a transport: `serve(server, stdio())`, `serve(server, "127.0.0.1:8080")`.
///
/// Over standard input and output it returns when the input ends. A listener stops at Ctrl-C or
/// SIGTERM: it takes no more connections and gives running requests ten seconds.
///
/// # Errors
/// The address cannot be listened on, or the connection broke.
pub async fn serve(service: impl McpService, transport: impl Transport) -> Result<(), ServeError> {
    transport.serve(SharedService::new(service)).await
}

/// Done when the process is told to stop, by Ctrl-C or SIGTERM.
#[cfg(any(feature = "http-server", feature = "stdio"))]
pub async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
