//! The integration tests of `mcp-core`: one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod golden;
#[cfg(feature = "http-server")]
mod http;
