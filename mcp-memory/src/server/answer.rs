//! What tools answer: JSON that is short, and never longer than asked for.

use mcp_core::protocol::{CallToolResult, RawJson};
use serde_json::{Value, json};

use crate::{Explain, Hit, Record, Scope};

/// What an answer may cost, unless the caller says otherwise; and at most.
const TOKENS: usize = 2_000;
const MOST_TOKENS: usize = 25_000;
/// Bytes of JSON that are about a token.
const BYTES: usize = 4;

/// Bytes that an answer may have.
pub(super) fn budget(max_tokens: Option<usize>) -> usize {
    max_tokens.unwrap_or(TOKENS).clamp(100, MOST_TOKENS) * BYTES
}

pub(super) fn result(answer: &Value) -> CallToolResult {
    let mut result = CallToolResult::text(answer.to_string());
    result.structured_content = Some(RawJson::from(answer.clone()));
    result
}

/// As many items as there is room for, and how many there was none for. One is always there, cut if it must be.
pub(super) fn fitting(items: Vec<Value>, bytes: usize) -> (Vec<Value>, usize) {
    let (all, mut used) = (items.len(), 0);
    let mut fitting = Vec::new();
    for mut item in items {
        let length = item.to_string().len();
        if used + length > bytes {
            if fitting.is_empty() {
                cut(&mut item, length - bytes.min(length));
                fitting.push(item);
            }
            break;
        }
        used += length;
        fitting.push(item);
    }
    let left_out = all - fitting.len();
    (fitting, left_out)
}

/// Shortens the text of a memory.
fn cut(item: &mut Value, by: usize) {
    let Some(text) = item.get("content").and_then(Value::as_str) else { return };
    let mut end = text.len().saturating_sub(by + 32);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let short = format!("{}…", text.get(..end).unwrap_or_default());
    item["content"] = short.into();
    item["cut"] = true.into();
}

/// A memory in short.
pub(super) fn short(record: &Record, scope: &Scope) -> Value {
    let mut item = json!({ "id": record.id, "content": record.content, "type": record.kind, "created": time(record.created) });
    if !record.tags.is_empty() {
        item["tags"] = json!(record.tags);
    }
    if let Some(session) = &record.session {
        item["session"] = json!(session);
    }
    if *scope != Scope::Private {
        item["scope"] = json!(scope);
        item["author"] = json!(record.author);
    }
    item
}

pub(super) fn hit(hit: &Hit, explain: bool) -> Value {
    let mut item = short(&hit.record, &hit.scope);
    let short = |score: f32| (f64::from(score) * 1e3).round() / 1e3;
    item["score"] = short(hit.score).into();
    if let Some(source) = &hit.record.source {
        item["source"] = json!(source);
    }
    if explain {
        let Explain { text, vector, neighbour, session, .. } = hit.explain;
        item["explain"] = json!({ "text": short(text), "vector": short(vector), "neighbour": short(neighbour), "session": short(session) });
    }
    item
}

/// A time as people and models read it.
pub(super) fn time(milliseconds: i64) -> Value {
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => format!("{time:.0}").into(),
        Err(_) => milliseconds.into(),
    }
}
