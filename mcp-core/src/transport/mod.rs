//! Transports move frames; they know no tools.
//!
//! Every transport serves any [`McpService`](crate::service::McpService): a
//! [`Server`](crate::Server), or one wrapped in layers.

#[cfg(feature = "http-server")]
pub mod http;
mod exchange;
mod mailbox;
