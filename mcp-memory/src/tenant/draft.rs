//! What may be stored.

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use crate::store::Body;
use crate::{Draft, MemoryError, Record};

/// Bytes of a text; a longer one is a document, and to be ingested in parts.
const CONTENT: usize = 64 * 1024;
/// Bytes of a name.
const NAME: usize = 512;
const TAGS: usize = 64;
/// Bytes of metadata as JSON.
const METADATA: usize = 64 * 1024;

/// Refuses what makes no sense, naming the member.
pub(super) fn check(draft: &Draft) -> Result<(), MemoryError> {
    content(&draft.content)?;
    tags(&draft.tags)?;
    metadata(&draft.metadata)?;
    let names = [
        ("type", &draft.kind),
        ("session", &draft.session),
        ("speaker", &draft.speaker),
        ("source", &draft.source),
        ("agent", &draft.agent),
        ("run", &draft.run),
    ];
    for (field, value) in names {
        if let Some(value) = value {
            name(field, value)?;
        }
    }
    if draft.sequence.is_some() && draft.session.is_none() {
        return Err(MemoryError::invalid("sequence", "needs a `session` whose part it is"));
    }
    importance(draft.importance)?;
    span(draft.valid_from, draft.valid_to)
}

pub(super) fn content(text: &str) -> Result<(), MemoryError> {
    if text.trim().is_empty() {
        return Err(MemoryError::invalid("content", "must say something"));
    }
    if text.len() > CONTENT {
        let problem =
            format!("has {} bytes, and {CONTENT} are allowed: ingest long texts as documents", text.len());
        return Err(MemoryError::invalid("content", problem));
    }
    Ok(())
}

pub(super) fn tags(tags: &[String]) -> Result<(), MemoryError> {
    if tags.len() > TAGS {
        return Err(MemoryError::invalid(
            "tags",
            format!("there are {}, and {TAGS} are allowed", tags.len()),
        ));
    }
    tags.iter().try_for_each(|tag| name("tags", tag))
}

pub(super) fn metadata(metadata: &Map<String, Value>) -> Result<(), MemoryError> {
    let length = serde_json::to_string(metadata).map_err(MemoryError::doing("written"))?.len();
    if length > METADATA {
        let problem = format!("has {length} bytes as JSON, and {METADATA} are allowed");
        return Err(MemoryError::invalid("metadata", problem));
    }
    Ok(())
}

pub(super) fn name(field: &'static str, text: &str) -> Result<(), MemoryError> {
    if text.trim().is_empty() {
        return Err(MemoryError::invalid(field, "must not be empty: leave it out instead"));
    }
    if text.len() > NAME || text.chars().any(char::is_control) {
        return Err(MemoryError::invalid(
            field,
            format!("must be at most {NAME} bytes without control characters"),
        ));
    }
    Ok(())
}

pub(super) fn importance(value: Option<f32>) -> Result<(), MemoryError> {
    if value.is_none_or(|value| (0.0..=1.0).contains(&value)) {
        return Ok(());
    }
    Err(MemoryError::invalid("importance", "must be from 0 to 1"))
}

pub(super) fn span(from: Option<i64>, to: Option<i64>) -> Result<(), MemoryError> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(MemoryError::invalid("valid_to", "must not be before `valid_from`"))
        }
        _ => Ok(()),
    }
}

/// Tags in order, each once.
pub(super) fn tidy(tags: Vec<String>) -> Vec<String> {
    let mut tags: Vec<String> = tags.into_iter().map(|tag| tag.trim().to_owned()).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// What two texts have in common that say the same: composed characters, no space around.
pub(super) fn normal(content: &str) -> String {
    content.trim().nfc().collect()
}

/// The sealed part of a draft.
pub(super) fn body(draft: Draft, author: &str) -> Body {
    Body {
        content: draft.content,
        author: author.to_owned(),
        kind: draft.kind.filter(|kind| kind != "note"),
        tags: tidy(draft.tags),
        metadata: draft.metadata,
        session: draft.session,
        speaker: draft.speaker,
        source: draft.source,
        agent: draft.agent,
        run: draft.run,
        importance: draft.importance,
    }
}

/// The sealed part of a memory that was made somewhere else.
pub(super) fn body_of(record: Record, author: &str) -> Body {
    let draft = Draft {
        content: record.content,
        kind: Some(record.kind),
        tags: record.tags,
        metadata: record.metadata,
        session: record.session,
        speaker: record.speaker,
        source: record.source,
        agent: record.agent,
        run: record.run,
        importance: record.importance,
        ..Draft::default()
    };
    body(draft, author)
}
