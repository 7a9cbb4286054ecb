//! `skill-rules.json`, as Claude Code's users have it: which skills fit a prompt, and which files need one first.
//!
//! The file becomes ordinary rules, so that it is matched in the same pass, explained and reported like all others.
//!
//! ```
//! use mcp_guardrails::skill::{SkillRules, Words};
//! use mcp_guardrails::{Engine, Event};
//!
//! let file = r#"{ "version": "1.0", "skills": { "forms": {
//!     "type": "domain", "enforcement": "suggest", "priority": "high",
//!     "promptTriggers": { "keywords": ["form"], "intentPatterns": ["(create|add).*?dialog"] } } } }"#;
//! let skills = SkillRules::parse(file, "skill-rules.json", Words::Whole)?;
//! let engine = Engine::builder().build(skills.rules())?;
//! assert_eq!(engine.decide(&Event::prompt("Add a small dialog")).skills(), ["forms"]);
//! assert_eq!(engine.decide(&Event::prompt("Why does the form not submit?")).skills(), ["forms"]);
//! assert!(engine.decide(&Event::prompt("More information, please")).skills().is_empty());
//! assert!(engine.decide(&Event::prompt("Dance is a form of art")).skills().is_empty());
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```

mod common;
mod lint;
mod read;
mod rules;

pub use self::lint::{Firing, SkillLint};
pub use self::rules::USED;

use crate::parse::{Cursor, Format, RuleError, RuleSet};

/// Where keywords count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Words {
    /// Anywhere in a text, as the original hook has it: `form` in `information`.
    Anywhere,
    /// As words; what patterns name, too, with or without an `s` at its end. A keyword that is one common word (`form`, `page`) counts only
    /// where another keyword of its skill stands in the text, or a word of who speaks about programs.
    #[default]
    Whole,
}

/// What a skill's file says of one skill.
#[derive(Debug, Clone, PartialEq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// Whether a missing skill blocks, warns, or is only suggested.
    pub enforcement: Enforcement,
    /// How urgent it is.
    pub priority: Priority,
    pub(crate) keywords: Vec<String>,
    pub(crate) intents: Vec<String>,
    pub(crate) files: Option<Files>,
    pub(crate) message: Option<String>,
    pub(crate) skip: Skip,
}

/// What happens where a skill applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// A file is not written before the skill was used.
    Block,
    /// It is marked.
    Warn,
    /// It is suggested.
    Suggest,
}

/// How urgent a skill is, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// It has to be used.
    Critical,
    /// It should be.
    High,
    /// It may help.
    Medium,
    /// It is there.
    Low,
}

/// To which files a skill applies.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Files {
    pub(crate) paths: Vec<String>,
    pub(crate) exclusions: Vec<String>,
    pub(crate) contents: Vec<String>,
    pub(crate) create_only: bool,
}

/// When a skill does not apply after all.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Skip {
    pub(crate) used: bool,
    pub(crate) markers: Vec<String>,
    pub(crate) variable: Option<String>,
}

/// The skills of a file.
#[derive(Debug, Clone)]
pub struct SkillRules {
    /// In the order of the file.
    pub skills: Vec<Skill>,
    origin: String,
    set: RuleSet,
    /// The same where whole words count only.
    by_words: RuleSet,
}

impl SkillRules {
    /// Reads a file. Members that are not known are let pass, as the original does. `origin` names it in errors.
    ///
    /// # Errors
    /// The text is malformed, or one of its patterns is.
    pub fn parse(text: &str, origin: &str, words: Words) -> Result<Self, RuleError> {
        let (value, line_of) = crate::parse::document(text, Format::Json, origin)?;
        let at = Cursor::top(&value);
        let refused = |problem: crate::parse::Problem| {
            let line = line_of(&problem.path);
            RuleError::of(origin, problem, line)
        };
        let skills = read::skills(&at).map_err(refused)?;
        let set = |words| rules::set(&at, &skills, origin, words).map_err(refused);
        let (set, by_words) = (set(words)?, set(Words::Whole)?);
        Ok(Self { skills, origin: origin.to_owned(), set, by_words })
    }

    /// The rules that they are: a prompt suggests a skill, and writing a file blocks, flags or suggests by its enforcement.
    #[must_use]
    pub fn rules(&self) -> RuleSet {
        self.set.clone()
    }

    /// The environment variables by which rules can be switched off. Give their values with the events of files.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.skills.iter().filter_map(|skill| skill.skip.variable.as_deref())
    }
}
