//! The tools.

use mcp_core::protocol::CallToolResult;
use mcp_core::server::Variables;
use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::{Value, json};

use super::Shared;
use super::answer::{budget, fitting, hit, result, short, time};
use super::arguments::{Delete, Doomed, Get, List, Search, Store, Update};
use crate::filter::Filter;
use crate::time::Range;
use crate::{Cursor, Link, MemoryError, Scope, Tenant};

impl Shared {
    /// Does something as a caller, where it may block.
    pub(in crate::server) async fn run<R: Send + 'static>(
        self,
        who: Option<Principal>,
        act: impl FnOnce(&Tenant) -> Result<R, MemoryError> + Send + 'static,
    ) -> Result<R, MemoryError> {
        self.run_for(who, None, act).await
    }

    /// The same in the name of a user, where the caller may act for others.
    pub(in crate::server) async fn run_for<R: Send + 'static>(
        self,
        who: Option<Principal>,
        user: Option<String>,
        act: impl FnOnce(&Tenant) -> Result<R, MemoryError> + Send + 'static,
    ) -> Result<R, MemoryError> {
        let mut access = match &who {
            Some(who) => (self.access)(who),
            None => self.anonymous.ok_or_else(|| MemoryError::Forbidden { scope: "memory".into() })?,
        };
        let plan = who.as_ref().and_then(|who| who.plan.as_ref());
        if let Some(quota) = plan.and_then(|plan| self.plans.get(plan)) {
            access = access.quota(*quota);
        }
        let tenant = self.memory.of(access);
        let tenant = user.map_or(Ok(tenant.clone()), |user| tenant.acting_for(&user))?;
        tokio::task::spawn_blocking(move || act(&tenant)).await.map_err(|_| MemoryError::Closed)?
    }
}

pub(in crate::server) type Answer = Result<CallToolResult, MemoryError>;

pub(super) async fn store(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(store): Args<Store>,
) -> Answer {
    let user = store.user_id.clone();
    let (scope, drafts) = store.read()?;
    let stored = shared.run_for(who, user, move |tenant| tenant.store_all(&scope, drafts)).await?;
    Ok(result(&json!({ "stored": stored })))
}

pub(super) async fn search(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(search): Args<Search>,
) -> Answer {
    let (bytes, user, explain) = (budget(search.max_tokens), search.user_id.clone(), search.explain);
    let (search, when) = search.read()?;
    let ranges = spans(when, &search.filter);
    let found = shared.run_for(who, user, move |tenant| tenant.search(&search)).await?;
    let (memories, left_out) = fitting(found.hits.iter().map(|found| hit(found, explain)).collect(), bytes);
    let mut answer = json!({ "memories": memories });
    add_spans(&mut answer, &ranges);
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
    let user = list.user_id.clone();
    let (scope, filter, when) = list.read()?;
    let ranges = spans(when, &filter);
    let page = {
        let scope = scope.clone();
        shared.run_for(who, user, move |tenant| tenant.list(&scope, &filter, after, limit)).await?
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
    add_spans(&mut answer, &ranges);
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
    whole(shared, who, get.user_id, &get.id).await.map(|answer| result(&answer))
}

pub(super) async fn read(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Variables(variables): Variables,
) -> Result<Option<String>, MemoryError> {
    let Some(id) = variables.get("id") else { return Ok(None) };
    match whole(shared, who, None, id).await {
        Ok(memory) => Ok(Some(memory.to_string())),
        Err(MemoryError::NotFound { .. } | MemoryError::Invalid { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn whole(
    shared: Shared,
    who: Option<Principal>,
    user: Option<String>,
    id: &str,
) -> Result<Value, MemoryError> {
    let id = id.parse()?;
    let ((record, scope), past, links, usage) = shared
        .run_for(who, user, move |tenant| {
            Ok((tenant.get(&id)?, tenant.history(&id)?, tenant.links(&id)?, tenant.usage(&id)?))
        })
        .await?;
    let mut answer = serde_json::to_value(&record).map_err(MemoryError::doing("read"))?;
    answer["scope"] = json!(scope);
    for name in ["created", "updated", "valid_from", "valid_to", "expires"] {
        if let Some(milliseconds) = answer.get(name).and_then(Value::as_i64) {
            answer[name] = time(milliseconds);
        }
    }
    answer["uses"] = usage.uses.into();
    if !past.is_empty() {
        answer["history"] = json!(past);
    }
    if !links.is_empty() {
        let link = |link: &Link| {
            let end = if link.to { "to" } else { "from" };
            json!({ "relation": link.relation, end: link.id })
        };
        answer["links"] = links.iter().map(link).collect();
    }
    Ok(answer)
}

pub(super) async fn stats(
    State(shared): State<Shared>,
    who: Option<Principal>,
) -> Result<String, MemoryError> {
    let health = shared.memory.health();
    let scopes = shared.run(who, |tenant| {
        let of = |scope: &Scope| Ok((scope.to_string(), json!(tenant.stats(scope)?)));
        tenant.access().reads().iter().map(of).collect::<Result<serde_json::Map<_, _>, MemoryError>>()
    });
    Ok(json!({ "scopes": scopes.await?, "health": health }).to_string())
}

/// The spans of time that were meant: of `when`, and of the filter.
fn spans(when: Option<Range>, filter: &Filter) -> (Option<String>, Vec<String>) {
    let of_filter = filter.ranges().len() - usize::from(when.is_some());
    let ranges = filter.ranges().iter().take(of_filter).map(ToString::to_string).collect();
    (when.map(|when| when.to_string()), ranges)
}

fn add_spans(answer: &mut Value, (when, ranges): &(Option<String>, Vec<String>)) {
    if let Some(when) = when {
        answer["when"] = json!(when);
    }
    if !ranges.is_empty() {
        answer["filter_times"] = json!(ranges);
    }
}

pub(super) async fn update(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(update): Args<Update>,
) -> Answer {
    let user = update.user_id.clone();
    let (id, change) = update.read()?;
    let answer = shared.run_for(who, user, move |tenant| match change {
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
    let (dry_run, user) = (delete.dry_run, delete.user_id.clone());
    let doomed = delete.read()?;
    let deleted = shared.run_for(who, user, move |tenant| match doomed {
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
