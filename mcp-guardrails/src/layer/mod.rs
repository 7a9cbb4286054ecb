//! Guardrails before any service of MCP: a server, a gateway, what stands for an upstream.
//!
//! | request | events |
//! |---|---|
//! | `tools/list` | each tool a `list` event; what is not allowed is left out |
//! | `tools/call` | a `call` event before, a `result` event after |
//! | `resources/read` | the same, with the tool `resources/read` and the argument `uri` |
//! | `prompts/get` | a `prompt` event with the texts of its arguments, and a `result` event; the tool is `prompts/get` |
//! | `tasks/get`, `tasks/result` | a `result` event: the tool is the method |
//!
//! Progress and log messages of a call are decided over as results of its tool.
//!
//! What is refused never reaches the service. A refused call is answered with a result that the model reads, and anything else with an error.
//!
//! ```
//! use mcp_core::testing::TestClient;
//! use mcp_core::{Server, tool};
//! use mcp_guardrails::layer::Guardrails;
//! use mcp_guardrails::{Engine, Format, RuleSet};
//! use serde_json::json;
//! use tower_layer::Layer as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = "rules: [{ id: no-wipe, tool: wipe, then: block, message: 'delete single files instead' }]";
//! let engine = Engine::builder().build(RuleSet::parse(rules, "rules.yaml", Format::Yaml)?)?;
//! let server = Server::builder("files", "1.0.0").tool(tool("wipe", async || "gone")).build()?;
//! let guardrails = Guardrails::builder(engine).build();
//! let client = TestClient::connect(guardrails.layer().layer(server));
//! let answer = client.call("wipe", json!({})).await;
//! assert!(answer.is_error);
//! assert!(answer.content[0].as_text().unwrap().contains("delete single files instead"));
//! # Ok(()) }
//! ```

mod answer;
mod approve;
mod builder;
mod caller;
mod deed;
mod flow;
mod judge;
mod leaving;
mod list;
mod observe;
mod pinning;
mod remote;
mod service;
mod strict;

pub use self::approve::NotPending;
pub use self::builder::{Guardrails, GuardrailsBuilder};
pub use self::observe::{Activation, Observer};
pub use self::pinning::{PinMode, Unpinned};
pub use self::remote::{RemoteGuard, RemoteLayer, RemoteService};
pub use self::service::{GuardrailsLayer, GuardrailsService};
pub use crate::state::Pending;
