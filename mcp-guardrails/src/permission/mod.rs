//! The permission lists of Claude Code (`permissions` in `settings.json`) as rules.
//!
//! `deny` blocks, `ask` needs approval, `allow` lets through what no other entry is about; a stricter list wins, as there. What an entry means
//! in doubt depends on its list: a command that is built of several, or a path with `..`, is denied by an entry that may be about it and allowed by
//! none.
//!
//! ```
//! use mcp_guardrails::permission::{Places, permissions};
//! use mcp_guardrails::rule::Effect;
//! use mcp_guardrails::{Engine, Event};
//! use serde_json::json;
//!
//! let settings = r#"{ "permissions": { "allow": ["Bash(npm run test:*)"], "deny": ["Read(./secrets/**)"], "ask": ["Bash(git push:*)"] } }"#;
//! let engine = Engine::builder().build(permissions(settings, "settings.json", &Places::new("/home/ann/p", "/home/ann"))?)?;
//! let effect = |tool, arguments| engine.decide(&Event::call(tool, &arguments)).effect();
//! assert_eq!(effect("Bash", json!({ "command": "cd src && git push --force" })), Effect::RequireApproval);
//! assert_eq!(effect("Read", json!({ "file_path": "/home/ann/p/secrets/key" })), Effect::Block);
//! assert_eq!(effect("Bash", json!({ "command": "npm run test:unit" })), Effect::Allow);
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```

mod command;
mod entry;
mod files;

use self::entry::List;
use crate::parse::{Cursor, Format, Problem, RuleError, RuleSet, document};
use crate::rule::{Effect, Glob, Rule};

/// Where patterns of paths begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    project: String,
    home: String,
}

impl Places {
    /// The folder of the project (for `./x`, `x` and `/x`) and the home of the person (for `~/x`), both absolute and without a slash at the end.
    #[must_use]
    pub fn new(project: impl Into<String>, home: impl Into<String>) -> Self {
        Self { project: project.into(), home: home.into() }
    }
}

/// Reads a settings file. Members beside `permissions` are let pass. `origin` names it in errors. With `defaultMode: "dontAsk"` what no entry allows
/// is blocked; otherwise the rules say nothing of it.
///
/// # Errors
/// The text is no JSON, or an entry cannot be understood: which, and how it would be.
pub fn permissions(text: &str, origin: &str, places: &Places) -> Result<RuleSet, RuleError> {
    let (value, line_of) = document(text, Format::Json, origin)?;
    let top = Cursor::top(&value);
    read(&top, origin, places).map_err(|problem| {
        let line = line_of(&problem.path);
        RuleError::of(origin, problem, line)
    })
}

fn read(top: &Cursor<'_>, origin: &str, places: &Places) -> Result<RuleSet, Problem> {
    let mut set = RuleSet::new(origin);
    let Some(at) = top.get("permissions") else { return Ok(set) };
    for list in [List::Deny, List::Ask, List::Allow] {
        for (number, text) in at.list(list.name())?.into_iter().enumerate() {
            let made = entry::rules(list, &text, places)
                .map_err(|problem| Problem::at(format!("permissions.{}[{number}]", list.name()), problem))?;
            // The same entry may stand in a list twice.
            for rule in made {
                if set.rules.iter().all(|known| known.id != rule.id) {
                    set.rules.push(rule);
                }
            }
        }
    }
    let mode = at.get("defaultMode").map(|mode| mode.owned()).transpose()?;
    if mode.as_deref() == Some("dontAsk") {
        let any = Glob::name("*").map_err(|problem| Problem::at("permissions.defaultMode", problem))?;
        // Weaker than whatever allows.
        set.rules.push(Rule::new("not allowed").tool(any).then(Effect::Block).priority(entry::ALLOWS - 1));
    }
    crate::engine::check(&set)?;
    Ok(set)
}
