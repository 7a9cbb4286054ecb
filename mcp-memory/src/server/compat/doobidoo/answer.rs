//! What their tools answer.

use mcp_core::protocol::CallToolResult;
use serde_json::{Value, json};

use super::hash;
use super::select::STORE;
use crate::Record;
use crate::server::answer::{fitting, result, time};

/// Characters that an answer has at most where nothing is said, and wherever something is.
const CHARS: usize = 40_000;
const MOST_CHARS: usize = 100_000;

/// Characters that an answer may have.
pub(super) fn budget(asked: Option<usize>) -> usize {
    asked.filter(|chars| *chars > 0).unwrap_or(CHARS).clamp(200, MOST_CHARS)
}

/// A memory as they show it, and with our identifier.
pub(super) fn item(record: &Record) -> Value {
    let mut metadata = record.metadata.clone();
    metadata.shift_remove(hash::MEMBER);
    json!({
        "content": record.content,
        "content_hash": hash::of(&record.content),
        "id": record.id,
        "tags": tags(record),
        "memory_type": record.kind,
        "metadata": metadata,
        "created_at": seconds(record.created),
        "updated_at": seconds(record.updated),
        "created_at_iso": time(record.created),
        "updated_at_iso": time(record.updated),
        "agent_id": record.agent,
    })
}

/// The tags without that of a store.
fn tags(record: &Record) -> Vec<&str> {
    record.tags.iter().map(String::as_str).filter(|tag| !tag.starts_with(STORE)).collect()
}

pub(super) fn seconds(milliseconds: i64) -> f64 {
    jiff::SignedDuration::from_millis(milliseconds).as_secs_f64()
}

/// A score as they have them, from 0 to 1.
pub(super) fn score(score: f32) -> f64 {
    (f64::from(score.clamp(0.0, 1.0)) * 1e4).round() / 1e4
}

/// Memories beside other members, as many as there is room for.
pub(super) fn memories(items: Vec<Value>, chars: usize, mut others: Value) -> CallToolResult {
    let (items, left_out) = fitting(items, chars);
    others["memories"] = items.into();
    if left_out > 0 {
        others["left_out"] = left_out.into();
    }
    result(&others)
}

/// Blocks of text beneath a line, as many as there is room for. One is always there, cut if it must be.
pub(super) fn text(head: String, blocks: Vec<String>, chars: usize, notes: &[String]) -> CallToolResult {
    let (all, mut answer) = (blocks.len(), head);
    let mut shown = 0;
    for block in blocks {
        if answer.len() + block.len() > chars {
            if shown == 0 {
                answer.push_str("\n\n");
                answer.extend(block.chars().take(chars));
                answer.push('…');
                shown = 1;
            }
            break;
        }
        answer.push_str("\n\n");
        answer.push_str(&block);
        shown += 1;
    }
    if shown < all {
        answer.push_str(&format!(
            "\n\n{} more not shown: ask for fewer, or raise `max_response_chars`",
            all - shown
        ));
    }
    for note in notes {
        answer.push_str("\n\nNote: ");
        answer.push_str(note);
    }
    CallToolResult::text(answer)
}

/// A memory in a list of text.
pub(super) fn block(place: usize, record: &Record) -> String {
    let tags = tags(record);
    let tags = if tags.is_empty() { String::new() } else { format!(" [{}]", tags.join(", ")) };
    let created = time(record.created);
    let (hash, created) = (hash::of(&record.content), created.as_str().unwrap_or_default());
    format!("{place}. {}\n   Hash: {hash}\n   Created: {created}{tags}", record.content)
}
