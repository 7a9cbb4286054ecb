//! The folder with the sets.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A file of JSON lines; empty, and said so, if it is not there.
pub(crate) fn lines<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>> {
    let path = folder.join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("{} is missing: its sets are left out", path.display());
        return Ok(Vec::new());
    };
    text.lines()
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), at + 1))
        })
        .collect()
}

/// A text of which it is known whether it attacks.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Item {
    pub(crate) source: String,
    pub(crate) text: String,
    pub(crate) attack: bool,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) class: String,
    /// What may be learned from it: the text itself if that is not said.
    #[serde(default, deserialize_with = "said")]
    pub(crate) learn: Option<Option<String>>,
    /// The attack within a context.
    #[serde(default)]
    pub(crate) inner: String,
}

/// Tells `null` from what is not there.
fn said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Item {
    pub(crate) fn lesson(&self) -> Option<&str> {
        match &self.learn {
            None => Some(&self.text),
            Some(text) => text.as_deref(),
        }
    }
}

/// Texts of a folder that are ordinary sources, up to so many bytes.
pub(crate) fn sources(folder: &Path, most: usize) -> Result<Vec<String>> {
    let (mut texts, mut total, mut folders) = (Vec::new(), 0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(path);
                }
            } else if [
                ".rs", ".md", ".py", ".go", ".ts", ".js", ".c", ".h", ".toml", ".yml", ".json", ".lock",
            ]
            .iter()
            .any(|end| name.ends_with(end))
                && total < most
                && let Ok(text) = fs::read_to_string(&path)
            {
                total += text.len();
                texts.push(text);
            }
        }
    }
    Ok(texts)
}
