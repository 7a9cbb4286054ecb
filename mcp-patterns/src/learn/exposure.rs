//! What is written down: what was shown to whom with which probability, and what became of it.

use serde::{Deserialize, Serialize};

use super::fit::Signs;
use super::likeness::Wording;

/// What somebody did with an entry that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Used as it is.
    Accepted,
    /// Used after changes.
    Edited,
    /// Said to be wrong.
    Rejected,
    /// Neither used nor refused.
    Ignored,
    /// Not about an entry: none of the catalogue fits the request, whatever was shown. [`Feedback::entry`] is empty.
    #[serde(rename = "nothing_fits")]
    NothingFits,
}

impl Exposure {
    /// The words of the request.
    pub(crate) fn wording(&self) -> Wording {
        Wording::of(self.features.iter().take(self.words).map(|(word, _)| *word), &self.phrasing)
    }
}

impl Outcome {
    /// Whether it was wanted, and how much that says: 1 for a plain answer.
    pub(crate) const fn says(self) -> (bool, f32) {
        match self {
            Self::Accepted => (true, 1.0),
            Self::Edited => (true, 0.7),
            Self::Rejected | Self::NothingFits => (false, 1.0),
            Self::Ignored => (false, 0.2),
        }
    }
}

/// An entry that could have been shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id.
    pub entry: String,
    /// Its score without what the tenant's feedback adds, in log-odds.
    pub base: f32,
    /// Its expected score, in log-odds.
    pub score: f32,
    /// The probability that it was shown first.
    pub first: f32,
    /// The probability that it was shown at all.
    pub shown: f32,
}

/// What was shown for a request. The request itself is not kept, only the numbers of its terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// Its number; 0 before it is kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub id: i64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What ranked: name and version.
    pub model: String,
    /// The numbers of the terms and how much each counts.
    pub features: Vec<(u64, f32)>,
    /// How many of them are words of the request; they come first.
    #[serde(default)]
    pub words: usize,
    /// The numbers of its stop words: how it was asked.
    pub phrasing: Vec<u64>,
    /// From the best on.
    pub candidates: Vec<Candidate>,
    /// The ids of what was shown, in order; empty if nothing fitted.
    pub shown: Vec<String>,
    /// The log-odds that the first is accepted, as thought without feedback.
    pub fit: f32,
    /// What is known of the ranking.
    pub signs: Signs,
    /// Whether it would have been shown however unlike it is to accepted requests.
    #[serde(default = "always")]
    pub open: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(id: &i64) -> bool {
    *id == 0
}

const fn always() -> bool {
    true
}

/// What somebody says of an entry that was shown, or that nothing fitted.
#[derive(Debug, Clone, Copy)]
pub struct Feedback<'a> {
    /// The exposure's number, from the recommendation.
    pub exposure: i64,
    /// The id of the entry; empty if nothing fitted.
    pub entry: &'a str,
    /// What became of it.
    pub outcome: Outcome,
    /// Who says so.
    pub principal: &'a str,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Whether other tenants may learn from it, too. It is theirs to say: nothing is shared that is not marked so.
    pub share: bool,
}

/// Feedback that was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Receipt {
    /// Its number, to undo it.
    pub id: i64,
    /// How much it counts, 0 to 1: less after much feedback in a day, or after much that contradicts all others.
    pub weight: f32,
}

/// An exposure and what was said of it, as exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What was shown.
    pub exposure: Exposure,
    /// Who said what of which entry; in order.
    pub feedback: Vec<(String, String, Outcome)>,
}
