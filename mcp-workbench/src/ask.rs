//! What people ask a memory and patterns, wherever these are: the answers of their tools as data.

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
    /// Whether memories are asked for where they come from.
    pub sources: bool,
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

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    source: Option<String>,
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
    let mut found = call.await?.memories;
    if search.sources {
        for memory_found in &mut found {
            let whole: Whole = memory.call("memory_get", json!({ "id": memory_found.id })).await?;
            memory_found.source = whole.source;
        }
    }
    Ok(found)
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
    pub left_out: Vec<Value>,
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
