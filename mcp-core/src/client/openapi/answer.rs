//! What an API answers, as the result of a tool.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Response, header};
use serde_json::Value;

use super::operation::{Operation, is_json};
use crate::protocol::{AudioContent, CallToolResult, ContentBlock, ImageContent, RawJson};

/// Characters of a failure's body that the model gets to read.
const EXCERPT: usize = 2_000;

/// The result of a call.
pub(super) fn result(operation: &Operation, answer: &Response<Bytes>) -> CallToolResult {
    let (status, body) = (answer.status(), answer.body());
    let said =
        if status.canonical_reason().is_some() { status.to_string() } else { status.as_u16().to_string() };
    if !status.is_success() {
        let text = String::from_utf8_lossy(body);
        let excerpt: String = text.trim().chars().take(EXCERPT).collect();
        let cut = if text.trim().chars().nth(EXCERPT).is_some() { "…" } else { "" };
        let glue = if excerpt.is_empty() { "" } else { ": " };
        return CallToolResult::error(format!("the API answered {said}{glue}{excerpt}{cut}"));
    }
    let kind = media_type(answer);
    let json = if is_json(&kind) { serde_json::from_slice::<Value>(body).ok() } else { None };
    if let Some(value) = json {
        return data(operation, std::str::from_utf8(body).unwrap_or_default(), &value);
    }
    if operation.output.is_some() {
        return CallToolResult::error(format!("the API answered {said} with something else than an object"));
    }
    shown(body, &kind).unwrap_or_else(|| match body.len() {
        0 => CallToolResult::text(said),
        bytes => CallToolResult::error(format!(
            "the API answered {said} with {bytes} bytes of `{kind}`, which cannot be shown"
        )),
    })
}

/// JSON: as text, and as structure where it is an object.
pub(super) fn data(operation: &Operation, text: &str, value: &Value) -> CallToolResult {
    if !value.is_object() && operation.output.is_some() {
        return CallToolResult::error(format!(
            "the API did not answer with an object: {}",
            crate::protocol::excerpt(text)
        ));
    }
    let mut result = CallToolResult::text(text);
    if value.is_object() {
        result.structured_content = RawJson::from_string(text.to_owned()).ok();
    }
    result
}

/// What a model can read, see or hear.
fn shown(body: &Bytes, kind: &str) -> Option<CallToolResult> {
    if body.is_empty() {
        return None;
    }
    let (data, mime_type) = (|| STANDARD.encode(body), kind.to_owned());
    Some(match kind.split('/').next() {
        Some("image") => CallToolResult::new([ContentBlock::Image(ImageContent {
            data: data(),
            mime_type,
            ..Default::default()
        })]),
        Some("audio") => CallToolResult::new([ContentBlock::Audio(AudioContent {
            data: data(),
            mime_type,
            ..Default::default()
        })]),
        _ => CallToolResult::text(std::str::from_utf8(body).ok()?),
    })
}

/// The media type without its parameters.
pub(super) fn media_type(answer: &Response<Bytes>) -> String {
    let named = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    named.and_then(|named| named.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}
