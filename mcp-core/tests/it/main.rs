//! The integration tests of `mcp-core`: one binary.

mod golden;
#[cfg(feature = "http-server")]
mod http;
