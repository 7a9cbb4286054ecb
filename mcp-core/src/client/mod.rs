//! Clients: any server, any revision, any transport.
//!
//! ```
//! use mcp_core::{Args, Server, client::Client, tool};
//!
//! # #[derive(serde::Deserialize, schemars::JsonSchema)]
//! # struct Add { a: i64, b: i64 }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Server::builder("sums", "1.0.0").tool(tool("add", async |Args(Add { a, b }): Args<Add>| (a + b).to_string())).build()?;
//! // A URL, a command line, `unix:/path`, or a server of this process as here.
//! let client = Client::connect(server).await?;
//! for tool in client.tools().await? {
//!     println!("{}: {}", tool.name, tool.description.unwrap_or_default());
//! }
//! let sum: i64 = client.call("add", serde_json::json!({ "a": 2, "b": 3 })).await?;
//! assert_eq!(sum, 5);
//! # Ok(())
//! # }
//! ```
//!
//! The client finds out by itself which revision the server speaks, and which transport is behind a
//! URL. It reconnects when it has to, and never sends twice what may have had an effect.

mod builder;
mod call;
mod connection;
mod draft;
mod error;
mod handle;
mod handlers;
#[cfg(feature = "http-client")]
pub mod http;
mod inbox;
mod lists;
mod mirror;
mod open;
#[cfg(feature = "http-client")]
mod openapi;
mod pages;
mod pool;
pub(crate) mod relay;
mod rounds;
mod subscription;
mod target;
mod task;
mod visits;
mod wire;

pub use builder::ClientBuilder;
pub use call::Call;
pub use connection::ServerInfo;
pub(crate) use draft::Draft;
pub use error::Error;
pub use handle::Client;
pub use handlers::{FormQuestion, ServerNotification, UrlQuestion};
pub(crate) use inbox::Inbox;
pub use lists::ResultCache;
#[cfg(feature = "http-client")]
pub use openapi::{OpenApi, OpenApiError};
pub use pages::Pages;
pub use pool::{
    Backoff, ClientPool, ClientPoolBuilder, PoolError, PooledCall, PooledClient, Upstream, UpstreamHealth,
    UpstreamState,
};
pub use subscription::{Change, Subscription};
pub use target::{IntoTarget, Target};
#[cfg(feature = "stdio")]
pub use wire::child::Program;
#[cfg(feature = "http-client")]
pub use wire::sse::{EventTooLarge, SseDecoder, SseEvent};
