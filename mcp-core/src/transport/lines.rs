//! Cutting a stream of bytes into lines of bounded length.

use super::connection::MAX_FRAME;

/// Collects a line from the pieces that come in. Of a line that is too long nothing is kept.
#[derive(Debug)]
pub(crate) struct Lines {
    line: Vec<u8>,
    too_long: bool,
    limit: usize,
}

impl Default for Lines {
    fn default() -> Self {
        Self::with_limit(MAX_FRAME)
    }
}

/// A line without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It has more bytes than allowed.
    TooLong,
}

impl Lines {
    /// Lines of at most `limit` bytes.
    pub(crate) const fn with_limit(limit: usize) -> Self {
        Self { line: Vec::new(), too_long: false, limit }
    }

    /// The most bytes a line may have.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the line has more bytes than allowed, be it complete or not.
    #[cfg(feature = "stdio")]
    pub(crate) const fn is_too_long(&self) -> bool {
        self.too_long
    }

    /// Forgets the line that was taken.
    pub(crate) fn clear(&mut self) {
        self.line.clear();
        self.too_long = false;
    }

    /// Takes what belongs to the line; yields how many bytes that were, and whether it is complete.
    pub(crate) fn take(&mut self, available: &[u8]) -> (usize, bool) {
        let end = memchr::memchr(b'\n', available);
        let taken = end.unwrap_or(available.len());
        if self.line.len() + taken > self.limit {
            self.too_long = true;
            self.line.clear();
        }
        if !self.too_long {
            self.line.extend_from_slice(available.get(..taken).unwrap_or_default());
        }
        (end.map_or(taken, |end| end + 1), end.is_some())
    }

    /// What was collected so far; none where there is nothing but white space.
    pub(crate) fn line(&self) -> Option<Line<'_>> {
        if self.too_long {
            return Some(Line::TooLong);
        }
        (!self.line.iter().all(u8::is_ascii_whitespace)).then_some(Line::Whole(&self.line))
    }
}
