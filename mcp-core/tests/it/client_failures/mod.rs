//! Servers that break, lie, stall or flood, each scripted byte by byte, and what the client makes of it.

mod answers;
mod breaks;
mod child;
mod http_script;
mod line_script;
mod lists;
mod old_sse;
mod redirects;
mod sessions;
mod sizes;
mod times;
mod visits;

use serde_json::{Value, json};

/// The newest revision.
const MODERN: &str = "2026-07-28";
/// The last revision with sessions.
const LEGACY: &str = "2025-11-25";

/// What `server/discover` yields.
fn discovered() -> Value {
    json!({
        "resultType": "complete",
        "supportedVersions": [MODERN],
        "capabilities": { "tools": {}, "resources": {}, "prompts": {} },
    })
}

/// What `initialize` yields.
fn welcome() -> Value {
    json!({
        "protocolVersion": LEGACY,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "scripted", "version": "1" },
    })
}

/// The result of a call.
fn said(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

/// A response to a request.
fn response(request: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })
}

/// A refusal of a request.
fn refusal(request: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": code, "message": message } })
}
