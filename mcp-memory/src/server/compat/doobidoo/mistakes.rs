//! Mistakes that were made, so that they are not made again: memories of type `mistake`.

use mcp_core::service::Principal;
use mcp_core::{Args, State};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::words::Count;
use super::answer::{budget, score, seconds};
use super::arguments::Hash;
use super::change::Changes;
use super::find::{One, Wanted};
use super::hash;
use super::select::Select;
use super::store::hashed;
use crate::server::Shared;
use crate::server::answer::{fitting, result};
use crate::server::tools::Answer;
use crate::{Draft, MemoryError, Record, Scope, Tenant};

const KIND: &str = "mistake";
/// What a note says, line by line.
const LINES: [&str; 4] = ["Pattern", "Context", "Wrong", "Right"];

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Add {
    error_pattern: String,
    context_signature: String,
    incorrect_action: String,
    correct_action: String,
}

fn written(parts: [&str; 4]) -> String {
    let lines: Vec<String> = LINES.iter().zip(parts).map(|(name, part)| format!("{name}: {part}")).collect();
    lines.join("\n")
}

/// The parts of a note again; a line that begins with none of the names belongs to the one before.
fn read(content: &str) -> [String; 4] {
    let mut parts: [String; 4] = Default::default();
    let mut at = 0;
    for line in content.lines() {
        let named = LINES.iter().enumerate().skip(at).find_map(|(place, name)| {
            let said = line.strip_prefix(name)?.strip_prefix(':')?;
            Some((place, said.trim_start()))
        });
        let (place, said, mark) = named.map_or((at, line, "\n"), |(place, said)| (place, said, ""));
        at = place;
        if let Some(part) = parts.get_mut(place) {
            part.push_str(mark);
            part.push_str(said);
        }
    }
    parts
}

fn failures(metadata: &Map<String, Value>) -> u64 {
    metadata.get("failure_count").and_then(Value::as_u64).unwrap_or(1)
}

pub(super) async fn add(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(add): Args<Add>,
) -> Answer {
    if add.correct_action.trim().is_empty() {
        return Err(MemoryError::invalid("correct_action", "must say what would have been right"));
    }
    let content =
        written([&add.error_pattern, &add.context_signature, &add.incorrect_action, &add.correct_action]);
    let hash = hash::of(&content);
    let metadata = Map::from_iter([("failure_count".to_owned(), 1.into())]);
    let mut draft = Draft::new(content).kind(KIND).tag("mistake-note").tag("error-replay");
    draft.metadata = hashed(metadata, &hash);
    let count = shared.run(who, move |tenant| {
        let stored = tenant.store(&Scope::Private, draft)?;
        if stored.new {
            return Ok(1);
        }
        let (record, _) = tenant.get(&stored.id)?;
        let count = failures(&record.metadata) + 1;
        changes(None, Some(count)).apply(tenant, &record, false)?;
        Ok(count)
    });
    let count = count.await?;
    let (status, message) = match count {
        1 => ("created", "New mistake note recorded".to_owned()),
        count => ("updated", format!("Existing mistake note updated (seen {count} times)")),
    };
    Ok(result(&json!({ "status": status, "content_hash": hash, "failure_count": count, "message": message })))
}

fn changes(content: Option<String>, failures: Option<u64>) -> Changes {
    let count = failures.map(|count| ("failure_count".to_owned(), count.into()));
    Changes { content, kind: None, tags: None, metadata: count.into_iter().collect() }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Find {
    query: String,
    limit: Option<Count>,
}

pub(super) async fn search(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(find): Args<Find>,
) -> Answer {
    let select = Select { kind: Some(KIND.to_owned()), ..Select::default() };
    let limit = find.limit.map_or(5, |limit| limit.0);
    let wanted = Wanted { query: Some(find.query), select, limit, superseded: false };
    let (found, _) = shared.run(who, move |tenant| wanted.find(tenant)).await?;
    let note = |One { record, rated }: &One| {
        let mut metadata = record.metadata.clone();
        metadata.shift_remove(hash::MEMBER);
        json!({
            "content_hash": hash::of(&record.content),
            "content": record.content,
            "similarity": rated.map(|(found, _)| score(found)),
            "failure_count": failures(&metadata),
            "metadata": metadata,
            "updated_at": seconds(record.updated),
        })
    };
    let (notes, left_out) = fitting(found.iter().map(note).collect(), budget(None));
    let mut answer = json!({ "notes": notes, "count": found.len() });
    if left_out > 0 {
        answer["left_out"] = left_out.into();
    }
    Ok(result(&answer))
}

/// The note that a hash names.
fn note(tenant: &Tenant, hash: &str) -> Result<Record, MemoryError> {
    let found = hash::find(tenant, hash)?.into_iter().map(|(record, _)| record);
    let is_note = |record: &Record| record.kind == KIND;
    found.into_iter().find(is_note).ok_or_else(|| MemoryError::NotFound { id: hash.to_owned() })
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Change {
    content_hash: String,
    failure_count: Option<u64>,
    error_pattern: Option<String>,
    context_signature: Option<String>,
    incorrect_action: Option<String>,
    correct_action: Option<String>,
}

pub(super) async fn update(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(change): Args<Change>,
) -> Answer {
    if change.correct_action.as_ref().is_some_and(|action| action.trim().is_empty()) {
        return Err(MemoryError::invalid("correct_action", "must say what would have been right"));
    }
    let hash = shared.run(who, move |tenant| {
        let record = note(tenant, &change.content_hash)?;
        let [pattern, context, wrong, right] = read(&record.content);
        let content = written([
            &change.error_pattern.unwrap_or(pattern),
            &change.context_signature.unwrap_or(context),
            &change.incorrect_action.unwrap_or(wrong),
            &change.correct_action.unwrap_or(right),
        ]);
        let hash = hash::of(&content);
        let content = Some(content).filter(|content| *content != record.content);
        changes(content, change.failure_count).apply(tenant, &record, false)?;
        Ok(hash)
    });
    Ok(result(
        &json!({ "status": "updated", "content_hash": hash.await?, "message": "Mistake note updated" }),
    ))
}

pub(super) async fn delete(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(named): Args<Hash>,
) -> Answer {
    let hash = named.content_hash.clone();
    shared.run(who, move |tenant| tenant.delete(&note(tenant, &hash)?.id)).await?;
    let message = "Mistake note deleted";
    Ok(result(&json!({ "status": "deleted", "content_hash": named.content_hash, "message": message })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_are_written() {
        let parts = ["a\nsecond line", "Right: no", "", "d"];
        assert_eq!(read(&written(parts)), parts.map(str::to_owned));
    }
}
