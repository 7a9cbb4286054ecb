//! What callers read: refusals, and documents without what was found in them.

use std::collections::BTreeMap;

use bytes::Bytes;
use mcp_core::protocol::{Method, Params, RawJson, RpcError};
use mcp_core::service::{Request, Response};
use serde_json::{Value, json};

use crate::Reason;

/// Refuses a request: the model reads what it should do instead.
pub(super) fn refusal(method: &Method, text: String) -> Response {
    if *method == Method::ToolsCall {
        let answer = json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }], "isError": true });
        return Response::result(answer.to_string());
    }
    Response::error(RpcError::forbidden(text))
}

/// Why something was not done, and what to do instead.
pub(super) fn refused(reason: &Reason) -> String {
    let advice = if reason.message.is_empty() {
        "do not try it again in another way; tell the person what you wanted to do, and why"
    } else {
        &reason.message
    };
    format!("not done: the rule `{}` does not allow it: {advice}", reason.rule)
}

/// A result that was withheld, and why.
pub(super) fn withheld(reason: &Reason) -> String {
    let advice = if reason.message.is_empty() {
        "do not ask for it in another way; tell the person that it was withheld"
    } else {
        &reason.message
    };
    format!("it was done, but the rule `{}` withholds what came back: {advice}", reason.rule)
}

/// Why a tool that is not known to be as it was approved is not called.
pub(super) fn unpinned(tool: &str) -> String {
    format!(
        "not done: `{tool}` is new, has changed since it was approved, or was not listed yet; list the tools again, or let a person approve it"
    )
}

/// A request with other arguments; nothing where it cannot be written.
pub(super) fn with_arguments(request: &mut Request, deed: &Value) -> Option<()> {
    let mut members: BTreeMap<String, RawJson> = serde_json::from_str(request.params.as_str()).ok()?;
    for (name, value) in deed.as_object()? {
        members.insert(name.clone(), RawJson::from_serialize(value).ok()?);
    }
    let text = serde_json::to_vec(&members).ok()?;
    request.params = Params::from_json(&Bytes::from(text)).ok()?;
    // Headers that mirror arguments would say what the arguments no longer say.
    request.peer.headers = None;
    Some(())
}

/// Adds to a result what rules suggest.
pub(super) fn suggest(result: &mut Value, skills: &[&str], message: &str) {
    let Some(members) = result.as_object_mut() else { return };
    let meta = members.entry("_meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("mcp-guardrails/skills".to_owned(), json!(skills));
    }
    if let Some(content) = members.get_mut("content").and_then(Value::as_array_mut) {
        let said = if message.is_empty() { String::new() } else { format!(": {message}") };
        content.push(json!({ "type": "text", "text": format!("use the skill {}{said}", skills.join(", ")) }));
    }
}
