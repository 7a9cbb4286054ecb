//! What the micro-benchmarks work on: fixed requests and servers.

use bytes::Bytes;
use mcp_core::protocol::{Frame, Incoming};
use mcp_core::service::Request;
use mcp_core::{Args, Json, Server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Arguments of the tools.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Echo {
    /// What to say back.
    message: String,
}

/// Structured output of a tool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Said {
    message: String,
}

/// A call of 2026-07-28 whose message has so many bytes.
#[must_use]
pub fn call(tool: &str, bytes: usize) -> Bytes {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1.0.0" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    frame(
        "tools/call",
        &json!({ "name": tool, "arguments": { "message": "x".repeat(bytes) }, "_meta": meta }),
    )
}

/// A frame of a request.
#[must_use]
pub fn frame(method: &str, params: &Value) -> Bytes {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string().into()
}

/// The request that a frame holds.
///
/// # Panics
/// The frame is no request.
#[must_use]
#[expect(clippy::panic, reason = "benchmarks work on frames of their own")]
pub fn request(frame: &Bytes) -> Request {
    match Incoming::parse(frame, 64) {
        Ok(Incoming::One(Frame::Request { id, method, params })) => Request::new(id, method, params),
        other => panic!("no request: {other:?}"),
    }
}

/// A server with so many tools: `echo`, `structured`, and more of the first.
///
/// # Errors
/// Never, unless a tool is malformed.
pub fn server(tools: usize) -> Result<Server, mcp_core::Error> {
    let echo = |name: String| tool(name, async |Args(Echo { message }): Args<Echo>| message);
    let structured = tool("structured", async |Args(Echo { message }): Args<Echo>| Json(Said { message }));
    let mut builder = Server::builder("bench", "1.0.0").tool(echo("echo".into())).tool(structured);
    for i in 2..tools {
        builder = builder.tool(echo(format!("echo_{i}")));
    }
    Ok(builder.build()?)
}
