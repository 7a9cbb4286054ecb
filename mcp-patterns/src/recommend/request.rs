//! What is asked, and the answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Entry, Kind};

/// What is known besides the task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Context {
    /// Files that are open or named, by path.
    pub files: Vec<String>,
    /// Tools that are at hand, or were just called.
    pub tools: Vec<String>,
    /// Words that the work is filed under.
    pub tags: Vec<String>,
    /// Ids of entries that were used lately.
    pub recent: Vec<String>,
    /// Names of triggers that fired, of guardrails for example: ids or names of entries.
    pub triggers: Vec<String>,
}

/// How much may be recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Entries, at most. More than three help less than they cost.
    pub entries: usize,
    /// Tokens of all of them together, at most.
    pub tokens: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { entries: 3, tokens: 6000 }
    }
}

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// What is to be done, in the words of whoever wants it.
    pub task: &'a str,
    /// What is known besides.
    pub context: Context,
    /// How much may be recommended.
    pub budget: Budget,
    /// Whose feedback counts: the organisation. Not used without a learner.
    pub tenant: &'a str,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Kinds that may be recommended; all if it is empty.
    pub kinds: Vec<Kind>,
    /// Ids that may be recommended; all if it is not said. What a caller may not see is left out here.
    pub only: Option<Vec<String>>,
}

/// What a score is made of, in log-odds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Words of the request that the entry has.
    pub text: f32,
    /// How near their meanings are.
    pub meaning: f32,
    /// Files, tools, tags and triggers.
    pub context: f32,
    /// What feedback taught.
    pub learned: f32,
}

impl Parts {
    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> f32 {
        self.text + self.meaning + self.context + self.learned
    }
}

/// An entry that is recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The entry.
    pub entry: Arc<Entry>,
    /// What its score is made of.
    pub parts: Parts,
    /// How likely it is the wanted one among the candidates, 0 to 1.
    pub probability: f32,
    /// Why, for people.
    pub reasons: Vec<String>,
    /// How many tokens it costs, about.
    pub tokens: usize,
}

/// Why an entry that came into question is not recommended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// It would have been one more than was asked for.
    Enough,
    /// It is too unlikely.
    Unlikely {
        /// How likely it is the wanted one, 0 to 1.
        probability: f32,
    },
    /// It does not fit the budget.
    Tokens {
        /// How many it would need.
        needs: usize,
        /// How many were left.
        left: usize,
    },
    /// Nothing fits, not even the best.
    NothingFits,
}

/// An entry that came into question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// Its id.
    pub id: String,
    /// Why it is not recommended.
    pub why: Why,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// What feedback names; 0 without a learner.
    pub exposure: i64,
    /// From the best on; empty if nothing fits.
    pub picks: Vec<Pick>,
    /// What came into question besides.
    pub left_out: Vec<LeftOut>,
    /// How likely the best one will be accepted, 0 to 1, at the most that the model may be.
    pub confidence: f32,
    /// How many tokens the picks cost together, about.
    pub tokens: usize,
}
