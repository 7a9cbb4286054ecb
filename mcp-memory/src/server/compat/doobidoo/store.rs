//! Storing.

use mcp_core::protocol::CallToolResult;
use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::{Map, Value};

use super::super::words::{Words, without_effect};
use super::arguments::{Session, Store};
use super::hash;
use super::select::target;
use crate::server::Shared;
use crate::server::tools::Answer;
use crate::{Draft, MemoryError, Scope};

/// A memory that is to be stored, where, and its hash.
pub(super) struct New {
    pub(super) draft: Draft,
    pub(super) scope: Scope,
    pub(super) hash: String,
}

impl New {
    pub(super) fn read(store: Store, tags: Option<Words>, kind: Option<String>) -> Result<Self, MemoryError> {
        let mut metadata = store.metadata.unwrap_or_default();
        let mut words = Words::read(tags)?;
        if let Some(more) = metadata.shift_remove("tags") {
            words.extend(
                crate::import::words(&more)
                    .map_err(|problem| MemoryError::invalid("metadata.tags", problem))?,
            );
        }
        let (scope, tag) = target(store.store.as_deref())?;
        let named = metadata.shift_remove("type").as_ref().and_then(Value::as_str).map(str::to_owned);
        let hash = hash::of(&store.content);
        Ok(Self {
            draft: Draft {
                content: store.content,
                kind: named.or(kind).filter(|kind| !kind.trim().is_empty()),
                tags: lowered(words).into_iter().chain(tag.clone()).collect(),
                metadata: hashed(metadata, &hash),
                // The same text in two stores is two memories.
                session: store.conversation_id.filter(|name| !name.is_empty()).or(tag),
                agent: store.agent_id.filter(|name| !name.is_empty()),
                ..Draft::default()
            },
            scope,
            hash,
        })
    }
}

/// Their tags are in lower case.
pub(super) fn lowered(tags: Vec<String>) -> Vec<String> {
    tags.into_iter().map(|tag| tag.to_lowercase()).collect()
}

/// Metadata by which the hash is quickly found.
pub(super) fn hashed(mut metadata: Map<String, Value>, hash: &str) -> Map<String, Value> {
    metadata.insert(hash::MEMBER.into(), hash.into());
    metadata
}

pub(super) async fn memory(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(mut store): Args<Store>,
) -> Answer {
    // What was deleted may always be stored again.
    store.rest.shift_remove("restore_deleted");
    store.rest.shift_remove("client_hostname");
    let ignored = without_effect(&store.rest);
    let New { draft, scope, hash } = New::read(store, None, None)?;
    shared.run(who, move |tenant| tenant.store(&scope, draft)).await?;
    let mut answer = format!("Memory stored successfully (hash: {hash})");
    if !ignored.is_empty() {
        answer.push_str(&format!("\nNote: without effect here: {}", ignored.join(", ")));
    }
    Ok(CallToolResult::text(answer))
}

pub(super) async fn session(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(session): Args<Session>,
) -> Answer {
    let (scope, tag) = target(session.store.as_deref())?;
    let id = match session.session_id.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => crate::Id::generate()?.to_string(),
    };
    let mut tags = lowered(Words::read(session.tags)?);
    tags.push(format!("session:{id}"));
    tags.extend(tag);
    let metadata = session.metadata.unwrap_or_default();
    let said = session.turns.into_iter().filter_map(|turn| {
        let content = turn.content.filter(|content| !content.trim().is_empty())?;
        Some((content, turn.role.filter(|role| !role.trim().is_empty())))
    });
    let turns: Vec<Draft> = said
        .zip(0..)
        .map(|((content, role), place)| Draft {
            kind: Some("session".to_owned()),
            tags: tags.clone(),
            metadata: hashed(metadata.clone(), &hash::of(&content)),
            session: Some(id.clone()),
            sequence: Some(place),
            speaker: role,
            agent: session.agent_id.clone().filter(|name| !name.is_empty()),
            content,
            ..Draft::default()
        })
        .collect();
    if turns.is_empty() {
        return Err(MemoryError::invalid("turns", "must say something: each needs `role` and `content`"));
    }
    let all = turns.len();
    shared.run(who, move |tenant| tenant.store_all(&scope, turns)).await?;
    Ok(CallToolResult::text(format!(
        "Session stored successfully (session_id: {id}, chunks: {all}/{all}, turns: {all})"
    )))
}
