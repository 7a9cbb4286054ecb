//! What detectors are, and what they find.

use std::fmt;
use std::ops::Range;

use crate::text::Text;

/// What sort of thing was found, family first: `secret.github-token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(&'static str);

impl Kind {
    /// A kind by its name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a detector found: where, what, and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, as bytes of the original text.
    pub span: Range<usize>,
    /// How sure the detector is, from 0 to 1.
    pub score: f32,
}

/// Looks for one sort of thing in texts.
pub trait Detector: Send + Sync {
    /// What rules call it.
    fn name(&self) -> &str;

    /// Adds what the text holds.
    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>);
}
