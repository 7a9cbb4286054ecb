//! What tools take. Comments become the descriptions that models read: each costs tokens in every conversation.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::filter::Filter;
use crate::time::{Range, TimeContext, TimeError, resolve};
use crate::{Draft, Edit, Id, MemoryError, Scope};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    pub(super) memories: Vec<New>,
    /// `private` (default), `org` or `workspace:NAME`
    scope: Option<String>,
    /// Conversation that the memories are the turns of, in order
    session: Option<String>,
    /// Whom a service acts for
    pub(super) user_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    content: String,
    /// note, decision, fact, preference, lesson, …
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
    speaker: Option<String>,
    source: Option<String>,
    /// 0 to 1
    importance: Option<f32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    pub(super) query: String,
    pub(super) limit: Option<usize>,
    /// `last week`, `since May`, `2026-01-05`: when it was learned
    when: Option<String>,
    /// IANA name, for `when`
    zone: Option<String>,
    filter: Option<Conditions>,
    scope: Option<String>,
    pub(super) max_tokens: Option<usize>,
    /// Adds what each score is made of
    #[serde(default)]
    pub(super) explain: bool,
    pub(super) user_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    when: Option<String>,
    zone: Option<String>,
    filter: Option<Conditions>,
    scope: Option<String>,
    pub(super) limit: Option<usize>,
    /// `next` of the page before
    pub(super) cursor: Option<String>,
    pub(super) max_tokens: Option<usize>,
    pub(super) user_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    pub(super) id: String,
    pub(super) user_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    pub(super) id: String,
    content: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    tags: Option<Vec<String>>,
    /// Members to set; null removes
    metadata: Option<Map<String, Value>>,
    importance: Option<f32>,
    #[serde(default)]
    pub(super) supersede: bool,
    pub(super) user_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    pub(super) id: Option<String>,
    pub(super) filter: Option<Conditions>,
    scope: Option<String>,
    #[serde(default)]
    pub(super) dry_run: bool,
    pub(super) user_id: Option<String>,
}

/// Conditions such as {"type":"decision","tags":{"any":["db"]},"created":{"gte":"2026-01-01"},"metadata.x":1}; all, any, not nest
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Conditions(Map<String, Value>);

impl Conditions {
    pub(super) fn read(self, context: &TimeContext) -> Result<Filter, MemoryError> {
        Filter::parse_at(&Value::Object(self.0), context)
            .map_err(|error| MemoryError::Invalid { field: "filter", problem: error.to_string() })
    }
}

fn scope(given: Option<&str>) -> Result<Option<Scope>, MemoryError> {
    given.map(str::parse).transpose()
}

/// The time in a zone, UTC where none is named.
fn context(zone: Option<&str>) -> Result<TimeContext, MemoryError> {
    let Some(name) = zone else { return Ok(TimeContext::utc()) };
    let wrong = |_| MemoryError::invalid("zone", "must be the name of a zone, such as `Europe/Berlin`");
    Ok(TimeContext::new(jiff::Timestamp::now().in_tz(name).map_err(wrong)?))
}

/// The conditions and the span of time together, and the span by itself to be told.
fn conditions(
    given: Option<Conditions>,
    when: Option<&str>,
    zone: Option<&str>,
) -> Result<(Filter, Option<Range>), MemoryError> {
    let context = context(zone)?;
    let filter = given.map_or_else(|| Ok(Filter::everything()), |given| given.read(&context))?;
    let wrong = |error: TimeError| MemoryError::invalid("when", error.to_string());
    let when = when.map(|phrase| resolve(phrase, &context)).transpose().map_err(wrong)?;
    Ok((when.iter().fold(filter, Filter::learned), when))
}

impl Store {
    pub(super) fn read(self) -> Result<(Scope, Vec<Draft>), MemoryError> {
        let scope = scope(self.scope.as_deref())?.unwrap_or(Scope::Private);
        let session = self.session;
        let drafts = self.memories.into_iter().map(|new| Draft {
            content: new.content,
            kind: new.kind,
            tags: new.tags,
            metadata: new.metadata,
            session: session.clone(),
            speaker: new.speaker,
            source: new.source,
            importance: new.importance,
            ..Draft::default()
        });
        Ok((scope, drafts.collect()))
    }
}

impl Search {
    pub(super) fn read(self) -> Result<(crate::Search, Option<Range>), MemoryError> {
        let (filter, when) = conditions(self.filter, self.when.as_deref(), self.zone.as_deref())?;
        let mut search = crate::Search::new(self.query).filter(filter);
        search.limit = self.limit.unwrap_or(10);
        search.scopes = scope(self.scope.as_deref())?.map(|scope| vec![scope]);
        Ok((search, when))
    }
}

impl List {
    pub(super) fn read(self) -> Result<(Scope, Filter, Option<Range>), MemoryError> {
        let (filter, when) = conditions(self.filter, self.when.as_deref(), self.zone.as_deref())?;
        Ok((scope(self.scope.as_deref())?.unwrap_or(Scope::Private), filter, when))
    }
}

impl Update {
    /// What changes, or what takes the memory's place.
    pub(super) fn read(self) -> Result<(Id, Result<Edit, Draft>), MemoryError> {
        let id = self.id.parse()?;
        if self.supersede {
            let content = self
                .content
                .ok_or_else(|| MemoryError::invalid("content", "`supersede` needs the new text"))?;
            let draft = Draft {
                content,
                kind: self.kind,
                tags: self.tags.unwrap_or_default(),
                metadata: self.metadata.unwrap_or_default(),
                importance: self.importance,
                ..Draft::default()
            };
            return Ok((id, Err(draft)));
        }
        let edit = Edit {
            content: self.content,
            kind: self.kind,
            tags: self.tags,
            metadata: self.metadata,
            importance: self.importance,
            ..Edit::default()
        };
        Ok((id, Ok(edit)))
    }
}

/// What is to be deleted.
pub(super) enum Doomed {
    One(Id),
    Those(Scope, Filter),
}

impl Delete {
    pub(super) fn read(self) -> Result<Doomed, MemoryError> {
        match (self.id, self.filter) {
            (Some(id), None) => Ok(Doomed::One(id.parse()?)),
            (None, Some(filter)) => Ok(Doomed::Those(
                scope(self.scope.as_deref())?.unwrap_or(Scope::Private),
                filter.read(&TimeContext::utc())?,
            )),
            _ => Err(MemoryError::invalid("id", "name one memory by `id`, or those that pass a `filter`")),
        }
    }
}
