//! basic-memory: notes in a folder. A note is a conversation of its own, so that its parts are found together.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::entry::{origin, tags, with_origin};
use super::note::Note;
use super::time::milliseconds;
use super::{Entry, Problem};
use crate::{Draft, MemoryError};

const FROM: &str = "basic-memory";
/// Bytes of a note.
const NOTE: u64 = 4 * 1024 * 1024;

/// All notes beneath a folder, by their names. Links are not followed, and neither is what begins with a dot.
pub(super) fn folder(folder: &Path) -> Result<Vec<Entry>, MemoryError> {
    let failed = MemoryError::doing("imported");
    let (mut entries, mut paths) = (Vec::new(), Vec::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            let (kind, name) = (entry.file_type().map_err(&failed)?, entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.path().extension().is_some_and(|end| end == "md") {
                paths.push(entry.path());
            }
        }
    }
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        match bytes(&path) {
            Ok(bytes) => entries.extend(note(&name, &bytes)),
            Err(problem) => entries.push(Err(Problem::new(name, problem))),
        }
    }
    Ok(entries)
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    if fs::metadata(path).map_err(unreadable)?.len() > NOTE {
        return Err(format!("has more than {NOTE} bytes"));
    }
    fs::read(path).map_err(unreadable)
}

/// What all parts of a note have.
struct Whole {
    title: String,
    /// How the note is called, whatever its file is.
    id: String,
    path: String,
    tags: Vec<String>,
    created: Option<i64>,
    updated: Option<i64>,
}

pub(super) fn note(path: &str, bytes: &[u8]) -> Vec<Entry> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return vec![Err(Problem::new(path, "is no text in UTF-8"))];
    };
    let mut note = Note::read(text);
    let whole = match Whole::read(path, &mut note.front) {
        Ok(whole) => whole,
        Err(problem) => return vec![Err(Problem::new(path, problem))],
    };
    let mut entries = Vec::new();
    if !note.text.is_empty() || !note.relations.is_empty() || note.observations.is_empty() {
        entries.push(whole.text(&mut note).ok_or_else(|| Problem::new(path, "says nothing")));
    }
    entries.extend(note.observations.into_iter().map(|observation| {
        let mut metadata = Map::new();
        if let Some(context) = observation.context {
            metadata.insert("context".into(), context.into());
        }
        let id = format!("{}#{}/{}", whole.id, observation.category, observation.text);
        let content = format!("{}: {}", whole.title, observation.text);
        let mut draft = whole.draft(&id, content, metadata);
        draft.kind = Some(observation.category);
        draft.tags.extend(observation.tags);
        Ok(draft)
    }));
    entries
}

impl Whole {
    fn read(path: &str, front: &mut Map<String, Value>) -> Result<Self, String> {
        let mut text =
            |name: &str| front.shift_remove(name).as_ref().and_then(Value::as_str).map(str::to_owned);
        let stem = Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let title = text("title").or(stem).unwrap_or_else(|| path.to_owned());
        let id = text("permalink").unwrap_or_else(|| path.trim_end_matches(".md").to_owned());
        let mut time = |names: [&str; 3]| {
            let found = names.into_iter().find_map(|name| Some((name, front.shift_remove(name)?)));
            found.map_or(Ok(None), |(name, value)| milliseconds(name, Some(&value)))
        };
        let created = time(["created", "created_at", "date"])?;
        let updated = time(["modified", "updated", "updated_at"])?;
        let words = tags(front.shift_remove("tags").as_ref())?;
        let tags = words.into_iter().map(|tag| tag.trim_start_matches('#').to_owned()).collect();
        Ok(Self { title, id, path: path.to_owned(), tags, created, updated })
    }

    fn draft(&self, id: &str, content: String, metadata: Map<String, Value>) -> Draft {
        Draft {
            content,
            tags: self.tags.clone(),
            metadata: with_origin(metadata, origin(FROM, id, self.updated)),
            session: Some(self.id.clone()),
            source: Some(self.path.clone()),
            created: self.created,
            ..Draft::default()
        }
    }

    /// The text of a note, with all that stands above it, and what it relates to.
    fn text(&self, note: &mut Note) -> Option<Draft> {
        if note.text.is_empty() && note.relations.is_empty() {
            return None;
        }
        let mut metadata = std::mem::take(&mut note.front);
        let kind = metadata.shift_remove("type").as_ref().and_then(Value::as_str).map(str::to_owned);
        let kind = kind.filter(|kind| !kind.trim().is_empty());
        let mut content = note.text.clone();
        if !content.contains(&self.title) {
            content = format!("{}\n\n{content}", self.title);
        }
        if !note.relations.is_empty() {
            let related = note.relations.iter();
            metadata.insert(
                "relations".into(),
                related.map(|relation| json!({ "type": relation.kind, "to": relation.target })).collect(),
            );
        }
        let mut draft = self.draft(&self.id, content.trim().to_owned(), metadata);
        draft.kind = kind;
        Some(draft)
    }
}
