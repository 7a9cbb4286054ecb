//! Guardrails as an MCP server: operators evaluate, explain, change, test and simulate rules, and approve calls.
//!
//! Who changes rules or approves calls needs the scope `guardrails:admin`: models whose calls are decided over must not have it.
//!
//! ```
//! use mcp_core::testing::TestClient;
//! use mcp_guardrails::layer::Guardrails;
//! use mcp_guardrails::{Engine, pack, server};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::builder().build(pack::named("mass-delete").unwrap()?)?;
//! let guardrails = Guardrails::builder(engine).build();
//! let client = TestClient::connect(server::builder(guardrails).without_credentials().build()?);
//! let event = json!({ "tool": "sql", "arguments": { "query": "DROP TABLE users" } });
//! let said = client.call("evaluate", json!({ "event": event })).await;
//! assert!(said.content[0].as_text().unwrap().contains(r#""rule":"delete-everything""#));
//! # Ok(()) }
//! ```

mod tools;

use std::time::SystemTime;

use mcp_core::server::BuildError;
use mcp_core::service::Principal;
use mcp_core::{Server, tool};

use crate::layer::Guardrails;

const INSTRUCTIONS: &str = "Rules over tool calls. Try an event with `evaluate`, see why with `explain`, and before a rule is added \
     try the whole set with `test_rules` and over a log with `simulate`.";

/// What a caller's credential has to say before rules may be changed or calls approved.
pub const ADMIN: &str = "guardrails:admin";

/// A server to be.
#[must_use = "a builder does nothing until it builds"]
#[derive(Debug)]
pub struct Builder {
    guardrails: Guardrails,
    open: bool,
}

/// What all calls share.
#[derive(Clone)]
struct Shared {
    guardrails: Guardrails,
    open: bool,
}

/// A server of these rules and what they remember. With a store that others use, too, it approves their calls. Observers hear of what
/// `evaluate` comes to.
pub const fn builder(guardrails: Guardrails) -> Builder {
    Builder { guardrails, open: false }
}

impl Builder {
    /// Lets who has no credentials change rules and approve calls, as on standard input and output.
    pub const fn without_credentials(mut self) -> Self {
        self.open = true;
        self
    }

    /// The server.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn build(self) -> Result<Server, BuildError> {
        let shared = Shared { guardrails: self.guardrails, open: self.open };
        Server::builder("guardrails", env!("CARGO_PKG_VERSION"))
            .instructions(INSTRUCTIONS)
            .state(shared)
            .tool(
                tool("evaluate", tools::evaluate)
                    .description("What the rules say about an event: a call, a result, a prompt, a tool in a list, a file."),
            )
            .tool(
                tool("evaluate_list", tools::evaluate_list)
                    .description("What the rules say about each tool of a list, in its order. Their session remembers labels, and nothing else."),
            )
            .tool(
                tool("explain", tools::explain)
                    .description("Why rules apply to an event, and what keeps others from it, those that nearly apply first.")
                    .read_only(),
            )
            .tool(tool("list_rules", tools::list_rules).description("The rules in force.").read_only())
            .tool(
                tool("add_rule", tools::add_rule)
                    .description("Adds a rule, or replaces the one with its id. It counts at once."),
            )
            .tool(tool("remove_rule", tools::remove_rule).description("Removes a rule. It no longer counts at once."))
            .tool(
                tool("test_rules", tools::test_rules)
                    .description("Reads a whole file of rules and runs the tests in it. Nothing changes.")
                    .read_only(),
            )
            .tool(
                tool("simulate", tools::simulate)
                    .description("Replays a log under other rules and says what they would decide differently. Nothing changes.")
                    .read_only(),
            )
            .tool(
                tool("list_pending", tools::list_pending)
                    .description("The calls that wait for approval, in every process that shares the store.")
                    .read_only(),
            )
            .tool(
                tool("approve", tools::approve)
                    .description("Approves a call that waits: once, with the same arguments by the same caller, for ten minutes."),
            )
            .build()
    }
}

impl Shared {
    fn may_change(&self, who: Option<&Principal>) -> Result<(), tools::Refused> {
        let may = who.map_or(self.open, |who| who.scopes.contains(ADMIN));
        if may { Ok(()) } else { Err(tools::Refused::Scope) }
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
