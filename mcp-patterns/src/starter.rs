//! Skills that come with this crate: for people who build on it.

use std::sync::Arc;

use crate::skill::{Files, Invalid, Mode, SKILL_MD, Skill};
use crate::source::{Loaded, Source};
use crate::{Entry, EntryFile, Kind, PatternError};

macro_rules! skills {
    ($($name:literal,)*) => {
        const SKILLS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../skills/", $name, "/SKILL.md"))),)*];
    };
}

skills! {
    "add-memory",
    "guard-tool-calls",
    "load-test-server",
    "migrate-from-fastmcp",
    "migrate-from-rmcp",
    "plan-sprint",
    "release-server",
    "review-incident",
    "root-cause-analysis",
    "run-retrospective",
    "write-guardrail-rules",
    "write-mcp-server",
}

/// The skills, each the name of its directory and the text of its `SKILL.md`.
pub fn skills() -> impl Iterator<Item = (&'static str, &'static str)> {
    SKILLS.iter().copied()
}

/// The skills as a source of a catalogue.
///
/// ```
/// use mcp_patterns::{Catalog, starter::Starter};
///
/// let catalog = Catalog::builder().source(Starter).build();
/// assert!(catalog.get("skill:root-cause-analysis").is_some());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Starter;

impl Source for Starter {
    fn name(&self) -> String {
        "mcp-patterns".to_owned()
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        let entries = skills().map(|(name, text)| entry(name, text).map(Arc::new)).collect::<Result<_, _>>();
        let entries = entries
            .map_err(|error| PatternError::Invalid { field: "skills".into(), problem: error.to_string() })?;
        Ok(Loaded { entries, problems: Vec::new() })
    }
}

fn entry(name: &str, text: &str) -> Result<Entry, Invalid> {
    let skill = Skill::parse(text, Some(name), Mode::Strict)?;
    let mut entry = Entry::new(Kind::Skill, skill.name, skill.description, skill.body, "mcp-patterns");
    entry.licence = skill.license;
    entry.version = Some(env!("CARGO_PKG_VERSION").to_owned());
    let files = Files::of([(SKILL_MD, text.as_bytes())]).files.into_iter();
    entry.files =
        files.map(|file| EntryFile { path: file.path, digest: file.digest, size: file.size }).collect();
    Ok(entry.seal())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skill::Limits;

    #[test]
    fn all_of_them_are_valid_in_strict_mode_and_built_in() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("skills");
        let mut found: Vec<String> = std::fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert_eq!(found, skills().map(|(name, _)| name).collect::<Vec<_>>());
        for (name, text) in skills() {
            let skill = Skill::load(&root.join(name), Mode::Strict).unwrap();
            assert!(skill.problems.is_empty(), "{name}: {:?}", skill.problems);
            assert_eq!(skill, Skill::parse(text, Some(name), Mode::Strict).unwrap());
            assert!(skill.description.contains("Use it "), "{name} does not say when to use it");
            assert!(skill.body.contains("Done means:"), "{name} does not say when it is done");
            assert!(
                Files::list(&root.join(name), Limits::default()).unwrap().total_size() < 4_000,
                "{name} is long"
            );
        }
        assert_eq!(Starter.load().unwrap().entries.len(), 12);
    }
}
