//! Tools that there are only to say what to use instead.

use mcp_core::protocol::{CallToolResult, RawJson};
use mcp_core::server::ToolEntry;
use mcp_core::tool;
use serde_json::json;

use crate::MemoryError;

/// A tool that is refused, with what to use instead.
pub(super) fn refused((name, instead): (&'static str, &'static str)) -> ToolEntry {
    let answer =
        move || async move { Err::<CallToolResult, MemoryError>(MemoryError::invalid(name, instead)) };
    tool(name, answer)
        .description(format!("Not available: {instead}."))
        .input_schema(RawJson::from(json!({ "type": "object" })))
        .read_only()
        .closed_world()
}
