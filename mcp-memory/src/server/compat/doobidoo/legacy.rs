//! The older names. Those of their small server answer JSON, the others text.

use mcp_core::service::Principal;
use mcp_core::{Args, State};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::browse::browse;
use super::super::words::{Count, Rest, Words};
use super::answer::{budget, item, memories, score};
use super::arguments::{Hash, List, Search, Store, TagMatch};
use super::change::deleted;
use super::find::{self, One, Wanted};
use super::hash;
use super::select::Select;
use super::store::New;
use crate::MemoryError;
use crate::server::Shared;
use crate::server::answer::result;
use crate::server::tools::Answer;
use crate::time::{TimeContext, resolve, spot};

/// What older searches return where nothing is said.
const RESULTS: usize = 5;
/// The most that a list without pages has.
const MOST: usize = 1_000;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct OldStore {
    content: String,
    tags: Option<Words>,
    memory_type: Option<String>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    agent_id: Option<String>,
    conversation_id: Option<String>,
    store: Option<String>,
}

pub(super) async fn store(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(old): Args<OldStore>,
) -> Answer {
    let store = Store {
        content: old.content,
        metadata: old.metadata,
        conversation_id: old.conversation_id,
        agent_id: old.agent_id,
        store: old.store,
        rest: Rest::new(),
    };
    let New { draft, scope, hash } = New::read(store, old.tags, old.memory_type)?;
    let stored = shared.run(who, move |tenant| tenant.store(&scope, draft)).await?;
    let message = "Memory stored successfully";
    Ok(result(&json!({ "success": true, "message": message, "content_hash": hash, "id": stored.id })))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Retrieve {
    query: String,
    n_results: Option<Count>,
    max_response_chars: Option<Count>,
}

impl Retrieve {
    fn wanted(&self) -> Wanted {
        let limit = self.n_results.map_or(RESULTS, |count| count.0);
        Wanted { query: Some(self.query.clone()), select: Select::default(), limit, superseded: false }
    }

    fn chars(&self) -> usize {
        budget(self.max_response_chars.map(|chars| chars.0))
    }
}

fn rated(one: &One) -> Value {
    let mut item = item(&one.record);
    if let Some((found, _)) = one.rated {
        item["similarity_score"] = score(found).into();
    }
    item
}

pub(super) async fn retrieve(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(retrieve): Args<Retrieve>,
) -> Answer {
    let wanted = retrieve.wanted();
    let (found, _) = shared.run(who, move |tenant| wanted.find(tenant)).await?;
    let others = json!({ "memories": [], "query": retrieve.query, "count": found.len() });
    Ok(memories(found.iter().map(rated).collect(), retrieve.chars(), others))
}

pub(super) async fn debug(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(retrieve): Args<Retrieve>,
) -> Answer {
    let wanted = retrieve.wanted();
    let (found, _) = shared.run(who, move |tenant| wanted.find(tenant)).await?;
    let explained = |one: &One| {
        let mut item = rated(one);
        item["debug_info"] = json!(one.rated.map(|(_, explain)| explain));
        item
    };
    let others = json!({ "memories": [], "query": retrieve.query, "count": found.len() });
    Ok(memories(found.iter().map(explained).collect(), retrieve.chars(), others))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Exact {
    content: String,
}

pub(super) async fn exact(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(exact): Args<Exact>,
) -> Answer {
    let hash = hash::of(&exact.content);
    let found = shared.run(who, move |tenant| match hash::find(tenant, &hash) {
        Ok(mut found) => {
            found.retain(|(record, _)| record.content.trim() == exact.content.trim());
            Ok(found)
        }
        Err(MemoryError::NotFound { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    });
    let found = found.await?;
    let items = found.iter().map(|(record, _)| item(record)).collect();
    Ok(memories(items, budget(None), json!({ "memories": [], "count": found.len() })))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Recall {
    /// Words, a time such as `last week`, or both
    query: String,
    n_results: Option<Count>,
    max_response_chars: Option<Count>,
}

pub(super) async fn recall(
    state: State<Shared>,
    who: Option<Principal>,
    Args(recall): Args<Recall>,
) -> Answer {
    let context = TimeContext::utc();
    let (time, query) = match (resolve(&recall.query, &context), spot(&recall.query, &context)) {
        (Ok(_), _) => (Some(recall.query.clone()), None),
        (Err(_), Some(found)) => {
            let part = |range: std::ops::Range<usize>| recall.query.get(range).unwrap_or_default().trim();
            let rest = format!("{} {}", part(0..found.start), part(found.end..recall.query.len()));
            let rest = Some(rest.trim().to_owned()).filter(|rest| rest.chars().any(char::is_alphanumeric));
            (Some(part(found.start..found.end).to_owned()), rest)
        }
        (Err(_), None) => (None, Some(recall.query.clone())),
    };
    let search = Search {
        query,
        time_expr: time,
        limit: Some(recall.n_results.unwrap_or(Count(RESULTS))),
        max_response_chars: recall.max_response_chars,
        ..Search::default()
    };
    find::search(state, who, Args(search)).await
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Between {
    /// Day, `2026-01-31`
    start_date: String,
    /// The same day where nothing is said
    end_date: Option<String>,
    n_results: Option<Count>,
    /// For deletes
    tag: Option<String>,
}

impl Between {
    /// From the beginning of the first day to the end of the last.
    fn select(&self) -> Result<Select, MemoryError> {
        let end = self.end_date.as_deref().unwrap_or(&self.start_date);
        let wrong =
            |_| MemoryError::invalid("start_date", "and `end_date` must be days such as `2026-01-31`");
        let day = |text: &str| text.get(..10).unwrap_or(text).parse::<jiff::civil::Date>();
        let (first, last) = (day(&self.start_date).map_err(wrong)?, day(end).map_err(wrong)?);
        if first > last {
            return Err(MemoryError::invalid("end_date", "must not be before `start_date`"));
        }
        Ok(Select {
            after: Some(first.to_string()),
            before: Some(last.tomorrow().unwrap_or(last).to_string()),
            tags: self.tag.clone().into_iter().filter(|tag| !tag.is_empty()).collect(),
            ..Select::default()
        })
    }
}

pub(super) async fn recall_between(
    state: State<Shared>,
    who: Option<Principal>,
    Args(between): Args<Between>,
) -> Answer {
    let select = between.select()?;
    let search = Search {
        after: select.after,
        before: select.before,
        limit: Some(between.n_results.unwrap_or(Count(RESULTS))),
        ..Search::default()
    };
    find::search(state, who, Args(search)).await
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Tagged {
    tags: Option<Words>,
    /// As `tags`
    tag: Option<Words>,
    #[serde(default)]
    match_all: bool,
}

impl Tagged {
    fn select(self, all_tags: bool) -> Result<Select, MemoryError> {
        let tags = Words::read(self.tags.or(self.tag))?;
        if tags.is_empty() {
            return Err(MemoryError::invalid("tags", "must name at least one tag"));
        }
        Ok(Select { tags, all_tags: all_tags || self.match_all, ..Select::default() })
    }
}

pub(super) async fn by_tag(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(tagged): Args<Tagged>,
) -> Answer {
    let select = tagged.select(false)?;
    let (tags, kind) = (select.tags.clone(), if select.all_tags { "ALL" } else { "ANY" });
    let (found, total) = shared
        .run(who, move |tenant| browse(tenant, tenant.access().reads(), &select.read()?.0, 0, MOST))
        .await?;
    let items = found.iter().map(|(record, _)| item(record)).collect();
    let others = json!({ "memories": [], "tags": tags, "match_type": kind, "count": total });
    Ok(memories(items, budget(None), others))
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct OldList {
    page: Option<Count>,
    page_size: Option<Count>,
    tag: Option<Words>,
    tags: Option<Words>,
    memory_type: Option<String>,
    #[serde(default)]
    tag_match: TagMatch,
}

pub(super) async fn list(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(old): Args<OldList>,
) -> Answer {
    let list = List {
        page: old.page,
        page_size: old.page_size,
        tags: old.tag.or(old.tags),
        tag_match: old.tag_match,
        memory_type: old.memory_type,
        ..List::default()
    };
    find::paged(shared, who, list, 10).await
}

pub(super) async fn delete(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(named): Args<Hash>,
) -> Answer {
    let hash = named.content_hash.clone();
    let done = deleted(shared, who, Some(hash), Select::default(), false).await;
    let answer = match done {
        Ok(_) => json!({ "success": true, "content_hash": named.content_hash }),
        Err(error @ MemoryError::NotFound { .. }) => {
            json!({ "success": false, "content_hash": named.content_hash, "error": error.to_string() })
        }
        Err(error) => return Err(error),
    };
    Ok(result(&answer))
}

pub(super) async fn delete_by_tags(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(tagged): Args<Tagged>,
) -> Answer {
    deleted(shared, who, None, tagged.select(false)?, false).await
}

pub(super) async fn delete_by_all_tags(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(tagged): Args<Tagged>,
) -> Answer {
    deleted(shared, who, None, tagged.select(true)?, false).await
}

pub(super) async fn delete_between(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(between): Args<Between>,
) -> Answer {
    deleted(shared, who, None, between.select()?, false).await
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Before {
    /// Day, `2026-01-31`: what was learned before it
    before_date: String,
    tag: Option<String>,
}

pub(super) async fn delete_before(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(before): Args<Before>,
) -> Answer {
    let tags = before.tag.into_iter().filter(|tag| !tag.is_empty()).collect();
    let select = Select { before: Some(before.before_date), tags, ..Select::default() };
    deleted(shared, who, None, select, false).await
}
