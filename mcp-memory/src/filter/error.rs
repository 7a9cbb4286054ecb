//! What is wrong with a filter.

/// A filter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
#[non_exhaustive]
pub struct FilterError {
    /// Where, e.g. `filter.all[1].created.after`.
    pub path: String,
    /// What is wrong there, and what would do.
    pub problem: String,
}

impl FilterError {
    pub(crate) fn new(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }
}
