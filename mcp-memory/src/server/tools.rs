//! The tools.

use mcp_core::protocol::CallToolResult;
use mcp_core::server::Variables;
use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::{Value, json};

use super::Shared;
use super::answer::{budget, fitting, hit, result, short, time};
use super::arguments::{Delete, Doomed, Get, List, Search, Store, Update};
use crate::{Cursor, MemoryError, Tenant};

impl Shared {
    /// Does something as a caller, where it may block.
    pub(in crate::server) async fn run<R: Send + 'static>(
        self,
        who: Option<Principal>,
        act: impl FnOnce(&Tenant) -> Result<R, MemoryError> + Send + 'static,
    ) -> Result<R, MemoryError> {
        let access = match who {
            Some(who) => (self.access)(&who),
            None => self.anonymous.ok_or_else(|| MemoryError::Forbidden { scope: "memory".into() })?,
        };
        let tenant = self.memory.of(access);
        tokio::task::spawn_blocking(move || act(&tenant)).await.map_err(|_| MemoryError::Closed)?
    }
}

pub(in crate::server) type Answer = Result<CallToolResult, MemoryError>;

pub(super) async fn store(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(store): Args<Store>,
) -> Answer {
    let (scope, drafts) = store.read()?;
    let stored = shared.run(who, move |tenant| tenant.store_all(&scope, drafts)).await?;
    Ok(result(&json!({ "stored": stored })))
}

pub(super) async fn search(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(search): Args<Search>,
) -> Answer {
    let bytes = budget(search.max_tokens);
    let (search, when) = search.read()?;
    let found = shared.run(who, move |tenant| tenant.search(&search)).await?;
    let (memories, left_out) = fitting(found.hits.iter().map(hit).collect(), bytes);
    let mut answer = json!({ "memories": memories });
    if let Some(when) = when {
        answer["when"] = when.to_string().into();
    }
    if left_out > 0 {
        answer["left_out"] = left_out.into();
    }
    Ok(result(&answer))
}

pub(super) async fn list(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(list): Args<List>,
) -> Answer {
    let (bytes, limit) = (budget(list.max_tokens), list.limit.unwrap_or(20));
    let wrong = |_| MemoryError::invalid("cursor", "must be `next` of the page before");
    let after: Option<Cursor> =
        list.cursor.as_deref().map(serde_json::from_str).transpose().map_err(wrong)?;
    let (scope, filter, when) = list.read()?;
    let page = {
        let scope = scope.clone();
        shared.run(who, move |tenant| tenant.list(&scope, &filter, after, limit)).await?
    };
    let items = page.records.iter().map(|record| short(record, &scope)).collect();
    let (memories, left_out) = fitting(items, bytes);
    // What there was no room for is on the next page.
    let next = if left_out > 0 {
        memories.len().checked_sub(1).and_then(|last| page.records.get(last)).map(Cursor::behind)
    } else {
        page.next
    };
    let mut answer = json!({ "memories": memories });
    if let Some(when) = when {
        answer["when"] = when.to_string().into();
    }
    if let Some(next) = next {
        answer["next"] = json!(next).to_string().into();
    }
    Ok(result(&answer))
}

pub(super) async fn get(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(get): Args<Get>,
) -> Answer {
    whole(shared, who, &get.id).await.map(|answer| result(&answer))
}

pub(super) async fn read(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Variables(variables): Variables,
) -> Result<Option<String>, MemoryError> {
    let Some(id) = variables.get("id") else { return Ok(None) };
    match whole(shared, who, id).await {
        Ok(memory) => Ok(Some(memory.to_string())),
        Err(MemoryError::NotFound { .. } | MemoryError::Invalid { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn whole(shared: Shared, who: Option<Principal>, id: &str) -> Result<Value, MemoryError> {
    let id = id.parse()?;
    let ((record, scope), past) =
        shared.run(who, move |tenant| Ok((tenant.get(&id)?, tenant.history(&id)?))).await?;
    let mut answer = serde_json::to_value(&record).map_err(MemoryError::doing("read"))?;
    answer["scope"] = json!(scope);
    for name in ["created", "updated", "valid_from", "valid_to", "expires"] {
        if let Some(milliseconds) = answer.get(name).and_then(Value::as_i64) {
            answer[name] = time(milliseconds);
        }
    }
    if !past.is_empty() {
        answer["history"] = json!(past);
    }
    Ok(answer)
}

pub(super) async fn update(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(update): Args<Update>,
) -> Answer {
    let (id, change) = update.read()?;
    let answer = shared.run(who, move |tenant| match change {
        Ok(edit) => Ok(json!({ "id": id, "version": tenant.update(&id, edit)? })),
        Err(draft) => Ok(json!({ "id": tenant.supersede(&id, draft)?.id, "supersedes": id })),
    });
    Ok(result(&answer.await?))
}

pub(super) async fn delete(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(delete): Args<Delete>,
) -> Answer {
    let dry_run = delete.dry_run;
    let doomed = delete.read()?;
    let deleted = shared.run(who, move |tenant| match doomed {
        Doomed::One(id) if dry_run => tenant.get(&id).map(|_| vec![id]),
        Doomed::One(id) => tenant.delete(&id).map(|()| vec![id]),
        Doomed::Those(scope, filter) => tenant.delete_where(&scope, &filter, dry_run),
    });
    let deleted = deleted.await?;
    let name = if dry_run { "would_delete" } else { "deleted" };
    let (ids, left_out) = fitting(deleted.iter().map(|id| json!(id)).collect(), budget(None));
    let mut answer = json!({ name: deleted.len(), "ids": ids });
    if left_out > 0 {
        answer["ids_left_out"] = left_out.into();
    }
    Ok(result(&answer))
}
