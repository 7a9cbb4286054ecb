//! mem0: what `get_all`, `search` and its exports answer.

use serde_json::Value;

use super::Entry;
use super::entry::{each, identifier, list, metadata, origin, tags, text, with_origin};
use super::time::milliseconds;
use crate::Draft;

const FROM: &str = "mem0";
/// Whose a memory is, and how the tag begins that says so.
pub(crate) const ENTITIES: [(&str, &str); 4] =
    [("user_id", "user:"), ("agent_id", "agent:"), ("app_id", "app:"), ("run_id", "run:")];

pub(super) fn json(bytes: &[u8]) -> Vec<Entry> {
    let entries = list(bytes, &["results", "memories", "records"]);
    each(entries, |entry| identifier(entry.get("id")), draft)
}

fn draft(entry: &Value) -> Result<Draft, String> {
    if !entry.is_object() {
        return Err("is no object".to_owned());
    }
    // Dumps of a vector store have the members in a payload.
    let payload = entry.get("payload").or_else(|| entry.get("source_payload"));
    let member = |name: &str| {
        let own = entry.get(name).filter(|value| !value.is_null());
        own.or_else(|| payload.and_then(|payload| payload.get(name)))
    };
    let content = ["memory", "content", "data", "text"]
        .into_iter()
        .find_map(|name| text(entry, name).or_else(|| text(payload?, name)))
        .ok_or("has no text in `memory`")?;
    let mut members = metadata(member("metadata"))?;
    let mut words = tags(entry.get("tags"))?;
    words.extend(tags(member("categories"))?.into_iter().map(|name| format!("category:{name}")));
    let of = |name: &str| identifier(member(name));
    let entities: Vec<String> =
        ENTITIES.iter().filter_map(|(name, tag)| Some(format!("{tag}{}", of(name)?))).collect();
    words.extend(entities.iter().cloned());
    if let Some(actor) = of("actor_id") {
        members.insert("actor_id".into(), actor.into());
    }
    let updated = milliseconds("updated_at", member("updated_at"))?;
    Ok(Draft {
        content: content.to_owned(),
        kind: of("memory_type"),
        tags: words,
        metadata: with_origin(members, origin(FROM, &of("id").unwrap_or_default(), updated)),
        session: session(&entities),
        speaker: of("role"),
        agent: of("agent_id"),
        run: of("run_id"),
        created: milliseconds("created_at", member("created_at"))?,
        expires: milliseconds("expiration_date", member("expiration_date"))?,
        ..Draft::default()
    })
}

/// What keeps the same text of two users, agents or runs apart: they are conversations of their own.
pub(crate) fn session(entities: &[String]) -> Option<String> {
    (!entities.is_empty()).then(|| entities.join(" "))
}
