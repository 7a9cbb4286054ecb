//! What their tools take.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::words::{Count, Rest, Words};
use super::conditions;
use super::entities::Entities;
use crate::MemoryError;
use crate::filter::Filter;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Add {
    pub(super) text: Option<String>,
    /// `[{"role": "user", "content": "…"}]`, each stored by itself; takes the place of `text`
    pub(super) messages: Option<Messages>,
    #[serde(flatten)]
    pub(super) entities: Entities,
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) categories: Option<Words>,
    /// Day or time, from which on it is forgotten
    pub(super) expiration_date: Option<Value>,
    /// When it was learned; now where nothing is said
    pub(super) timestamp: Option<Value>,
    pub(super) memory_type: Option<String>,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

/// A text, a message, or messages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Messages {
    Text(String),
    One(Message),
    Many(Vec<Message>),
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Message {
    pub(super) role: Option<String>,
    /// A text, or parts with `text`
    pub(super) content: Option<Value>,
    pub(super) name: Option<String>,
}

impl Message {
    pub(super) fn said(&self) -> Option<String> {
        let text = match self.content.as_ref()? {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
                texts.join("\n")
            }
            _ => return None,
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Search {
    pub(super) query: String,
    pub(super) filters: Option<Value>,
    #[serde(flatten)]
    pub(super) entities: Entities,
    /// 1 to 100
    #[serde(alias = "top_k")]
    pub(super) limit: Option<Count>,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct List {
    pub(super) filters: Option<Value>,
    #[serde(flatten)]
    pub(super) entities: Entities,
    pub(super) page: Option<Count>,
    /// 1 to 100
    #[serde(alias = "limit", alias = "top_k")]
    pub(super) page_size: Option<Count>,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

/// Those of the filters that are of the entities too.
pub(super) fn filter(filters: Option<&Value>, entities: &Entities) -> Result<Filter, MemoryError> {
    let mut all = entities.filters();
    // Clients in Python write no filters as null, and some write them as text.
    match filters {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.trim().is_empty() => {}
        Some(Value::String(text)) => {
            let wrong =
                |_| MemoryError::invalid("filters", "must be an object such as `{\"user_id\": \"ann\"}`");
            all.push(serde_json::from_str(text).map_err(wrong)?);
        }
        Some(Value::Array(items)) => all.extend(items.iter().cloned()),
        Some(given) => all.push(given.clone()),
    }
    // One by itself, so that errors name the place in what was given.
    match (all.pop(), all.is_empty()) {
        (None, _) => Ok(Filter::everything()),
        (Some(one), true) => conditions::read(&one),
        (Some(last), false) => {
            conditions::read(&last)?;
            all.push(last);
            conditions::read(&json!({ "AND": all }))
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    pub(super) memory_id: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Many {
    pub(super) memory_ids: Words,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Update {
    pub(super) memory_id: String,
    #[serde(alias = "data")]
    pub(super) text: Option<String>,
    /// Members to set; null removes
    pub(super) metadata: Option<Map<String, Value>>,
}
