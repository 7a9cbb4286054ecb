//! Model Context Protocol servers and clients: every revision, every transport, at the cost of the
//! HTTP stack under it.
//!
//! ```no_run
//! use mcp_core::{Args, Server, serve, stdio, tool};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Greet {
//!     /// Whom to greet.
//!     name: String,
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), mcp_core::Error> {
//!     let hello = async |Args(Greet { name }): Args<Greet>| format!("Hello, {name}!");
//!     let server = Server::builder("hello", "1.0.0").tool(tool("hello", hello).description("Greets.")).build()?;
//!     serve(server, stdio()).await?;
//!     Ok(())
//! }
//! ```
//!
//! A handler is an async function whose parameters are [extractors](server::FromContext): [`Args`] for
//! the arguments (their JSON Schema is derived), [`State`] for what the server shares, [`Context`] for
//! everything else: progress, logs, questions to the person, the caller, cancellation.
//! The same server answers clients of 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28.
//! `serve(server, "127.0.0.1:8080")` serves it over HTTP instead.
//!
//! A client is one line: [`Client::connect`] takes a URL, a command line or a [`Server`].
//!
//! New here? Follow the [`guide`].
//!
//! # Map
//!
//! - [`protocol`]: JSON-RPC 2.0 and the types of MCP. No I/O, no async.
//! - [`service`]: the seam. One request in, one response out; tower's shape.
//! - [`server`]: builder, extractors, tools, resources, prompts, questions, composition.
//! - [`extension`]: tasks, apps, and the trait for extensions of your own.
//! - [`transport`]: stdio, HTTP, Unix sockets, memory.
//! - [`client`]: any server in one line; many of them in a pool; OpenAPI documents as tools.
//! - `auth`: OAuth for clients; tokens, API keys and certificates of callers (feature `auth`).
//!
//! # Features
//!
//! - `stdio` (default): standard input and output, Unix sockets.
//! - `macros` (default): the `#[tools]` attribute.
//! - `http-server`: Streamable HTTP, HTTP+SSE, REST twins; request state sealed with AES-256-GCM.
//! - `axum`: a router for axum applications. `ws`: WebSocket.
//! - `http-client`: clients over HTTP, HTTP+SSE and, with `ws`, WebSocket. `tls`: the same secured,
//!   and listeners too. `auth`: OAuth for clients, authentication of callers.
//! - `schema`: validation against JSON Schema. `sqlite`: durable tasks. `testing`: the test kit.

#[cfg(feature = "auth")]
pub mod auth;
pub mod client;
mod error;
pub mod extension;
#[doc = include_str!("../../docs/guide.md")]
pub mod guide {}
pub mod middleware;
pub mod protocol;
pub mod server;
pub mod service;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

pub use client::Client;
pub use error::Error;
/// # Example
/// ```
/// use mcp_core::{Args, Server, tools};
///
/// struct Counter(std::sync::atomic::AtomicI64);
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Add { /// How much to add.
///              amount: i64 }
///
/// #[tools]
/// impl Counter {
///     /// Adds to the counter and says what it shows then.
///     #[tool]
///     async fn add(&self, Args(Add { amount }): Args<Add>) -> String {
///         (self.0.fetch_add(amount, std::sync::atomic::Ordering::Relaxed) + amount).to_string()
///     }
///
///     /// Says what the counter shows.
///     #[tool(read_only, title = "Show the counter")]
///     async fn show(&self) -> String {
///         self.0.load(std::sync::atomic::Ordering::Relaxed).to_string()
///     }
/// }
///
/// let server = Server::builder("counter", "1.0.0").tools(Counter(0.into())).build()?;
/// # Ok::<(), mcp_core::server::BuildError>(())
/// ```
#[cfg(feature = "macros")]
pub use mcp_core_macros::tools;
pub use server::{Args, Context, Json, Server, State, prompt, resource, template, tool};
pub use transport::serve;
#[cfg(feature = "stdio")]
pub use transport::stdio;

/// The examples of the README compile.
#[cfg(all(doctest, feature = "http-server"))]
#[doc = include_str!("../../README.md")]
struct Readme;
