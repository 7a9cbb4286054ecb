//! What people ask a memory and patterns, wherever these are: the answers of their tools as data.

use std::fmt;

use mcp_core::Client;
use mcp_core::client::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Tokens that an answer of a memory may have: as many as there are at most.
const TOKENS: usize = 25_000;
/// The member of `_meta` by which a call continues a trace.
pub(crate) const TRACE: &str = "traceparent";

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// In whose words.
    pub query: String,
    /// How many memories at most.
    pub limit: usize,
    /// When it was learned, e.g. `last week`.
    pub when: Option<String>,
    /// Where: `private`, `org` or `workspace:NAME`; everywhere unless set.
    pub scope: Option<String>,
}

/// A memory that was found.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Memory {
    /// Its identifier.
    pub id: String,
    /// What it says.
    pub content: String,
    /// What it is: a note, a decision, a document.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// When it was stored.
    #[serde(default)]
    pub created: String,
    /// What it is filed under.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How well it fits.
    #[serde(default)]
    pub score: f64,
    /// Where it comes from, e.g. the path of a document.
    #[serde(default)]
    pub source: Option<String>,
}

#[derive(Deserialize)]
struct Memories {
    memories: Vec<Memory>,
}

/// Looks for memories.
///
/// # Errors
/// The memory cannot be asked, or refuses.
pub async fn search(memory: &Client, search: &Search, trace: Option<&str>) -> Result<Vec<Memory>, Error> {
    let mut arguments = Map::from_iter([
        ("query".to_owned(), json!(search.query)),
        ("limit".to_owned(), json!(search.limit)),
        ("max_tokens".to_owned(), json!(TOKENS)),
    ]);
    for (name, value) in [("when", &search.when), ("scope", &search.scope)] {
        if let Some(value) = value {
            arguments.insert(name.to_owned(), json!(value));
        }
    }
    let mut call = memory.call::<Memories>("memory_search", arguments);
    if let Some(parent) = trace {
        call = call.meta(TRACE, parent);
    }
    Ok(call.await?.memories)
}

/// What fits a task.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Recommended {
    /// The number that feedback names.
    pub exposure: i64,
    /// Whether nothing does.
    pub nothing_fits: bool,
    /// How sure that is.
    pub confidence: f64,
    /// What does, the best first.
    pub entries: Vec<Entry>,
    /// What was left out, and why.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// What came into question and is not recommended.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Its identifier.
    pub id: String,
    /// Why: a word, or a word and its figures.
    pub why: Value,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |pointer: &str| self.why.pointer(pointer).and_then(Value::as_f64);
        write!(f, "{}: ", self.id)?;
        match (
            self.why.as_str(),
            figure("/unlikely/probability"),
            figure("/tokens/needs"),
            figure("/tokens/left"),
        ) {
            (Some("enough"), ..) => f.write_str("there are as many as were asked for"),
            (Some("nothing_fits"), ..) => f.write_str("nothing fits well enough, and neither does this"),
            (_, Some(probability), ..) => write!(f, "too unlikely ({probability:.2})"),
            (_, _, Some(needs), Some(left)) => write!(f, "needs {needs} tokens, and {left} are left"),
            // A newer server knows more reasons.
            (Some(word), ..) => f.write_str(word),
            _ => self.why.fmt(f),
        }
    }
}

/// A pattern, skill, prompt or tool.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Where it comes from.
    #[serde(default)]
    pub origin: String,
    /// Under which licence.
    #[serde(default)]
    pub licence: Option<String>,
    /// Why it fits.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What its score is made of.
    #[serde(default)]
    pub parts: Value,
    /// How likely it is to be accepted before others.
    #[serde(default)]
    pub probability: f64,
    /// How long its text is, in tokens.
    #[serde(default)]
    pub tokens: u64,
}

/// Asks what fits a task.
///
/// # Errors
/// The patterns cannot be asked, or refuse.
pub async fn recommend(
    patterns: &Client,
    task: &str,
    files: &[String],
    most: u8,
    trace: Option<&str>,
) -> Result<Recommended, Error> {
    let arguments = json!({ "task": task, "files": files, "entries": most });
    let mut call = patterns.call::<Recommended>("recommend", arguments);
    if let Some(parent) = trace {
        call = call.meta(TRACE, parent);
    }
    call.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_something_was_left_out_is_said_in_words() {
        for (why, says) in [
            (json!("enough"), "x: there are as many as were asked for"),
            (json!("nothing_fits"), "x: nothing fits well enough, and neither does this"),
            (json!({ "unlikely": { "probability": 0.1234 } }), "x: too unlikely (0.12)"),
            (json!({ "tokens": { "needs": 900, "left": 20 } }), "x: needs 900 tokens, and 20 are left"),
            (json!("other"), "x: other"),
            (json!({ "other": 1 }), "x: {\"other\":1}"),
        ] {
            let left_out: LeftOut = serde_json::from_value(json!({ "id": "x", "why": why })).unwrap();
            assert_eq!(left_out.to_string(), says);
        }
    }
}
