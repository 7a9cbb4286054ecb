//! Model Context Protocol servers.
pub mod extension;
pub mod middleware;
pub mod protocol;
pub mod server;
pub mod service;
mod session;
pub mod transport;

#[cfg(feature = "macros")]
pub use mcp_core_macros::tools;
pub use server::{Args, Server, State, tool};
pub use transport::serve;
