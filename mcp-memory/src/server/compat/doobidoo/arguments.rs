//! What their tools take.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::words::{Count, Rest, Words};
use super::select::Select;
use crate::MemoryError;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Store {
    pub(super) content: String,
    /// Also `tags` (a list, or a text with commas) and `type`
    #[serde(default)]
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) conversation_id: Option<String>,
    pub(super) agent_id: Option<String>,
    pub(super) store: Option<String>,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Session {
    pub(super) turns: Vec<Turn>,
    pub(super) session_id: Option<String>,
    pub(super) tags: Option<Words>,
    #[serde(default)]
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) store: Option<String>,
    pub(super) agent_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Turn {
    pub(super) role: Option<String>,
    pub(super) content: Option<String>,
}

/// Whether memories need one of the tags, or all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TagMatch {
    #[default]
    Any,
    All,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    #[default]
    Semantic,
    Exact,
    Hybrid,
    Ranked,
}

impl Mode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Semantic => "semantic",
            Self::Exact => "exact",
            Self::Hybrid => "hybrid",
            Self::Ranked => "ranked",
        }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Search {
    /// May be left out where `tags` or a time is named
    pub(super) query: Option<String>,
    #[serde(default)]
    pub(super) mode: Mode,
    /// `last week`, `3 days ago`
    pub(super) time_expr: Option<String>,
    /// Day, `2026-01-31`
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    pub(super) tags: Option<Words>,
    #[serde(default)]
    pub(super) tag_match: TagMatch,
    /// 1 to 100
    pub(super) limit: Option<Count>,
    #[serde(default)]
    pub(super) include_debug: bool,
    pub(super) max_response_chars: Option<Count>,
    #[serde(default)]
    pub(super) include_superseded: bool,
    pub(super) agent_id: Option<String>,
    pub(super) store: Option<String>,
    pub(super) entity: Option<String>,
    #[serde(default)]
    pub(super) summarize: bool,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

impl Search {
    pub(super) fn select(&self) -> Result<Select, MemoryError> {
        Ok(Select {
            tags: Words::read(self.tags.clone())?,
            all_tags: self.tag_match == TagMatch::All,
            agent: self.agent_id.clone(),
            store: self.store.clone(),
            time: self.time_expr.clone().filter(|phrase| !phrase.trim().is_empty()),
            after: self.after.clone(),
            before: self.before.clone(),
            ..Select::default()
        })
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct List {
    pub(super) page: Option<Count>,
    /// 1 to 100
    pub(super) page_size: Option<Count>,
    pub(super) tags: Option<Words>,
    #[serde(default)]
    pub(super) tag_match: TagMatch,
    pub(super) memory_type: Option<String>,
    /// Neither stored nor changed for so many days
    pub(super) stale_days: Option<u32>,
    pub(super) store: Option<String>,
    pub(super) agent_id: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Delete {
    pub(super) content_hash: Option<String>,
    pub(super) tags: Option<Words>,
    #[serde(default)]
    pub(super) tag_match: TagMatch,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    #[serde(default)]
    pub(super) dry_run: bool,
    pub(super) store: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Update {
    pub(super) content_hash: String,
    /// `tags`, `memory_type`, `metadata`, `content`
    pub(super) updates: Map<String, Value>,
    /// A new memory in the place of this one
    #[serde(default)]
    pub(super) versioned: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Hash {
    pub(super) content_hash: String,
}
