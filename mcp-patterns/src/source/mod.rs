//! Where entries come from.

mod given;

use std::path::PathBuf;
use std::sync::Arc;

pub use given::Entries;
use serde::Serialize;

use crate::{Entry, PatternError};

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
