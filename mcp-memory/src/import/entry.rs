//! What the entries of all formats have in common.

use serde_json::{Map, Value, json};

use super::time::shown;
use super::{Entry, Problem};

/// Where an entry comes from, for its metadata.
pub(super) fn origin(from: &str, id: &str, updated: Option<i64>) -> Value {
    let mut origin = json!({ "from": from, "id": id });
    if let Some(updated) = updated.and_then(shown) {
        origin["updated"] = updated.into();
    }
    origin
}

/// Metadata with the origin in it.
pub(super) fn with_origin(mut metadata: Map<String, Value>, origin: Value) -> Map<String, Value> {
    metadata.insert("imported".into(), origin);
    metadata
}

/// The metadata of an entry: an object, or one as text.
pub(super) fn metadata(value: Option<&Value>) -> Result<Map<String, Value>, String> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        Some(Value::String(text)) => {
            let read: Option<Map<String, Value>> = serde_json::from_str(text).ok();
            read.ok_or_else(|| "`metadata` is no JSON object".to_owned())
        }
        Some(_) => Err("`metadata` is no object".to_owned()),
    }
}

/// Tags as a list, as a text with commas, or as a list that was written as text.
pub(super) fn tags(value: Option<&Value>) -> Result<Vec<String>, String> {
    let listed = |items: &[Value]| -> Result<Vec<String>, String> {
        let each = items.iter().map(|item| item.as_str().map(str::to_owned));
        each.collect::<Option<_>>().ok_or_else(|| "`tags` has something in it that is no text".to_owned())
    };
    let mut tags = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => listed(items)?,
        Some(Value::String(text)) if text.trim_start().starts_with('[') => {
            match serde_json::from_str::<Vec<Value>>(text) {
                Ok(items) => listed(&items)?,
                Err(_) => text.split(',').map(str::to_owned).collect(),
            }
        }
        Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
        Some(_) => return Err("`tags` is neither a list nor a text".to_owned()),
    };
    for tag in &mut tags {
        *tag = tag.trim().to_owned();
    }
    tags.retain(|tag| !tag.is_empty());
    Ok(tags)
}

/// A text that says something.
pub(super) fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// An identifier: a text or a number.
pub(super) fn identifier(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The list that stands in a file, or beneath one of some names.
pub(super) fn list(bytes: &[u8], names: &[&str]) -> Result<Vec<Value>, Problem> {
    let file: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new("file", format!("is no JSON: {error}")))?;
    let missing = || {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Problem::new("file", format!("is neither a list nor an object with one in {}", names.join(", ")))
    };
    match file {
        Value::Array(entries) => Ok(entries),
        Value::Object(mut members) => {
            let found = names.iter().find_map(|name| match members.swap_remove(*name) {
                Some(Value::Array(entries)) => Some(entries),
                _ => None,
            });
            found.ok_or_else(missing)
        }
        _ => Err(missing()),
    }
}

/// The entries of a list, each by its identifier, or by its place where it has none.
pub(super) fn each(
    entries: Result<Vec<Value>, Problem>,
    name: impl Fn(&Value) -> Option<String>,
    draft: impl Fn(&Value) -> Result<crate::Draft, String>,
) -> Vec<Entry> {
    let entries = match entries {
        Ok(entries) => entries,
        Err(problem) => return vec![Err(problem)],
    };
    let named = |(place, entry): (usize, &Value)| {
        let label = || name(entry).unwrap_or_else(|| format!("entry {}", place + 1));
        draft(entry).map_err(|problem| Problem::new(label(), problem))
    };
    entries.iter().enumerate().map(named).collect()
}
