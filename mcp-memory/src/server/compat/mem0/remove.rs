//! Deleting.

use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::json;

use super::super::words::Words;
use super::arguments::{Many, Named, filter};
use super::entities::Entities;
use super::find::id;
use crate::server::Shared;
use crate::server::answer::result;
use crate::server::tools::Answer;
use crate::{Id, MemoryError, Scope};

pub(super) async fn one(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(named): Args<Named>,
) -> Answer {
    let id = id(&named.memory_id)?;
    shared.run(who, move |tenant| tenant.delete(&id)).await?;
    Ok(result(&json!({ "message": "Memory deleted successfully!", "id": id })))
}

pub(super) async fn some(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(many): Args<Many>,
) -> Answer {
    let ids: Vec<Id> =
        Words::read(Some(many.memory_ids))?.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Err(MemoryError::invalid("memory_ids", "must name at least one memory"));
    }
    let deleted = shared.run(who, move |tenant| {
        let mut deleted = 0;
        for id in &ids {
            match tenant.delete(id) {
                Ok(()) => deleted += 1,
                Err(MemoryError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    });
    let deleted: usize = deleted.await?;
    Ok(result(&json!({ "message": format!("Successfully deleted {deleted} memories"), "deleted": deleted })))
}

/// Of an entity only, never of everything: a call without a name is a mistake.
pub(super) async fn all(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(entities): Args<Entities>,
) -> Answer {
    let named = entities.named();
    if named.is_empty() {
        let problem = "nothing is deleted without a name: give `user_id`, `agent_id`, `app_id` or `run_id`";
        return Err(MemoryError::invalid("user_id", problem));
    }
    if let Some((field, _)) = named.iter().find(|(_, name)| name.trim() == "*") {
        return Err(MemoryError::invalid(field, "must be a name: `*` would delete those of everybody"));
    }
    let filter = filter(None, &entities)?;
    let deleted = shared.run(who, move |tenant| tenant.delete_where(&Scope::Private, &filter, false)).await?;
    Ok(result(&json!({ "message": "Memories deleted successfully!", "deleted": deleted.len() })))
}
