//! The time in a question.

use super::phrase::Reading;
use super::words::split;
use super::{Range, TimeContext};

/// A phrase that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spotted {
    /// What it means.
    pub range: Range,
    /// Where the phrase begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Spotted {
    /// Whether a span has nothing that the other has not.
    fn is_within(&self, other: &Self) -> bool {
        let (from, to) = self.range.milliseconds();
        let (other_from, other_to) = other.range.milliseconds();
        other_from.is_none_or(|other| from.is_some_and(|from| from >= other))
            && other_to.is_none_or(|other| to.is_some_and(|to| to <= other))
    }
}

/// The one time in a text. Words that often mean something else (`may`, `march`, `second`, `fall`, a number) count only with others that
/// leave no doubt. Of several times the one counts that lies within all others, or the date that stands right behind (`last Friday, on 2025-05-02`),
/// and anything but `recently`; where there is none, nothing is meant for sure.
#[must_use]
pub fn spot(text: &str, context: &TimeContext) -> Option<Spotted> {
    let mut all = all(text, context);
    if all.iter().any(|one| !one.is_vague) {
        all.retain(|one| !one.is_vague);
    }
    if let [one, next] = all.as_slice()
        && !one.is_dated
        && next.is_dated
        && one.end == next.at
    {
        all.remove(0);
    }
    let narrowest =
        all.iter().position(|one| all.iter().all(|other| one.spotted.is_within(&other.spotted)))?;
    all.into_iter().nth(narrowest).map(|one| one.spotted)
}

/// A time among others.
struct One {
    spotted: Spotted,
    /// The words from which to which it is.
    at: usize,
    end: usize,
    is_dated: bool,
    is_vague: bool,
}

fn all(text: &str, context: &TimeContext) -> Vec<One> {
    let words = split(text);
    let reading = Reading { words: &words, context };
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(first) = words.get(next) {
        let at = next;
        next += 1;
        let Some(read) = reading.range(at).filter(|read| read.is_sure && !read.is_backwards) else {
            continue;
        };
        let Some(last) = read.end.checked_sub(1).and_then(|last| words.get(last)) else { continue };
        if reading.is_something_else(at, read.end) {
            continue;
        }
        let (end, is_dated) = (read.end, read.is_dated);
        let phrase = text.get(first.start..last.end).unwrap_or_default();
        let spotted = Spotted { range: read.said(phrase), start: first.start, end: last.end };
        let is_vague = matches!(last.text.as_str(), "recently" | "lately");
        found.push(One { spotted, at, end, is_dated, is_vague });
        next = end;
    }
    found
}
