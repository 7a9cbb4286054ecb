//! Hundreds of tools behind two: one to find a tool, one to call it, and a few that are used often.
//!
//! A layer before any service of MCP. What it calls goes through everything that lies behind it under the tool's own name:
//! authorization, guardrails and audit see the call as if it had come so. Put it outermost.
//!
//! ```
//! use mcp_core::testing::TestClient;
//! use mcp_core::{Server, tool};
//! use mcp_patterns::tools::ToolSearch;
//! use serde_json::json;
//! use tower_layer::Layer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = Server::builder("many", "1.0.0").tool(tool("refund", async || "paid back").description("Pays money back."));
//! for i in 0..100 {
//!     server = server.tool(tool(format!("noise_{i}"), async || "").description("Makes noise."));
//! }
//! let search = ToolSearch::builder().build()?;
//! let client = TestClient::connect(search.layer().layer(server.build()?));
//! let listed = client.request("tools/list", json!({})).await?;
//! assert_eq!(listed["tools"].as_array().map(Vec::len), Some(2));
//! let found = client.call("search_tools", json!({ "query": "give the customer the money back" })).await;
//! assert!(found.content[0].as_text().unwrap().contains(r#""name":"refund""#));
//! let called = client.call("call_tool", json!({ "name": "refund" })).await;
//! assert_eq!(called.content[0].as_text(), Some("paid back"));
//! # Ok(()) }
//! ```

mod answer;
mod caller;
mod layer;
mod listed;
mod promoted;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mcp_core::Server;
use mcp_core::server::Change;
use parking_lot::Mutex;

pub(crate) use self::caller::Caller;
use self::listed::{Lists, Pool};
use self::promoted::Usage;
use crate::learn::{Feedback, Learner, Outcome, Settings};
use crate::recommend::{Abstention, Budget};
use crate::{Catalog, PatternError, Recommender, Request};

#[cfg(feature = "server")]
pub(crate) use layer::blocking;
pub use layer::{ToolSearchLayer, ToolSearchService};

/// The tool that finds tools.
pub const SEARCH: &str = "search_tools";
/// The tool that calls them.
pub const CALL: &str = "call_tool";

/// Settings of a [`ToolSearch`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    above: Option<usize>,
    always: Vec<String>,
    promoted: Option<usize>,
    learner: Option<Learner>,
}

impl Builder {
    /// Lists of so few tools are left as they are (default 12).
    pub const fn above(mut self, tools: usize) -> Self {
        self.above = Some(tools);
        self
    }

    /// Tools that are always listed, to callers who may see them.
    pub fn always(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.always.extend(names.into_iter().map(Into::into));
        self
    }

    /// How many tools that a caller uses often are listed besides (default 6).
    pub const fn promoted(mut self, tools: usize) -> Self {
        self.promoted = Some(tools);
        self
    }

    /// Keeps what is learned in a file (default: in memory).
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn store(mut self, path: &Path) -> Result<Self, PatternError> {
        self.learner = Some(Learner::open(path, Settings::default())?);
        Ok(self)
    }

    /// The search.
    ///
    /// # Errors
    /// What is learned cannot be kept.
    pub fn build(self) -> Result<ToolSearch, PatternError> {
        let learner = match self.learner {
            Some(learner) => learner,
            None => Learner::in_memory(Settings::default())?,
        };
        let pool = Pool::default();
        let catalog = Arc::new(Catalog::builder().source(pool.clone()).build());
        // Whoever searches wants to see something.
        let abstention = Abstention { below: 0.0, ..Abstention::default() };
        let recommender = Recommender::new(catalog).learner(learner).abstention(abstention);
        Ok(ToolSearch(Arc::new(Inner {
            recommender,
            pool,
            lists: Lists::default(),
            recent: Mutex::default(),
            usage: Mutex::new(Usage::new(self.promoted.unwrap_or(6))),
            always: self.always,
            above: self.above.unwrap_or(12),
        })))
    }
}

/// Finds tools for those who call them, and learns from what they called with success. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct ToolSearch(Arc<Inner>);

struct Inner {
    recommender: Recommender,
    pool: Pool,
    lists: Lists,
    /// What was found lately, by caller.
    recent: Mutex<HashMap<String, Vec<Found>>>,
    usage: Mutex<Usage>,
    always: Vec<String>,
    above: usize,
}

/// What a search found.
struct Found {
    exposure: i64,
    names: Vec<String>,
}

/// Searches that are remembered of each caller, and callers who are.
const SEARCHES: usize = 8;
const CALLERS: usize = 10_000;

impl ToolSearch {
    /// Settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The layer, to be put before a service.
    #[must_use]
    pub fn layer(&self) -> ToolSearchLayer {
        ToolSearchLayer::new(self.clone())
    }

    /// Takes what callers used since as the new list of promoted tools. Until the next time lists stay as they are, whatever is called.
    /// Whether any list changed: then tell clients.
    pub fn publish(&self) -> bool {
        self.0.usage.lock().publish()
    }

    /// Publishes lists at an interval, and tells clients of the server if one changed. Runs until the server shuts down.
    pub async fn run(&self, server: &Server, interval: Duration) {
        let stop = server.shutdown_token();
        let mut timer = tokio::time::interval(interval.max(Duration::from_secs(1)));
        timer.tick().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = timer.tick() => if self.publish() { server.publish(&Change::Tools) },
            }
        }
    }

    /// The names of the tools that fit, the best first, among those that the caller may see.
    fn find(
        &self,
        caller: &Caller,
        query: &str,
        limit: usize,
        visible: &[String],
    ) -> Result<Vec<String>, PatternError> {
        let request = Request {
            task: query,
            budget: Budget { entries: limit, tokens: usize::MAX },
            tenant: &caller.tenant,
            at: now(),
            only: Some(visible.iter().map(|name| listed::id(name)).collect()),
            ..Request::default()
        };
        let recommendation = self.0.recommender.recommend(&request)?;
        let names: Vec<String> = recommendation.picks.iter().map(|pick| pick.entry.name.clone()).collect();
        let mut recent = self.0.recent.lock();
        if recent.len() >= CALLERS && !recent.contains_key(&caller.key) {
            recent.clear();
        }
        let found = recent.entry(caller.key.clone()).or_default();
        if found.len() >= SEARCHES {
            found.remove(0);
        }
        found.push(Found { exposure: recommendation.exposure, names: names.clone() });
        Ok(names)
    }

    /// A tool was called with success: whoever found it before has found the right one.
    fn succeeded(&self, caller: &Caller, tool: &str) -> Result<(), PatternError> {
        self.0.usage.lock().note(&caller.key, tool);
        let exposure = {
            let mut recent = self.0.recent.lock();
            let Some(found) = recent.get_mut(&caller.key) else { return Ok(()) };
            let Some(at) = found.iter().rposition(|found| found.names.iter().any(|name| name == tool)) else {
                return Ok(());
            };
            found.remove(at).exposure
        };
        let feedback = Feedback {
            exposure,
            entry: &listed::id(tool),
            outcome: Outcome::Accepted,
            principal: &caller.principal,
            at: now(),
            share: false,
        };
        self.0
            .recommender
            .learned()
            .map_or(Ok(()), |learner| learner.feedback(&caller.tenant, &feedback).map(drop))
    }

    /// The names that are listed to a caller besides the two tools, in the order of their names.
    fn shown(&self, caller: &Caller) -> Vec<String> {
        let mut names = self.0.usage.lock().shown(&caller.key);
        names.extend(self.0.always.iter().cloned());
        names.sort();
        names.dedup();
        names
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl fmt::Debug for ToolSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolSearch").field("above", &self.0.above).finish_non_exhaustive()
    }
}
