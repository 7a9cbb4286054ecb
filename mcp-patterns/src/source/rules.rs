//! `skill-rules.json`: skills with what triggers them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Loaded, Problem};
use crate::recommend::intent;
use crate::{Entry, Kind};

#[derive(Deserialize)]
struct File {
    skills: Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    description: Option<String>,
    block_message: Option<String>,
    priority: Option<String>,
    enforcement: Option<String>,
    prompt_triggers: Prompts,
    file_triggers: Files,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Prompts {
    keywords: Vec<String>,
    intent_patterns: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Files {
    path_patterns: Vec<String>,
}

/// The skills that a file names. Their bodies are elsewhere: what they block with is all that is told.
pub(super) fn read(place: &str, text: &str, loaded: &mut Loaded) {
    let file: File = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            loaded.problems.push(Problem::error(place, Some(error.line()), error.to_string()));
            return;
        }
    };
    for (name, value) in file.skills {
        let line = line_of(text, &name);
        let rule: Rule = match serde_json::from_value(value) {
            Ok(rule) => rule,
            Err(error) => {
                loaded.problems.push(Problem::error(place, line, format!("skill `{name}`: {error}")));
                continue;
            }
        };
        let described = rule.description.unwrap_or_default();
        let prompts = rule.prompt_triggers;
        let (patterns, broken): (Vec<_>, Vec<_>) =
            prompts.intent_patterns.into_iter().partition(|pattern| intent::compile(pattern).is_ok());
        for pattern in broken {
            let message = format!(
                "skill `{name}`: `intentPatterns`: `{pattern}` is left out: it cannot be compiled, or is too large; look-around and \
                 back-references are not supported"
            );
            loaded.problems.push(Problem::warning(place, line, message));
        }
        if described.is_empty() && prompts.keywords.is_empty() && patterns.is_empty() {
            let message = format!(
                "skill `{name}` has neither `description`, keywords nor patterns: it is found by its name only"
            );
            loaded.problems.push(Problem::warning(place, line, message));
        }
        let mut entry =
            Entry::new(Kind::Rule, name, described, rule.block_message.unwrap_or_default(), place);
        entry.triggers.keywords = prompts.keywords;
        entry.triggers.patterns = patterns;
        entry.tags = rule.priority.into_iter().chain(rule.enforcement).collect();
        for pattern in rule.file_triggers.path_patterns {
            let extension = pattern.rsplit_once('.').map(|(_, extension)| extension.to_owned());
            let plain = extension.filter(|of| !of.is_empty() && of.chars().all(char::is_alphanumeric));
            entry.triggers.extensions.extend(plain);
        }
        entry.triggers.extensions.sort();
        entry.triggers.extensions.dedup();
        loaded.entries.push(Arc::new(entry));
    }
}

/// The line that a key stands in.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let quoted = Value::String(key.to_owned()).to_string();
    let at = text.match_indices(&quoted).find(|(at, _)| {
        text.get(at + quoted.len()..).is_some_and(|rest| rest.trim_start().starts_with(':'))
    })?;
    Some(text.get(..at.0)?.lines().count().max(1))
}
