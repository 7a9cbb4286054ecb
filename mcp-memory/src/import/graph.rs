//! The official memory server: a JSON object a line, entities with what was observed of them, and relations.

use serde_json::{Map, Value, json};

use super::entry::{origin, text, with_origin};
use super::{Entry, Problem};
use crate::Draft;

const FROM: &str = "server-memory";

pub(super) fn lines(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let wrong = |problem: String| Err(Problem::new(format!("line {}", place + 1), problem));
        let line: Value = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(error) => {
                entries.push(wrong(format!("is no JSON: {error}")));
                continue;
            }
        };
        match line.get("type").and_then(Value::as_str) {
            Some("entity") => entity(&line, &wrong, &mut entries),
            Some("relation") => entries.push(relation(&line).or_else(wrong)),
            _ => entries.push(wrong("is neither an `entity` nor a `relation`".to_owned())),
        }
    }
    entries
}

/// Each observation by itself, in the order in which they were made; of an entity without any, that there is one.
fn entity(line: &Value, wrong: &dyn Fn(String) -> Entry, entries: &mut Vec<Entry>) {
    let Some(name) = text(line, "name") else {
        return entries.push(wrong("has no `name`".to_owned()));
    };
    let kind = text(line, "entityType").unwrap_or("entity");
    let observations = match line.get("observations") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) => return entries.push(wrong("`observations` is no list".to_owned())),
    };
    let draft = |id: &str, content: String| {
        let metadata = Map::from_iter([("entity".to_owned(), name.into())]);
        Draft {
            content,
            kind: Some(kind.to_owned()),
            tags: vec![format!("entity:{name}")],
            metadata: with_origin(metadata, origin(FROM, id, None)),
            session: Some(format!("entity:{name}")),
            ..Draft::default()
        }
    };
    if observations.is_empty() {
        entries.push(Ok(draft(&format!("entity:{name}"), format!("{name} ({kind})"))));
    }
    for (place, item) in observations.iter().enumerate() {
        // Newer versions keep more about an observation than its text.
        let said = item.as_str().or_else(|| text(item, "content")).filter(|said| !said.trim().is_empty());
        entries.push(match said {
            Some(said) => Ok(draft(&format!("entity:{name}:{said}"), format!("{name}: {said}"))),
            None => wrong(format!("observation {} of `{name}` is no text", place + 1)),
        });
    }
}

fn relation(line: &Value) -> Result<Draft, String> {
    let end = |name: &str| text(line, name).ok_or_else(|| format!("has no `{name}`"));
    let (from, to, kind) = (end("from")?, end("to")?, end("relationType")?);
    let relation = json!({ "from": from, "type": kind, "to": to });
    let metadata = Map::from_iter([("relation".to_owned(), relation)]);
    let id = format!("relation:{from}:{kind}:{to}");
    Ok(Draft {
        content: format!("{from} {} {to}", kind.replace('_', " ")),
        kind: Some("relation".to_owned()),
        tags: vec![format!("entity:{from}"), format!("entity:{to}")],
        metadata: with_origin(metadata, origin(FROM, &id, None)),
        ..Draft::default()
    })
}
