//! What callers get: the short list, and what a search found.

use bytes::Bytes;
use mcp_core::protocol::{Params, RawJson, RpcError};
use mcp_core::service::{Request, Response};
use serde_json::{Value, json};

use super::listed::List;
use super::{CALL, SEARCH};

/// The two tools.
fn front() -> [Value; 2] {
    [
        json!({
            "name": SEARCH,
            "title": "Find tools",
            "description": "Finds tools among the many that are not listed here. Say what is to be done; answers with names, descriptions and schemas of arguments.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "query": { "type": "string", "description": "What is to be done, in plain words." },
                    "limit": { "type": "integer", "minimum": 1, "maximum": 20, "description": "How many tools at most (default 5)." }
                },
                "required": ["query"]
            },
            "annotations": { "readOnlyHint": true, "openWorldHint": false }
        }),
        json!({
            "name": CALL,
            "title": "Call a tool",
            "description": "Calls a tool that was found with `search_tools`, with arguments that fit its schema.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "name": { "type": "string", "description": "The name of the tool." },
                    "arguments": { "type": "object", "description": "Its arguments." }
                },
                "required": ["name"]
            }
        }),
    ]
}

/// The short list: the two tools, and of the others those that are named.
pub(super) fn list(list: &List, shown: &[String]) -> Response {
    let mut members = list.members.clone();
    let named = shown.iter().filter_map(|name| list.get(name).cloned());
    members.insert("tools".to_owned(), front().into_iter().chain(named).collect());
    if members.contains_key("cacheScope") {
        members.insert("cacheScope".to_owned(), "private".into());
    }
    Response::result(Value::Object(members).to_string())
}

/// What a search found, with the definitions that the caller may see.
pub(super) fn found(list: &List, names: &[String]) -> Response {
    let tools: Vec<Value> = names
        .iter()
        .filter_map(|name| list.get(name))
        .map(|tool| {
            let member = |name: &str| tool.get(name).cloned().unwrap_or_default();
            json!({ "name": member("name"), "description": member("description"), "inputSchema": member("inputSchema") })
        })
        .collect();
    let mut answer = json!({ "tools": tools });
    if let (true, Some(members)) = (tools.is_empty(), answer.as_object_mut()) {
        members.insert("hint".to_owned(), "nothing fits; say it in other words".into());
    }
    let text = answer.to_string();
    Response::result(
        json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }], "structuredContent": answer })
            .to_string(),
    )
}

/// A failure that the model can mend.
pub(super) fn mistake(text: &str) -> Response {
    let content = json!([{ "type": "text", "text": text }]);
    Response::result(json!({ "resultType": "complete", "content": content, "isError": true }).to_string())
}

/// The request with other members. Its headers were written for what it was.
pub(super) fn rewritten(
    request: &Request,
    change: impl FnOnce(&mut serde_json::Map<String, Value>),
) -> Result<Request, RpcError> {
    let broken = || RpcError::invalid_params("the parameters cannot be read");
    let members: std::collections::BTreeMap<String, RawJson> =
        serde_json::from_str(request.params.as_str()).map_err(|_| broken())?;
    let mut tree = serde_json::Map::new();
    for (name, raw) in members {
        tree.insert(name, raw.to_value().map_err(|_| broken())?);
    }
    change(&mut tree);
    let mut rewritten = request.clone();
    rewritten.params =
        Params::from_json(&Bytes::from(Value::Object(tree).to_string())).map_err(|_| broken())?;
    rewritten.peer.headers = None;
    Ok(rewritten)
}
