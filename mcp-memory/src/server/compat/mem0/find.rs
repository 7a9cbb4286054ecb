//! Finding.

use mcp_core::service::Principal;
use mcp_core::{Args, State};
use serde_json::json;

use super::super::browse::{browse, start};
use super::super::words::without_effect;
use super::arguments::{List, Named, Search, filter};
use super::show::{fitting, memory, told};
use crate::server::Shared;
use crate::server::answer::{budget, result};
use crate::server::tools::Answer;
use crate::{Id, Scope};

/// Tokens of an answer.
const TOKENS: usize = 10_000;
const PAGE: usize = 10;

pub(super) async fn search(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(search): Args<Search>,
) -> Answer {
    let filter = filter(search.filters.as_ref(), &search.entities)?;
    let ignored = without_effect(&search.rest);
    let limit = search.limit.map_or(10, |limit| limit.0);
    let wanted = crate::Search::new(search.query).limit(limit).filter(filter);
    let found = shared.run(who, move |tenant| tenant.search(&wanted)).await?;
    let items = found.hits.iter().map(|hit| {
        let mut item = memory(&hit.record);
        item["score"] = ((f64::from(hit.score.clamp(0.0, 1.0)) * 1e4).round() / 1e4).into();
        item
    });
    let (items, left_out) = fitting(items.collect(), budget(Some(TOKENS)));
    let mut answer = json!({ "results": items });
    if left_out > 0 {
        answer["left_out"] = left_out.into();
    }
    Ok(result(&told(answer, &ignored)))
}

pub(super) async fn list(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(list): Args<List>,
) -> Answer {
    let (page, size) = (list.page.map_or(1, |page| page.0), list.page_size.map_or(PAGE, |size| size.0));
    let skip = start(page, size)?;
    let filter = filter(list.filters.as_ref(), &list.entities)?;
    let ignored = without_effect(&list.rest);
    let (found, all) =
        shared.run(who, move |tenant| browse(tenant, &[Scope::Private], &filter, skip, size)).await?;
    let items = found.iter().map(|(record, _)| memory(record)).collect();
    let (items, left_out) = fitting(items, budget(Some(TOKENS)));
    let mut answer = json!({
        "count": all,
        "next": (skip + size < all).then_some(page + 1),
        "previous": page.checked_sub(1).filter(|page| *page > 0),
        "results": items,
    });
    if left_out > 0 {
        answer["left_out"] = left_out.into();
    }
    Ok(result(&told(answer, &ignored)))
}

pub(super) async fn one(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(named): Args<Named>,
) -> Answer {
    let id: Id = id(&named.memory_id)?;
    let (record, _) = shared.run(who, move |tenant| tenant.get(&id)).await?;
    Ok(result(&memory(&record)))
}

/// An identifier of a memory.
pub(super) fn id(text: &str) -> Result<Id, crate::MemoryError> {
    let wrong = |_| crate::MemoryError::invalid("memory_id", "must be a UUID, as `add_memory` returned it");
    text.trim().parse().map_err(wrong)
}
