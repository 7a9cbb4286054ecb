//! Where in a value something is, for errors.

use std::fmt;

/// The way from the whole value to a part of it.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// All of it.
    Whole,
    /// A member of an object.
    Member(&'a Self, &'a str),
    /// An item of a list.
    Item(&'a Self, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Member(Self::Whole, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, place) => write!(f, "{parent}[{place}]"),
        }
    }
}

impl Place<'_> {
    /// A problem with what is here.
    pub(super) fn problem(&self, problem: impl fmt::Display) -> String {
        match self {
            Self::Whole => problem.to_string(),
            place => format!("`{place}`: {problem}"),
        }
    }
}
