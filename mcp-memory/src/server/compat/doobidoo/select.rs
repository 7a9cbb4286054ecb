//! Which memories are meant.

use serde_json::{Value, json};

use super::super::browse::filter;
use crate::filter::Filter;
use crate::time::{Range, TimeContext, resolve};
use crate::{MemoryError, Scope};

/// How the tag of a store begins.
pub(super) const STORE: &str = "store:";

/// Where memories are, of a `store`: a scope of ours, and the condition that keeps to their store.
pub(super) struct Place {
    /// The scope, where one is named.
    pub(super) scope: Option<Scope>,
    condition: Option<Value>,
    /// Whether that is everywhere.
    pub(super) everywhere: bool,
}

impl Place {
    pub(super) fn of(store: Option<&str>) -> Result<Self, MemoryError> {
        let tagged = |condition| Self { scope: None, condition: Some(condition), everywhere: false };
        Ok(match store.map(str::trim).filter(|store| !store.is_empty()) {
            None | Some("default") => tagged(json!({ "not": { "tags": { "prefix": STORE } } })),
            Some("all") => Self { scope: None, condition: None, everywhere: true },
            Some(name) if name == "private" || name == "org" || name.starts_with("workspace:") => {
                Self { scope: Some(name.parse()?), condition: None, everywhere: false }
            }
            Some(name) => tagged(json!({ "tags": { "any": [tag(name)] } })),
        })
    }
}

/// The tag that says in which store a memory is.
pub(super) fn tag(store: &str) -> String {
    format!("{STORE}{store}")
}

/// The store of a memory that is to be stored: the scope, and the tag where there is one.
pub(super) fn target(store: Option<&str>) -> Result<(Scope, Option<String>), MemoryError> {
    let place = Place::of(store)?;
    if place.everywhere {
        return Err(MemoryError::invalid("store", "`all` is for searches: name one, or none"));
    }
    let is_scope = place.scope.is_some();
    let name = store.map(str::trim).filter(|store| !is_scope && !store.is_empty() && *store != "default");
    Ok((place.scope.unwrap_or(Scope::Private), name.map(tag)))
}

/// What memories have to be like.
#[derive(Debug, Default)]
pub(super) struct Select {
    pub(super) tags: Vec<String>,
    pub(super) all_tags: bool,
    pub(super) kind: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) store: Option<String>,
    pub(super) time: Option<String>,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    /// Text that is in them.
    pub(super) contains: Option<String>,
    /// Neither stored nor changed for so many days.
    pub(super) stale_days: Option<u32>,
}

impl Select {
    /// Whether anything but a store is asked for.
    pub(super) fn is_something(&self) -> bool {
        !self.tags.is_empty() || self.after.is_some() || self.before.is_some() || self.time.is_some()
    }

    /// The conditions as a filter, and the span of time to be told.
    pub(super) fn read(&self) -> Result<(Filter, Option<Range>), MemoryError> {
        let mut all = Vec::new();
        let mut add = |field: &'static str, condition: Value| {
            filter(field, &condition)?;
            all.push(condition);
            Ok::<(), MemoryError>(())
        };
        if let Some(condition) = Place::of(self.store.as_deref())?.condition {
            add("store", condition)?;
        }
        if !self.tags.is_empty() {
            add("tags", self.tagged())?;
        }
        if let Some(kind) = &self.kind {
            add("memory_type", json!({ "type": kind }))?;
        }
        if let Some(agent) = &self.agent {
            let tag = format!("agent:{agent}");
            add("agent_id", json!({ "any": [{ "agent": { "eq": agent } }, { "tags": { "any": [tag] } }] }))?;
        }
        // Both are days from their beginning: neither is asked for where a phrase is.
        for (field, operator, day) in [("after", "gte", &self.after), ("before", "lt", &self.before)] {
            if let Some(day) = day.as_ref().filter(|_| self.time.is_none()) {
                add(field, json!({ "created": { operator: day } }))?;
            }
        }
        if let Some(text) = &self.contains {
            add("query", json!({ "content": { "icontains": text } }))?;
        }
        if let Some(days) = self.stale_days {
            let before = jiff::Timestamp::now().as_millisecond() - i64::from(days) * 86_400_000;
            add("stale_days", json!({ "updated": { "lt": before } }))?;
        }
        let filter = filter("filter", &json!({ "all": all }))?;
        let Some(phrase) = &self.time else { return Ok((filter, None)) };
        let wrong = |error: crate::time::TimeError| MemoryError::invalid("time_expr", error.to_string());
        let range = resolve(phrase, &TimeContext::utc()).map_err(wrong)?;
        Ok((filter.learned(&range), Some(range)))
    }

    /// Their tags are in lower case, ours as they were written.
    fn tagged(&self) -> Value {
        let each = |tag: &String| json!({ "tags": { "any": [tag, tag.to_lowercase()] } });
        let name = if self.all_tags { "all" } else { "any" };
        json!({ name: self.tags.iter().map(each).collect::<Vec<_>>() })
    }
}
