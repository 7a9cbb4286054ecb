//! What detectors are and what they say.

use std::ops::Range;

use super::Kind;
use crate::text::{Text, View};

/// What a detector found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where it is: bytes of the original text, on the boundaries of characters.
    pub span: Range<usize>,
    /// How sure the detector is, from 0 to 1.
    pub score: f32,
}

impl Finding {
    /// A finding at a place of a view.
    pub(crate) fn at(kind: Kind, view: &View<'_>, range: Range<usize>, score: f32) -> Self {
        Self { kind, span: view.original(range), score }
    }
}

/// Looks for something in texts. It is pure: the same text gives the same findings.
pub trait Detector: Send + Sync {
    /// What rules call it.
    fn name(&self) -> &str;

    /// Adds what is in the text to `found`, in no particular order.
    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>);
}

/// Of findings that overlap, keeps the surest, then the longest; in the order of their places.
pub(crate) fn settle(found: &mut Vec<Finding>, from: usize) {
    let mut own = found.split_off(from.min(found.len()));
    own.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.span.len().cmp(&a.span.len())));
    let mut kept: Vec<Finding> = Vec::new();
    for finding in own {
        if kept
            .iter()
            .all(|other| other.span.end <= finding.span.start || finding.span.end <= other.span.start)
        {
            kept.push(finding);
        }
    }
    kept.sort_by_key(|finding| finding.span.start);
    found.append(&mut kept);
}
