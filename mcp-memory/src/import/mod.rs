//! Memories that other systems kept, taken over.
//!
//! [`read`] makes drafts of a file or folder, and says of each entry that it leaves out why. [`into`] stores them. Where an entry comes from stays
//! with it, as `{"imported": {"from": "mem0", "id": "…", "updated": "…"}}` in its metadata, so an import that is done again stores nothing.
//!
//! ```
//! use mcp_memory::{Access, Memory, Scope, import};
//!
//! # let directory = std::env::temp_dir().join(format!("memory-import-doc-{}", std::process::id()));
//! # let memory = Memory::open(&directory)?;
//! let export = br#"{ "results": [{ "id": "7", "memory": "Ann likes tea", "user_id": "ann" }, { "id": "8" }] }"#;
//! let drafts = import::read_bytes(import::Format::Mem0, export);
//! let ann = memory.of(Access::new("acme", "ann"));
//! let would = import::into(&ann, &Scope::Private, drafts.clone(), true)?;
//! assert_eq!((would.memories, would.left_out[0].to_string()), (1, "8: has no text in `memory`".to_owned()));
//! assert_eq!(import::into(&ann, &Scope::Private, drafts, false)?.memories, 1);
//! # drop((ann, memory));
//! # std::fs::remove_dir_all(directory).ok();
//! # Ok::<(), mcp_memory::MemoryError>(())
//! ```
//!
//! | format | read from |
//! |---|---|
//! | [`Doobidoo`](Format::Doobidoo) | the JSON export of mcp-memory-service, or its SQLite file: without what was deleted or superseded |
//! | [`Mem0`](Format::Mem0) | a JSON list, or an object with `results`, `memories` or `records` |
//! | [`Graph`](Format::Graph) | the JSON lines of the official memory server: each observation and each relation is a memory |
//! | [`Markdown`](Format::Markdown) | a folder of basic-memory, or one note: the note and each observation is a memory |
//!
//! Times are ISO 8601, SQL style (both in UTC where no zone is named), or seconds or milliseconds since 1970. An entry whose time cannot be read is left out,
//! and not taken for new.

mod doobidoo;
mod entry;
mod graph;
mod markdown;
mod mem0;
mod note;
mod store;
mod time;

use std::fs;
use std::path::Path;

pub use store::{Imported, into};

use crate::{Draft, MemoryError};

/// What wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// doobidoo/mcp-memory-service.
    Doobidoo,
    /// mem0.
    Mem0,
    /// The official memory server.
    Graph,
    /// basic-memory.
    Markdown,
}

/// Why an entry is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{entry}: {problem}")]
#[non_exhaustive]
pub struct Problem {
    /// Which entry: its identifier, or its place.
    pub entry: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Problem {
    pub(crate) fn new(entry: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { entry: entry.into(), problem: problem.into() }
    }
}

/// An entry, or why it is left out.
pub type Entry = Result<Draft, Problem>;

/// Reads all entries of a file; of Markdown, also of a folder.
///
/// # Errors
/// The file cannot be read at all. An entry that cannot be read is a [`Problem`] among the others.
pub fn read(format: Format, path: impl AsRef<Path>) -> Result<Vec<Entry>, MemoryError> {
    let path = path.as_ref();
    if format == Format::Markdown && path.is_dir() {
        return markdown::folder(path);
    }
    if format == Format::Doobidoo && doobidoo::is_sqlite(path)? {
        return doobidoo::sqlite(path);
    }
    let bytes = fs::read(path).map_err(MemoryError::doing("imported"))?;
    if format == Format::Markdown {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        return Ok(markdown::note(&name.unwrap_or_default(), &bytes));
    }
    Ok(read_bytes(format, &bytes))
}

/// Reads all entries of what stands in a file. What is no such file at all is one [`Problem`].
#[must_use]
pub fn read_bytes(format: Format, bytes: &[u8]) -> Vec<Entry> {
    match format {
        Format::Doobidoo => doobidoo::json(bytes),
        Format::Mem0 => mem0::json(bytes),
        Format::Graph => graph::lines(bytes),
        Format::Markdown => markdown::note("note", bytes),
    }
}

/// What the tools of other memories read in the same way.
#[cfg(feature = "server")]
mod shared {
    use serde_json::Value;

    use crate::MemoryError;

    /// Tags in any of the forms that are known.
    pub(crate) fn words(value: &Value) -> Result<Vec<String>, String> {
        super::entry::tags(Some(value))
    }

    /// A time in any of the forms that are known.
    pub(crate) fn moment(field: &'static str, value: Option<&Value>) -> Result<Option<i64>, MemoryError> {
        let unnamed = |problem: String| problem.replace(&format!("`{field}` "), "");
        super::time::milliseconds(field, value)
            .map_err(|problem| MemoryError::invalid(field, unnamed(problem)))
    }
}

#[cfg(feature = "server")]
pub(crate) use mem0::{ENTITIES, session as entity_session};
#[cfg(feature = "server")]
pub(crate) use shared::{moment, words};
