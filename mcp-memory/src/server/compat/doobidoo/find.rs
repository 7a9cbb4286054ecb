//! Finding.

use mcp_core::protocol::CallToolResult;
use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::json;

use super::super::browse::{browse, start};
use super::super::words::{Words, without_effect};
use super::answer::{block, budget, item, memories, text};
use super::arguments::{List, Mode, Search, TagMatch};
use super::select::{Place, Select};
use crate::server::Shared;
use crate::server::tools::Answer;
use crate::time::Range;
use crate::{Explain, MemoryError, Record, Scope, Tenant};

/// Memories on a page where nothing is said.
const SIZE: usize = 20;

/// What is to be found.
pub(super) struct Wanted {
    pub(super) query: Option<String>,
    pub(super) select: Select,
    pub(super) limit: usize,
    pub(super) superseded: bool,
}

/// A memory that was found, and how well it fits a question.
pub(super) struct One {
    pub(super) record: Record,
    pub(super) rated: Option<(f32, Explain)>,
}

impl Wanted {
    /// Finds them: by the question where there is one, else the newest.
    pub(super) fn find(&self, tenant: &Tenant) -> Result<(Vec<One>, Option<Range>), MemoryError> {
        let (filter, range) = self.select.read()?;
        let scope = Place::of(self.select.store.as_deref())?.scope;
        if self.limit == 0 || self.limit > 100 {
            return Err(MemoryError::invalid("limit", "must be from 1 to 100"));
        }
        let Some(query) = &self.query else {
            let scopes = scope.map_or_else(|| tenant.access().reads().to_vec(), |scope| vec![scope]);
            let (found, _) = browse(tenant, &scopes, &filter, 0, self.limit)?;
            return Ok((found.into_iter().map(|(record, _)| One { record, rated: None }).collect(), range));
        };
        let mut search = crate::Search::new(query).limit(self.limit).filter(filter);
        search.superseded = self.superseded;
        search.scopes = scope.map(|scope| vec![scope]);
        let hits = tenant.search(&search)?.hits.into_iter();
        Ok((
            hits.map(|hit| One { record: hit.record, rated: Some((hit.score, hit.explain)) }).collect(),
            range,
        ))
    }
}

pub(super) async fn search(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(search): Args<Search>,
) -> Answer {
    if search.entity.as_ref().is_some_and(|entity| !entity.is_empty()) {
        return Err(MemoryError::invalid("entity", "is not kept here: put the name into `query` or `tags`"));
    }
    let query = search.query.clone().filter(|query| !query.trim().is_empty());
    let mut select = search.select()?;
    if query.is_none() && !select.is_something() {
        return Err(MemoryError::invalid(
            "query",
            "must say something, or `tags`, `time_expr`, `after` or `before` must",
        ));
    }
    let is_exact = search.mode == Mode::Exact;
    if is_exact {
        select.contains.clone_from(&query);
    }
    let limit = search.limit.map_or(10, |limit| limit.0);
    let superseded = search.include_superseded;
    let wanted = Wanted { query: query.clone().filter(|_| !is_exact), select, limit, superseded };
    let (found, range) = shared.run(who, move |tenant| wanted.find(tenant)).await?;
    Ok(told(&search, query.as_deref(), &found, range.as_ref()))
}

fn told(search: &Search, query: Option<&str>, found: &[One], range: Option<&Range>) -> CallToolResult {
    let about = query.map_or_else(String::new, |query| format!(" for query: '{query}'"));
    let mut head = if found.is_empty() {
        format!("No memories found{about}")
    } else {
        format!("Found {} memories (mode: {}){about}", found.len(), search.mode.name())
    };
    if let Some(range) = range {
        head.push_str(&format!("\nTime: {range}"));
    }
    let blocks = found.iter().zip(1..).map(|(one, place)| {
        let mut block = block(place, &one.record);
        if let Some((score, explain)) = one.rated.filter(|_| search.include_debug) {
            block.push_str(&format!(
                "\n   Score: {score:.3} (words {:.3}, meaning {:.3}, neighbours {:.3}, session {:.3})",
                explain.text, explain.vector, explain.neighbour, explain.session
            ));
        }
        block
    });
    let mut notes = Vec::new();
    if search.summarize {
        notes.push(
            "there is no language model here to summarize: these are the memories themselves".to_owned(),
        );
    }
    let ignored = without_effect(&search.rest);
    if !ignored.is_empty() {
        notes.push(format!("without effect here: {}", ignored.join(", ")));
    }
    text(head, blocks.collect(), budget(search.max_response_chars.map(|chars| chars.0)), &notes)
}

pub(super) async fn list(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(list): Args<List>,
) -> Answer {
    paged(shared, who, list, SIZE).await
}

/// A page of memories, with how many there are.
pub(super) async fn paged(shared: Shared, who: Option<Principal>, list: List, size: usize) -> Answer {
    let (page, size) = (list.page.map_or(1, |page| page.0), list.page_size.map_or(size, |size| size.0));
    let skip = start(page, size)?;
    let select = Select {
        tags: Words::read(list.tags)?,
        all_tags: list.tag_match == TagMatch::All,
        kind: list.memory_type,
        agent: list.agent_id,
        store: list.store,
        stale_days: list.stale_days,
        ..Select::default()
    };
    let (found, total) = shared
        .run(who, move |tenant| {
            let (filter, _) = select.read()?;
            let place = Place::of(select.store.as_deref())?;
            let scopes = if place.everywhere {
                tenant.access().reads().to_vec()
            } else {
                vec![place.scope.unwrap_or(Scope::Private)]
            };
            browse(tenant, &scopes, &filter, skip, size)
        })
        .await?;
    let items = found.iter().map(|(record, _)| item(record)).collect();
    let others = json!({
        "memories": [],
        "page": page,
        "page_size": size,
        "total": total,
        "total_pages": total.div_ceil(size),
        "has_more": skip + size < total,
    });
    Ok(memories(items, budget(None), others))
}
