//! Whose memories they are, beneath the caller: users, agents, apps and runs.

use std::collections::BTreeMap;

use mcp_core::State;
use mcp_core::service::Principal;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::browse::filter;
use crate::import::ENTITIES;
use crate::server::Shared;
use crate::server::answer::{budget, fitting, result, time};
use crate::server::tools::Answer;
use crate::{MemoryError, Record, Scope, Tenant};

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub(super) struct Entities {
    pub(super) user_id: Option<String>,
    pub(super) agent_id: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) run_id: Option<String>,
}

impl Entities {
    /// Those that are named, as (`user_id`, `ann`).
    pub(super) fn named(&self) -> Vec<(&'static str, &str)> {
        let given = [&self.user_id, &self.agent_id, &self.app_id, &self.run_id];
        let named =
            ENTITIES.iter().zip(given).filter_map(|((field, _), name)| Some((*field, name.as_deref()?)));
        named.filter(|(_, name)| !name.trim().is_empty()).collect()
    }

    /// The tags that say so.
    pub(super) fn tags(&self) -> Vec<String> {
        self.named().into_iter().filter_map(|(field, name)| tag(field, name)).collect()
    }

    /// The same as a filter of theirs.
    pub(super) fn filters(&self) -> Vec<Value> {
        self.named().into_iter().map(|(field, name)| json!({ field: name })).collect()
    }
}

/// How the tags of a kind begin.
pub(super) fn prefix(field: &str) -> Option<&'static str> {
    ENTITIES.iter().find(|(known, _)| *known == field).map(|(_, prefix)| *prefix)
}

fn tag(field: &str, name: &str) -> Option<String> {
    Some(format!("{}{name}", prefix(field)?))
}

/// The name that a memory has of a kind.
pub(super) fn name<'a>(record: &'a Record, field: &str) -> Option<&'a str> {
    let prefix = prefix(field)?;
    let tagged = record.tags.iter().find_map(|tag| tag.strip_prefix(prefix));
    tagged.or(match field {
        "agent_id" => record.agent.as_deref(),
        "run_id" => record.run.as_deref(),
        _ => None,
    })
}

/// What is known of an entity: how many memories, the first and the last time.
#[derive(Default)]
struct Known {
    memories: usize,
    created: Option<i64>,
    updated: i64,
}

pub(super) async fn list(State(shared): State<Shared>, who: Option<Principal>) -> Answer {
    let known = shared.run(who, known).await?;
    let entity = |((kind, name), known): (&(&str, String), &Known)| {
        json!({
            "id": name,
            "name": name,
            "type": kind,
            "total_memories": known.memories,
            "created_at": known.created.map(time),
            "updated_at": time(known.updated),
        })
    };
    let all = known.len();
    let (items, left_out) = fitting(known.iter().map(entity).collect(), budget(Some(10_000)));
    let mut answer = json!({ "count": all, "next": null, "previous": null, "results": items });
    if left_out > 0 {
        answer["left_out"] = left_out.into();
    }
    Ok(result(&answer))
}

fn known(tenant: &Tenant) -> Result<BTreeMap<(&'static str, String), Known>, MemoryError> {
    let any: Vec<Value> =
        ENTITIES.iter().map(|(_, prefix)| json!({ "tags": { "prefix": prefix } })).collect();
    let fields = [json!({ "agent": "*" }), json!({ "run": "*" })];
    let filter = filter("filters", &json!({ "any": any.into_iter().chain(fields).collect::<Vec<_>>() }))?;
    let mut all: BTreeMap<(&str, String), Known> = BTreeMap::new();
    for id in tenant.which(&Scope::Private, &filter)? {
        let record = match tenant.get(&id) {
            Ok((record, _)) => record,
            Err(MemoryError::NotFound { .. }) => continue,
            Err(error) => return Err(error),
        };
        for (field, prefix) in ENTITIES {
            let Some(name) = name(&record, field) else { continue };
            let known = all.entry((prefix.trim_end_matches(':'), name.to_owned())).or_default();
            known.memories += 1;
            known.created = Some(known.created.map_or(record.created, |first| first.min(record.created)));
            known.updated = known.updated.max(record.updated);
        }
    }
    Ok(all)
}
