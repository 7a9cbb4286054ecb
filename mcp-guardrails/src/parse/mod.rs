//! From files to rules.

mod condition;
mod cursor;
mod error;
mod rule;
mod sample;
mod tree;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::cursor::Cursor;
pub(crate) use self::error::Problem;
pub use self::error::RuleError;
pub use self::sample::Sample;
use crate::rule::{Actions, Effect, Rule};

/// Reads a text, and tells how the line of a place in it is found.
pub(crate) fn document<'t>(
    text: &'t str,
    format: Format,
    origin: &str,
) -> Result<(serde_json::Value, impl Fn(&str) -> Option<usize> + 't), RuleError> {
    let value = tree::read(text, format).map_err(|(problem, line)| RuleError::of(origin, problem, line))?;
    Ok((value, move |path: &str| tree::line_of(text, format, path)))
}

/// How rules are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

impl Format {
    /// What the name of a file says.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// After so many violations everything in the session is blocked for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    /// How many blocked events are too many.
    pub violations: u32,
    /// Within what time.
    pub within: Duration,
    /// For how long nothing happens then.
    pub open_for: Duration,
}

/// A test that rules bring: what the last of some events comes to.
#[derive(Debug, Clone)]
pub struct RuleTest {
    pub(crate) name: String,
    pub(crate) events: Vec<Sample>,
    pub(crate) expect: Effect,
    pub(crate) rule: Option<String>,
}

/// Rules as they are written. An [`Engine`](crate::Engine) makes them count.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(crate) origin: String,
    /// The text that it was read from, so that what only an engine finds out has a line, too.
    source: Option<(Arc<str>, Format)>,
    /// What happens to calls, and to tools in lists, that no rule is about.
    pub default: Effect,
    /// Chains of actions by name.
    pub actions: Actions,
    /// When a session is stopped.
    pub circuit: Option<Circuit>,
    /// The rules.
    pub rules: Vec<Rule>,
    /// What they have to pass before they count.
    pub tests: Vec<RuleTest>,
}

impl RuleSet {
    /// No rules yet. `origin` names them in errors.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            source: None,
            default: Effect::Allow,
            actions: Actions::new(),
            circuit: None,
            rules: Vec::new(),
            tests: Vec::new(),
        }
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Reads rules. `origin` names them in errors.
    ///
    /// # Errors
    /// The text is malformed or names something that is not there.
    pub fn parse(text: &str, origin: &str, format: Format) -> Result<Self, RuleError> {
        let (value, line_of) = document(text, format, origin)?;
        let set = rule::set(&Cursor::top(&value), origin).and_then(|mut set| {
            crate::engine::check(&set)?;
            set.source = Some((text.into(), format));
            Ok(set)
        });
        set.map_err(|problem| {
            let line = line_of(&problem.path);
            RuleError::of(origin, problem, line)
        })
    }

    /// What it was read from is no longer what it says.
    pub(crate) fn forget_text(&mut self) {
        self.source = None;
    }

    /// What is wrong with it, where.
    pub(crate) fn refused(&self, problem: Problem) -> RuleError {
        let line =
            self.source.as_ref().and_then(|(text, format)| tree::line_of(text, *format, &problem.path));
        RuleError::of(&self.origin, problem, line)
    }

    /// Reads the rules of a file. Its name tells how they are written.
    ///
    /// # Errors
    /// The file cannot be read, or its rules cannot be used.
    pub fn open(path: &Path) -> Result<Self, RuleError> {
        let format = Format::of(path).ok_or_else(|| RuleError::Format { path: path.to_owned() })?;
        let text = std::fs::read_to_string(path)
            .map_err(|source| RuleError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string(), format)
    }
}
