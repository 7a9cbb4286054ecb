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

/// The clearest time in a text: the longest phrase that can hardly mean anything else. Words that often mean something else (`may`, `march`,
/// `second`, `fall`, a number) count only with others that leave no doubt.
#[must_use]
pub fn spot(text: &str, context: &TimeContext) -> Option<Spotted> {
    let words = split(text);
    let reading = Reading { words: &words, context };
    let mut best: Option<Spotted> = None;
    let mut at = 0;
    while at < words.len() {
        let read = reading.range(at).filter(|read| read.sure && read.end > at);
        let Some(read) = read else {
            at += 1;
            continue;
        };
        let place = words.get(at).zip(words.get(read.end - 1));
        if let Some((first, last)) = place
            && best.as_ref().is_none_or(|best| last.end - first.start > best.end - best.start)
        {
            let (start, end, next) = (first.start, last.end, read.end);
            best = Some(Spotted { range: read.said(text.get(start..end).unwrap_or_default()), start, end });
            at = next;
            continue;
        }
        at = read.end;
    }
    best
}
