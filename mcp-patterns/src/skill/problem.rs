//! What is wrong with a skill, and where.

use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The skill is refused.
    Error,
    /// It is used all the same.
    Warning,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Whether it refuses the skill.
    pub severity: Severity,
    /// The line of the file, counted from 1, where there is one.
    pub line: Option<usize>,
    /// The field of the frontmatter, or empty.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Problem {
    pub(crate) fn error(field: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, line, field: field.to_owned(), message: message.into() }
    }

    pub(crate) fn warning(field: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(field, line, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// A skill that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Everything that was found, errors first; at least one.
    pub problems: Vec<Problem>,
}

impl Invalid {
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self::from(Problem::error("", None, message))
    }
}

impl From<Problem> for Invalid {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
