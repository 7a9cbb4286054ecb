//! A memory as they show it.

use serde_json::{Map, Value, json};

use super::entities::name;
use crate::Record;
use crate::import::ENTITIES;
use crate::server::answer::time;

const CATEGORY: &str = "category:";

pub(super) fn memory(record: &Record) -> Value {
    let mut item = json!({ "id": record.id, "memory": record.content });
    for (field, _) in ENTITIES {
        item[field] = name(record, field).into();
    }
    let categories: Vec<&str> = record.tags.iter().filter_map(|tag| tag.strip_prefix(CATEGORY)).collect();
    let is_own = |tag: &&String| {
        let is_theirs =
            tag.starts_with(CATEGORY) || ENTITIES.iter().any(|(_, prefix)| tag.starts_with(prefix));
        !is_theirs
    };
    let tags: Vec<&String> = record.tags.iter().filter(is_own).collect();
    item["categories"] = json!(categories);
    item["metadata"] = record.metadata.clone().into();
    item["created_at"] = time(record.created);
    item["updated_at"] = time(record.updated);
    let others = [
        ("tags", (!tags.is_empty()).then(|| json!(tags))),
        ("role", record.speaker.as_ref().map(|role| json!(role))),
        ("memory_type", Some(&record.kind).filter(|kind| *kind != "note").map(|kind| json!(kind))),
        ("expiration_date", record.expires.map(time)),
    ];
    for (field, value) in others {
        if let Some(value) = value {
            item[field] = value;
        }
    }
    item
}

/// What was asked for and has no effect, told in the answer.
pub(super) fn told(mut answer: Value, ignored: &[String]) -> Value {
    if !ignored.is_empty() {
        answer["without_effect"] = json!(ignored);
    }
    answer
}

/// A memory that was found, cut where it is too long.
pub(super) fn fitting(items: Vec<Value>, bytes: usize) -> (Vec<Value>, usize) {
    // What is cut is the text, which is called otherwise here.
    let renamed = |item: Value, from: &str, to: &str| match item {
        Value::Object(members) => {
            let name = |name: String| if name == from { to.to_owned() } else { name };
            Value::Object(
                members.into_iter().map(|(member, value)| (name(member), value)).collect::<Map<_, _>>(),
            )
        }
        other => other,
    };
    let items = items.into_iter().map(|item| renamed(item, "memory", "content")).collect();
    let (items, left_out) = crate::server::answer::fitting(items, bytes);
    (items.into_iter().map(|item| renamed(item, "content", "memory")).collect(), left_out)
}
