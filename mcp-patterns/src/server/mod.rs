//! The catalogue as an MCP server: recommend, search, get, feedback, stats, validate; prompts that inject what fits; skills as resources.
//!
//! ```
//! use std::sync::Arc;
//!
//! use mcp_core::testing::TestClient;
//! use mcp_patterns::{Catalog, Recommender, server, starter::Starter};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let catalog = Arc::new(Catalog::builder().source(Starter).build());
//! let client = TestClient::connect(server::builder(Recommender::new(catalog)).build()?);
//! let found = client.call("recommend", json!({ "task": "find the root cause of the incident from logs and deploys" })).await;
//! assert!(found.content[0].as_text().unwrap().contains("skill:root-cause-analysis"));
//! # Ok(()) }
//! ```

mod observe;
mod prompts;
mod tools;

use std::sync::Arc;

use mcp_core::server::BuildError;
use mcp_core::{Server, prompt, tool};

use self::observe::Latency;
pub use self::observe::{Observer, Recommended};
use crate::Recommender;
use crate::extension::Skills;
use crate::inject::Scan;
use crate::learn::Outcome;

const INSTRUCTIONS: &str = "Skills, patterns, prompts and tools. Ask `recommend` with the task at hand, read what fits with `get`, and \
     say with `feedback` what became of it: that is how recommendations get better.";

/// A server to be.
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    recommender: Recommender,
    skills: Option<Skills>,
    scan: Option<Arc<dyn Scan>>,
    observer: Option<Arc<dyn Observer>>,
}

/// What all calls share.
#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    recommender: Recommender,
    scan: Option<Arc<dyn Scan>>,
    observer: Option<Arc<dyn Observer>>,
    latency: Latency,
}

/// A server of what a recommender knows. Give the recommender a learner, or feedback is refused.
pub fn builder(recommender: Recommender) -> Builder {
    Builder { recommender, skills: None, scan: None, observer: None }
}

impl Builder {
    /// Serves skills by the skills extension, too.
    pub fn skills(mut self, skills: Skills) -> Self {
        self.skills = Some(skills);
        self
    }

    /// Looks at each entry before a model reads it.
    pub fn scan(mut self, scan: impl Scan + 'static) -> Self {
        self.scan = Some(Arc::new(scan));
        self
    }

    /// Hears of recommendations and feedback.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The server.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn build(self) -> Result<Server, BuildError> {
        let latency = Latency::default();
        let shared = Shared(Arc::new(Inner {
            recommender: self.recommender,
            scan: self.scan,
            observer: self.observer,
            latency,
        }));
        let mut server = Server::builder("patterns", env!("CARGO_PKG_VERSION"))
            .instructions(INSTRUCTIONS)
            .state(shared)
            .tool(
                tool("recommend", tools::recommend)
                    .description("What fits a task, at most three entries, with reasons; or that nothing does."),
            )
            .tool(tool("search", tools::search).description("Entries that have certain words, the best first.").read_only())
            .tool(tool("get", tools::get).description("The whole text of an entry, marked with where it comes from.").read_only())
            .tool(
                tool("feedback", tools::feedback)
                    .description("Says what became of a recommended entry: accepted, edited, rejected or ignored; or that nothing fits the task."),
            )
            .tool(
                tool("stats", tools::stats)
                    .description("How much was shown and accepted in your organisation, and how long recommending takes.")
                    .read_only(),
            )
            .tool(
                tool("validate", tools::validate)
                    .description("Checks the text of a `SKILL.md`; says what is wrong on which line.")
                    .read_only(),
            )
            .prompt(prompt("help_with", prompts::help_with).description("A task with the entries that fit it."))
            .prompt(
                prompt("use_entry", prompts::use_entry)
                    .description("The text of an entry, by its id.")
                    .complete("id", prompts::ids),
            );
        if let Some(skills) = &self.skills {
            server = skills.install(server);
        }
        server.build()
    }
}

impl Inner {
    fn answered(&self, outcome: Outcome) {
        if let Some(observer) = &self.observer {
            observer.answered(outcome);
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("recommender", &self.recommender).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
