//! Why rules are refused.

use std::io;
use std::path::PathBuf;

/// Rules cannot be used. Those in force stay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The file cannot be read.
    #[error("cannot read rules `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The name of the file does not tell what it holds.
    #[error("rules `{}` must be named `.yaml`, `.yml`, `.json` or `.toml`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The text does not say what rules say.
    #[error("{origin}{}: {}{problem}{}", line_of(*line), field_of(field), hint_of(nearest.as_deref()))]
    Invalid {
        /// The file, or what stands for it.
        origin: String,
        /// The line, where it is known.
        line: Option<usize>,
        /// The path of the member, e.g. `rules[2].then`; empty where it is the whole.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Rules that were read again have one with the id of a rule that was added in the meantime.
    #[error("the rule `{id}` was added while the engine ran{}; remove the added one, or give one of the two another id", both(*stands_for))]
    Added {
        /// The id.
        id: String,
        /// Whether the added one was to stand for the one of that id, which has changed since.
        stands_for: bool,
    },
    /// A test that the rules bring fails.
    #[error("{origin}: tests[{index}] `{name}` expects {expected}, but {actual}")]
    Test {
        /// The file, or what stands for it.
        origin: String,
        /// Which test.
        index: usize,
        /// Its name.
        name: String,
        /// What it expects.
        expected: String,
        /// What the rules say, and which.
        actual: String,
    },
}

impl RuleError {
    pub(crate) fn of(origin: &str, problem: Problem, line: Option<usize>) -> Self {
        let Problem { path, problem, nearest } = problem;
        Self::Invalid { origin: origin.to_owned(), line, field: path, problem, nearest }
    }
}

const fn both(stands_for: bool) -> &'static str {
    if stands_for {
        " in the place of one that has changed since"
    } else {
        ", and the rules that were read again have one of that id, too"
    }
}

fn line_of(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

fn field_of(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("`{field}`: ") }
}

fn hint_of(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// What is wrong, where, and what may have been meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) path: String,
    pub(crate) problem: String,
    pub(crate) nearest: Option<String>,
}

impl Problem {
    pub(crate) fn at(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), nearest: None }
    }

    pub(crate) fn nearest(mut self, nearest: Option<&str>) -> Self {
        self.nearest = nearest.map(str::to_owned);
        self
    }
}
