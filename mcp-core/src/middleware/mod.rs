//! What stands between a transport and a server: sees every request and every answer.
//!
//! A server is a tower [`Service`](tower_service::Service), so layers written for tower (time-outs,
//! limits, load shedding) fit as they are. For what is particular to MCP write an async function and
//! make it a layer with [`from_fn`]. The layer that is named first is the outermost.
//!
//! ```
//! use mcp_core::middleware::{Next, from_fn};
//! use mcp_core::protocol::{Method, RpcError};
//! use mcp_core::service::{BoxError, Request, Response};
//! use mcp_core::{Server, serve};
//! use tower::ServiceBuilder;
//!
//! /// Says how each request went.
//! async fn audit(request: Request, next: Next) -> Result<Response, BoxError> {
//!     let method = request.method.clone();
//!     let answer = next.run(request).await;
//!     eprintln!("{method}: {}", if answer.is_ok() { "answered" } else { "lost" });
//!     answer
//! }
//!
//! /// Refuses to call tools.
//! async fn read_only(request: Request, next: Next) -> Result<Response, BoxError> {
//!     if request.method == Method::ToolsCall {
//!         return Ok(Response::error(RpcError::invalid_request("tools are switched off")));
//!     }
//!     next.run(request).await
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder("notes", "1.0.0").build()?;
//! let service = ServiceBuilder::new().layer(from_fn(audit)).layer(from_fn(read_only)).service(server);
//! # #[cfg(feature = "stdio")]
//! serve(service, mcp_core::transport::stdio()).await?;
//! # Ok(())
//! # }
//! ```

mod from_fn;

pub use from_fn::{FromFn, FromFnLayer, Next, from_fn};
