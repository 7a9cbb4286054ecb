//! What became of documents.

use serde::Serialize;

/// What became of the documents of a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Documents that were read.
    pub files: usize,
    /// How many of them are remembered already, and did not change.
    pub unchanged: usize,
    /// Memories that were stored.
    pub memories: usize,
    /// What could not be read. What is remembered of it stays.
    pub skipped: Vec<Skipped>,
    /// What was not to be remembered: see [`Ingest::withhold`](super::Ingest::withhold).
    pub withheld: Vec<Withheld>,
    /// Documents that are gone or withheld, and their memories with them.
    pub removed: usize,
}

/// A document that was not to be remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Withheld {
    /// Which one.
    pub path: String,
    /// Why, e.g. what it holds.
    pub reason: String,
}

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Skipped {
    /// Which one.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// Documents that are done.
    pub done: usize,
    /// Documents there are.
    pub total: usize,
    /// The last of those that are done.
    pub path: &'a str,
}

impl Report {
    /// Whether anything is remembered otherwise than before.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.files > self.unchanged || self.removed > 0
    }

    pub(super) fn withhold(&mut self, path: &str, reason: String) {
        self.withheld.push(Withheld { path: path.to_owned(), reason });
    }

    pub(super) fn skip(&mut self, path: &str, problem: &dyn std::fmt::Display) {
        self.skipped.push(Skipped { path: path.to_owned(), problem: problem.to_string() });
    }
}
