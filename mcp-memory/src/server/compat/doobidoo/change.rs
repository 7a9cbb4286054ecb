//! Changing and deleting.

use mcp_core::protocol::CallToolResult;
use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::{Map, Value};

use super::super::words::Words;
use super::arguments::{Delete, TagMatch, Update};
use super::hash;
use super::select::{STORE, Select, target};
use super::store::{hashed, lowered};
use crate::server::Shared;
use crate::server::tools::Answer;
use crate::{Draft, Edit, MemoryError, Record, Tenant};

/// Hashes that an answer shows.
const SHOWN: usize = 5;

pub(super) async fn delete(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(delete): Args<Delete>,
) -> Answer {
    let select = Select {
        tags: Words::read(delete.tags)?,
        all_tags: delete.tag_match == TagMatch::All,
        after: delete.after,
        before: delete.before,
        store: delete.store,
        ..Select::default()
    };
    let (hash, dry_run) = (delete.content_hash.filter(|hash| !hash.is_empty()), delete.dry_run);
    deleted(shared, who, hash, select, dry_run).await
}

/// Deletes what all conditions name.
pub(super) async fn deleted(
    shared: Shared,
    who: Option<Principal>,
    hash: Option<String>,
    select: Select,
    dry_run: bool,
) -> Answer {
    if hash.is_none() && !select.is_something() {
        let problem = "nothing is deleted without a condition: name one, or `tags`, `before` or `after`";
        return Err(MemoryError::invalid("content_hash", problem));
    }
    let (count, hashes) = shared
        .run(who, move |tenant| match &hash {
            Some(hash) => by_hash(tenant, hash, &select, dry_run),
            None => by_conditions(tenant, &select, dry_run),
        })
        .await?;
    let mut answer = if dry_run {
        format!("Dry run: nothing was deleted\n\nWould delete {count} memories")
    } else {
        format!("Deleted {count} memories")
    };
    if !hashes.is_empty() {
        answer.push_str(&format!("\nHashes: {}", hashes.join(", ")));
        if count > hashes.len() {
            answer.push_str(&format!(" ... and {} more", count - hashes.len()));
        }
    }
    Ok(CallToolResult::text(answer))
}

/// All that have the hash: nobody could name the others afterwards.
fn by_hash(
    tenant: &Tenant,
    hash: &str,
    select: &Select,
    dry_run: bool,
) -> Result<(usize, Vec<String>), MemoryError> {
    let mut found = hash::find(tenant, hash)?;
    if select.is_something() || select.store.is_some() {
        let (filter, _) = select.read()?;
        found.retain(|(record, _)| filter.matches(record));
    }
    // Of those that are read only, the caller is told where there is nothing else.
    let may = |scope: &crate::Scope| tenant.access().check_write(scope);
    if let Some((_, scope)) = found.first().filter(|_| found.iter().all(|(_, scope)| may(scope).is_err())) {
        may(scope)?;
    }
    found.retain(|(_, scope)| may(scope).is_ok());
    if !dry_run {
        found.iter().try_for_each(|(record, _)| tenant.delete(&record.id))?;
    }
    Ok((found.len(), found.iter().map(|(record, _)| hash::of(&record.content)).take(SHOWN).collect()))
}

fn by_conditions(
    tenant: &Tenant,
    select: &Select,
    dry_run: bool,
) -> Result<(usize, Vec<String>), MemoryError> {
    let (scope, _) = target(select.store.as_deref())?;
    let (filter, _) = select.read()?;
    let hash = |id| tenant.get(&id).ok().map(|(record, _)| hash::of(&record.content));
    let hashes = tenant.which(&scope, &filter)?.into_iter().take(SHOWN).filter_map(hash).collect();
    Ok((tenant.delete_where(&scope, &filter, dry_run)?.len(), hashes))
}

pub(super) async fn update(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(update): Args<Update>,
) -> Answer {
    let changes = Changes::read(update.updates)?;
    let (hash, versioned) = (update.content_hash, update.versioned);
    if versioned && changes.content.is_none() {
        return Err(MemoryError::invalid(
            "updates.content",
            "must be the new text where `versioned` is asked for",
        ));
    }
    let answer = shared.run(who, move |tenant| {
        let found = hash::find(tenant, &hash)?;
        let (record, _) = found.into_iter().next().ok_or(MemoryError::NotFound { id: hash })?;
        changes.apply(tenant, &record, versioned)
    });
    answer.await.map(CallToolResult::text)
}

/// What is to change.
pub(super) struct Changes {
    pub(super) content: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) metadata: Map<String, Value>,
}

impl Changes {
    fn read(mut updates: Map<String, Value>) -> Result<Self, MemoryError> {
        let mut text = |name: &str, field| match updates.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(MemoryError::invalid(field, "must be a text")),
        };
        let content = text("content", "updates.content")?;
        let kind = text("memory_type", "updates.memory_type")?;
        updates.shift_remove("reason");
        let read = |tags: Value| {
            crate::import::words(&tags).map_err(|problem| MemoryError::invalid("updates.tags", problem))
        };
        let tags = updates.shift_remove("tags").map(read).transpose()?.map(lowered);
        let mut metadata = match updates.shift_remove("metadata") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(MemoryError::invalid("updates.metadata", "must be an object")),
        };
        // What else is named is metadata too.
        metadata.extend(updates);
        Ok(Self { content, kind, tags, metadata })
    }

    pub(super) fn apply(
        self,
        tenant: &Tenant,
        record: &Record,
        versioned: bool,
    ) -> Result<String, MemoryError> {
        let old = hash::of(&record.content);
        let new = self.content.as_deref().map_or_else(|| old.clone(), hash::of);
        let store = record.tags.iter().find(|tag| tag.starts_with(STORE)).cloned();
        let tags = self.tags.map(|tags| tags.into_iter().chain(store).collect::<Vec<_>>());
        if versioned {
            let mut metadata = record.metadata.clone();
            metadata.extend(self.metadata);
            let draft = Draft {
                content: self.content.unwrap_or_default(),
                kind: Some(self.kind.unwrap_or_else(|| record.kind.clone())),
                tags: tags.unwrap_or_else(|| record.tags.clone()),
                metadata: hashed(metadata, &new),
                session: record.session.clone(),
                speaker: record.speaker.clone(),
                source: record.source.clone(),
                agent: record.agent.clone(),
                run: record.run.clone(),
                importance: record.importance,
                ..Draft::default()
            };
            tenant.supersede(&record.id, draft)?;
            return Ok(format!("Versioned update successful. New hash: {new}, parent hash: {old}."));
        }
        let edit = Edit {
            content: self.content,
            kind: self.kind,
            tags,
            metadata: Some(hashed(self.metadata, &new)),
            ..Edit::default()
        };
        tenant.update(&record.id, edit)?;
        let hash = if new == old { String::new() } else { format!(" New hash: {new}.") };
        Ok(format!("Successfully updated memory metadata.{hash}"))
    }
}
