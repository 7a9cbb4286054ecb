//! The folder with the sets.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use mcp_memory::embed::{Embedder as _, Table};
use mcp_patterns::recommend::Embedder;
use mcp_patterns::source::Entries;
use mcp_patterns::{Catalog, Entry, Kind};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Asked {
    pub(crate) query: String,
    pub(crate) tool: String,
}

#[derive(Debug, Deserialize)]
struct Prompt {
    prompt: String,
}

pub(crate) struct Data {
    pub(crate) tools: Vec<Entry>,
    pub(crate) asked: Vec<Asked>,
    /// Requests that nothing answers.
    pub(crate) others: Vec<String>,
}

/// The vectors of `mcp-memory`.
pub(crate) struct Meanings;

impl Embedder for Meanings {
    fn embed(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        Table.embed(texts).ok()
    }
}

fn lines<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<Vec<T>>> {
    let Ok(text) = fs::read_to_string(path) else {
        eprintln!("{} is missing: what needs it is left out", path.display());
        return Ok(None);
    };
    let line =
        |(at, line)| serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), at + 1));
    text.lines().enumerate().map(line).collect::<Result<_>>().map(Some)
}

impl Data {
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let asked = lines::<Asked>(&folder.join("metatool.jsonl"))?;
        let tools = folder.join("plugin_des.json");
        let Ok(text) = fs::read_to_string(&tools) else {
            eprintln!("{} is missing: only speed is measured", tools.display());
            return Ok(None);
        };
        let tools: BTreeMap<String, String> =
            serde_json::from_str(&text).with_context(|| tools.display().to_string())?;
        let tools = tools.iter().map(|(name, description)| {
            let mut entry = Entry::new(Kind::Tool, name, description, "", "MetaTool");
            entry.id.clone_from(name);
            entry
        });
        let others = lines::<Prompt>(&folder.join("wildguard.jsonl"))?.unwrap_or_default();
        let others = others.into_iter().map(|line| line.prompt).collect();
        Ok(asked.map(|asked| Self { tools: tools.collect(), asked, others }))
    }

    pub(crate) fn catalog(&self, vectors: bool) -> Arc<Catalog> {
        let builder = Catalog::builder().source(Entries::new("MetaTool", self.tools.clone()));
        Arc::new(if vectors { builder.embedder(Meanings) } else { builder }.build())
    }

    /// Without requests whose words are nearly those of one before: Jaccard from 0.5 on.
    pub(crate) fn distinct(&self) -> Vec<Asked> {
        let mut kept: Vec<(HashSet<String>, &Asked)> = Vec::new();
        for asked in &self.asked {
            let words: HashSet<String> = words(&asked.query).collect();
            let alike = kept.iter().any(|(known, _)| {
                let both = known.intersection(&words).count();
                2 * both >= known.len() + words.len() - both
            });
            if !alike {
                kept.push((words, asked));
            }
        }
        kept.into_iter().map(|(_, asked)| asked.clone()).collect()
    }
}

pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Numbers that look random.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = dice.roll());
        dice
    }

    /// Between 0 and 1.
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, many: usize) -> usize {
        ((self.roll() * many as f64) as usize).min(many.saturating_sub(1))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
