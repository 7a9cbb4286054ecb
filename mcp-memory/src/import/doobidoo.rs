//! doobidoo/mcp-memory-service: its JSON export, and its SQLite file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::{Map, Value};

use super::entry::{each, identifier, list, metadata, origin, tags, text, with_origin};
use super::time::milliseconds;
use super::{Entry, Problem};
use crate::{Draft, MemoryError};

const FROM: &str = "doobidoo";
const MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) fn is_sqlite(path: &Path) -> Result<bool, MemoryError> {
    let failed = MemoryError::doing("imported");
    let mut start = Vec::new();
    File::open(path).map_err(&failed)?.take(16).read_to_end(&mut start).map_err(&failed)?;
    Ok(start == MAGIC)
}

pub(super) fn json(bytes: &[u8]) -> Vec<Entry> {
    if bytes.starts_with(MAGIC) {
        return vec![Err(Problem::new("file", "is a database: give its path to `import::read`"))];
    }
    each(list(bytes, &["memories", "results"]), |entry| identifier(entry.get("content_hash")), draft)
}

/// A memory of theirs.
fn draft(entry: &Value) -> Result<Draft, String> {
    if !entry.is_object() {
        return Err("is no object".to_owned());
    }
    if !matches!(entry.get("deleted_at"), None | Some(Value::Null)) {
        return Err("is deleted".to_owned());
    }
    let content = text(entry, "content").ok_or("has no text in `content`")?;
    let mut members = metadata(entry.get("metadata"))?;
    if members.get("superseded_by").is_some_and(|by| !by.is_null()) {
        return Err("is superseded by another memory".to_owned());
    }
    let mut words = tags(entry.get("tags"))?;
    words.extend(tags(members.shift_remove("tags").as_ref())?);
    let time = |name: &str, also: &str| {
        let value = entry.get(name).filter(|value| !value.is_null()).or_else(|| entry.get(also));
        milliseconds(name, value)
    };
    let (created, updated) = (time("created_at", "created_at_iso")?, time("updated_at", "updated_at_iso")?);
    let store = text(entry, "store").filter(|store| *store != "default");
    words.extend(store.map(|store| format!("store:{store}")));
    let also = members.shift_remove("type");
    let also = also.as_ref().and_then(Value::as_str).filter(|kind| !kind.trim().is_empty());
    let kind = text(entry, "memory_type").or(also).map(str::to_owned);
    let agent = identifier(entry.get("agent_id")).or_else(|| identifier(members.get("agent_id")));
    let id = identifier(entry.get("content_hash")).unwrap_or_default();
    Ok(Draft {
        content: content.to_owned(),
        kind,
        tags: words,
        metadata: with_origin(members, origin(FROM, &id, updated)),
        // The same text in two stores is two memories.
        session: store.map(|store| format!("store:{store}")),
        agent,
        created,
        ..Draft::default()
    })
}

/// Reads the table of memories, whatever columns its version has. Nothing is written to the file.
pub(super) fn sqlite(path: &Path) -> Result<Vec<Entry>, MemoryError> {
    let failed = MemoryError::doing("imported");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(&failed)?;
    let mut select = db.prepare("SELECT * FROM memories ORDER BY rowid").map_err(&failed)?;
    let names: Vec<String> = select.column_names().map(str::to_owned).collect();
    let mut rows = select.query([]).map_err(&failed)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let members = members(&names, row).map_err(&failed)?;
        // What was deleted is kept by them only so that it is not stored again.
        if !matches!(members.get("deleted_at"), None | Some(Value::Null)) {
            continue;
        }
        let entry = Value::Object(members);
        let label = || {
            identifier(entry.get("content_hash")).unwrap_or_else(|| format!("entry {}", entries.len() + 1))
        };
        let read = draft(&entry).map_err(|problem| Problem::new(label(), problem));
        entries.push(read);
    }
    Ok(entries)
}

/// A row as the export has it.
fn members(names: &[String], row: &Row<'_>) -> rusqlite::Result<Map<String, Value>> {
    let mut members = Map::new();
    for (place, name) in names.iter().enumerate() {
        let value = match row.get_ref(place)? {
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        };
        members.insert(name.clone(), value);
    }
    Ok(members)
}
