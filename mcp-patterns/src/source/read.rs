//! Texts to entries, whatever they were read from: a directory, an archive, a checkout.

use std::sync::Arc;

use super::files::Texts;
use super::{Format, Loaded, Problem};
use crate::skill::{Frontmatter, Mode, Skill, digest_of};
use crate::{Entry, EntryFile, Kind};

/// The name of the file that a skill begins with.
const SKILL: &str = "SKILL.md";

/// Whether a file is looked at.
pub(super) fn wanted(format: Format, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match format {
        Format::Skills { .. } => name == SKILL,
        Format::Fabric => matches!(name, "system.md" | "pattern_descriptions.json") || is_licence(path),
        Format::SkillRules => name == "skill-rules.json",
        Format::Commands | Format::Agents => path.ends_with(".md") && !name.eq_ignore_ascii_case("readme.md"),
    }
}

fn is_licence(path: &str) -> bool {
    matches!(path, "LICENSE" | "LICENSE.md" | "LICENSE.txt")
}

/// The entries of some texts; `origin` is what stands before their paths in reports.
pub(super) fn entries(format: Format, origin: &str, texts: &Texts) -> Loaded {
    let mut loaded = Loaded::default();
    for (path, text) in texts {
        let place = format!("{origin}/{path}");
        match format {
            Format::Skills { strict } => skill(strict, path, &place, text, &mut loaded),
            Format::Fabric if path.ends_with("system.md") => fabric(path, &place, text, texts, &mut loaded),
            Format::Fabric => {}
            Format::SkillRules => super::rules::read(&place, text, &mut loaded),
            Format::Commands => markdown(Kind::Command, path, &place, text, &mut loaded),
            Format::Agents => markdown(Kind::Agent, path, &place, text, &mut loaded),
        }
    }
    loaded
}

/// The folder that a file is in, and the name of that.
fn folder(path: &str) -> Option<&str> {
    let (folder, _) = path.rsplit_once('/')?;
    folder.rsplit('/').next()
}

fn skill(strict: bool, path: &str, place: &str, text: &str, loaded: &mut Loaded) {
    let mode = if strict { Mode::Strict } else { Mode::Lenient };
    match Skill::parse(text, folder(path), mode) {
        Ok(skill) => {
            loaded.problems.extend(skill.problems.iter().map(|problem| Problem::of(place, problem)));
            let mut entry = Entry::new(Kind::Skill, &skill.name, &skill.description, &skill.body, place);
            entry.version = skill.metadata("version");
            entry.licence.clone_from(&skill.license);
            entry.allowed_tools.clone_from(&skill.allowed_tools);
            entry.tags = list(skill.frontmatter.get("tags"));
            entry.triggers.keywords = list(skill.frontmatter.get("keywords"));
            let size = text.len() as u64;
            entry.files =
                vec![EntryFile { path: SKILL.to_owned(), digest: digest_of(text.as_bytes()), size }];
            loaded.entries.push(Arc::new(entry.seal()));
        }
        Err(invalid) => {
            loaded.problems.extend(invalid.problems.iter().map(|problem| Problem::of(place, problem)))
        }
    }
}

/// What a text says first: its first line that is neither empty nor a heading.
fn first_words(text: &str) -> &str {
    let mut lines = text.lines().map(str::trim);
    lines
        .find(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("---"))
        .unwrap_or_default()
}

fn fabric(path: &str, place: &str, text: &str, texts: &Texts, loaded: &mut Loaded) {
    let Some(name) = folder(path) else {
        loaded.problems.push(Problem::error(place, None, "a pattern is a folder with a `system.md`"));
        return;
    };
    let known =
        texts.iter().filter(|(path, _)| path.ends_with("pattern_descriptions.json")).find_map(|(_, text)| {
            let all: serde_json::Value = serde_json::from_str(text).ok()?;
            all.get("patterns")?
                .as_array()?
                .iter()
                .find(|of| of.get("patternName").is_some_and(|known| known == name))
                .cloned()
        });
    let said = |field: &str| known.as_ref().and_then(|known| known.get(field));
    let described =
        said("description").and_then(serde_json::Value::as_str).unwrap_or_else(|| first_words(text));
    if described.is_empty() {
        loaded.problems.push(Problem::error(place, None, "has no text: say what the pattern is for"));
        return;
    }
    let mut entry = Entry::new(Kind::Pattern, name, described, text, place);
    entry.tags = list(said("tags"));
    let licence =
        texts.iter().find(|(path, _)| is_licence(path)).map(|(_, text)| first_words(text).to_owned());
    entry.licence = licence;
    loaded.entries.push(Arc::new(entry));
}

fn markdown(kind: Kind, path: &str, place: &str, text: &str, loaded: &mut Loaded) {
    let file = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md");
    // Commands need no frontmatter.
    let (fields, body) = if text.trim_start_matches('\u{feff}').starts_with("---") {
        match Frontmatter::parse(text, Mode::Lenient) {
            Ok((front, problems)) => {
                loaded.problems.extend(problems.iter().map(|problem| Problem::of(place, problem)));
                (front.fields, front.body)
            }
            Err(invalid) => {
                loaded.problems.extend(invalid.problems.iter().map(|problem| Problem::of(place, problem)));
                return;
            }
        }
    } else {
        (serde_json::Map::new(), text.to_owned())
    };
    let said = |field: &str| fields.get(field).and_then(serde_json::Value::as_str);
    let described = said("description").unwrap_or_else(|| first_words(&body));
    if described.is_empty() {
        loaded.problems.push(Problem::error(place, Some(1), "says nothing: add a `description`"));
        return;
    }
    let mut entry = Entry::new(kind, said("name").unwrap_or(file), described, &body, place);
    entry.allowed_tools = list(fields.get("allowed-tools").or_else(|| fields.get("tools")));
    entry.tags = list(fields.get("tags"));
    entry.licence = said("license").map(str::to_owned);
    entry.version = said("version").map(str::to_owned);
    loaded.entries.push(Arc::new(entry));
}

/// A list of texts, or one text with commas.
fn list(value: Option<&serde_json::Value>) -> Vec<String> {
    match value {
        Some(serde_json::Value::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        Some(serde_json::Value::String(text)) => {
            text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}
