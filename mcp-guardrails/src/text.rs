//! A text that detectors look at.

/// A text, and what detectors share about it.
#[derive(Debug)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Wraps a text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text as it came.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}
