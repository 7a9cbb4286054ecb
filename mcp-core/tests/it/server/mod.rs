//! The server, seen by the test kit's client.

mod arguments;
mod asking;
mod bad_input;
mod building;
mod change;
mod isolation;
mod lists;
mod macros;
mod mounting;
mod request_state;
mod structured;
mod visibility;

use mcp_core::Server;
use mcp_core::protocol::{CallToolResult, ProtocolVersion, RpcError};
use mcp_core::server::{ServerBuilder, ToolEntry, tool};

/// One revision that asks by `input_required`, and one that asks on the session.
const BOTH: [ProtocolVersion; 2] = [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25];

fn builder() -> ServerBuilder {
    Server::builder("test", "1.0.0")
}

fn serving(tool: ToolEntry) -> Server {
    builder().tool(tool).build().unwrap()
}

/// A tool that says its own name.
fn named(name: &'static str) -> ToolEntry {
    tool(name, move || async move { name })
}

/// The text of a result, and whether it is a failure.
fn said(result: &CallToolResult) -> (bool, &str) {
    (result.is_error, result.content[0].as_text().unwrap())
}

/// Code and message of a refusal.
fn refused<T: std::fmt::Debug>(result: Result<T, RpcError>) -> String {
    let error = result.unwrap_err();
    format!("{} {}", error.code, error.message)
}
