//! Storing and changing.

use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::{Map, Value, json};

use super::super::words::{Words, without_effect};
use super::arguments::{Add, Message, Messages, Update};
use super::find::id;
use super::show::{memory, told};
use crate::import::{entity_session, moment};
use crate::server::Shared;
use crate::server::answer::result;
use crate::server::tools::Answer;
use crate::{Draft, Edit, MemoryError, Scope};

const AS_IT_IS: &str = "stored as it is: there is no language model here to infer facts";

pub(super) async fn add(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(add): Args<Add>,
) -> Answer {
    let mut ignored = without_effect(&add.rest);
    ignored.retain(|name| name != "infer");
    let inferred = add.rest.get("infer") != Some(&Value::Bool(false));
    let drafts = drafts(add)?;
    let said: Vec<String> = drafts.iter().map(|draft| draft.content.clone()).collect();
    let stored = shared.run(who, move |tenant| tenant.store_all(&Scope::Private, drafts)).await?;
    let each = stored.iter().zip(said).map(|(stored, said)| {
        // What is there already stays as it is.
        json!({ "id": stored.id, "memory": said, "event": if stored.new { "ADD" } else { "NONE" } })
    });
    let mut answer = json!({ "results": each.collect::<Vec<_>>() });
    if inferred {
        answer["note"] = AS_IT_IS.into();
    }
    Ok(result(&told(answer, &ignored)))
}

fn drafts(add: Add) -> Result<Vec<Draft>, MemoryError> {
    let messages = match add.messages {
        Some(Messages::Many(messages)) if !messages.is_empty() => messages,
        Some(Messages::One(message)) => vec![message],
        Some(Messages::Text(text)) => vec![spoken(text)],
        Some(Messages::Many(_)) | None => add.text.map(spoken).into_iter().collect(),
    };
    if let Some((field, _)) = add.entities.named().into_iter().find(|(_, name)| *name == "*") {
        return Err(MemoryError::invalid(field, "must be a name: `*` is for filters"));
    }
    let mut tags = add.entities.tags();
    let session = entity_session(&tags);
    tags.extend(Words::read(add.categories)?.into_iter().map(|name| format!("category:{name}")));
    let expires = moment("expiration_date", add.expiration_date.as_ref())?;
    let created = moment("timestamp", add.timestamp.as_ref())?;
    let metadata = add.metadata.unwrap_or_default();
    // What tells a model how to behave is nothing to remember.
    let told = messages.into_iter().filter(|message| message.role.as_deref() != Some("system"));
    let drafts: Vec<Draft> = told
        .filter_map(|message| {
            Some(Draft {
                content: message.said()?,
                kind: add.memory_type.clone().filter(|kind| !kind.trim().is_empty()),
                tags: tags.clone(),
                metadata: with_actor(&metadata, message.name),
                session: session.clone(),
                speaker: message.role.filter(|role| !role.trim().is_empty()),
                agent: add.entities.agent_id.clone().filter(|name| !name.trim().is_empty()),
                run: add.entities.run_id.clone().filter(|name| !name.trim().is_empty()),
                created,
                expires,
                ..Draft::default()
            })
        })
        .collect();
    if drafts.is_empty() {
        return Err(MemoryError::invalid("text", "must say something, or `messages` must"));
    }
    Ok(drafts)
}

fn spoken(text: String) -> Message {
    Message { role: None, content: Some(text.into()), name: None }
}

fn with_actor(metadata: &Map<String, Value>, actor: Option<String>) -> Map<String, Value> {
    let mut metadata = metadata.clone();
    if let Some(actor) = actor {
        metadata.insert("actor_id".into(), actor.into());
    }
    metadata
}

pub(super) async fn update(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(update): Args<Update>,
) -> Answer {
    let id = id(&update.memory_id)?;
    if update.text.is_none() && update.metadata.is_none() {
        return Err(MemoryError::invalid("text", "must be the new text, or `metadata` must name members"));
    }
    let edit = Edit { content: update.text, metadata: update.metadata, ..Edit::default() };
    let record = shared.run(who, move |tenant| {
        tenant.update(&id, edit)?;
        tenant.get(&id)
    });
    let mut answer = memory(&record.await?.0);
    answer["message"] = "Memory updated successfully!".into();
    Ok(result(&answer))
}
