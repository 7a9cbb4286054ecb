//! Where entries come from.

#[cfg(feature = "archive")]
mod archive;
mod directory;
mod files;
mod git;
mod given;
mod mcp;
mod read;
mod rules;

use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "archive")]
pub use archive::Archive;
pub use directory::Directory;
pub use git::GitCheckout;
pub use given::Entries;
pub use mcp::McpList;
use serde::Serialize;

use crate::{Entry, PatternError, skill};

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Agent Skills: directories with a `SKILL.md`.
    Skills {
        /// Whether what other clients add is an error; else it is kept and reported.
        strict: bool,
    },
    /// Fabric: directories with a `system.md`, and descriptions in `pattern_descriptions.json`.
    Fabric,
    /// `skill-rules.json`: names, keywords and file types of skills.
    SkillRules,
    /// Markdown files with or without frontmatter that are commands.
    Commands,
    /// Markdown files with frontmatter that are agents.
    Agents,
}

/// What is wrong with the files of a source, errors first; the entries are read and dropped.
///
/// # Errors
/// Nothing of it can be read.
pub fn validate(source: &dyn Source) -> Result<Vec<Problem>, PatternError> {
    let mut problems = source.load()?.problems;
    problems.sort_by_key(|problem| problem.severity == Severity::Warning);
    Ok(problems)
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The entry is left out.
    Error,
    /// The entry is used.
    Warning,
}

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, or the source if it is all of it.
    pub origin: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    fn of(origin: &str, problem: &skill::Problem) -> Self {
        let severity = match problem.severity {
            skill::Severity::Error => Severity::Error,
            skill::Severity::Warning => Severity::Warning,
        };
        let message = format!("`{}`: {}", problem.field, problem.message);
        Self { origin: origin.to_owned(), line: problem.line, severity, message }
    }

    pub(crate) fn error(origin: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { origin: origin.to_owned(), line, severity: Severity::Error, message: message.into() }
    }

    pub(crate) fn warning(origin: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { origin: origin.to_owned(), line, severity: Severity::Warning, message: message.into() }
    }
}

/// What a source holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// Its entries.
    pub entries: Vec<Arc<Entry>>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// A place that entries come from.
pub trait Source: Send + Sync + 'static {
    /// What it is called in reports.
    fn name(&self) -> String;

    /// Reads all entries. A broken one is a problem, no error.
    ///
    /// # Errors
    /// Nothing of it can be read.
    fn load(&self) -> Result<Loaded, PatternError>;

    /// Directories whose changes change entries.
    fn directories(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
