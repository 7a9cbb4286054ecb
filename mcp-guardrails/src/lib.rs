//! Rules and detectors that decide over prompts, tool calls, results and files: in microseconds, and so that people can read why.
//!
//! ```
//! use mcp_guardrails::{Engine, Event, Format, RuleSet, Verdict};
//! use serde_json::json;
//!
//! let rules = RuleSet::parse(
//!     "
//! rules:
//!   - id: no-force-push
//!     tool: git_push
//!     when: { /force: true, /branch: { glob: [main, 'release/*'] } }
//!     then: block
//!     message: push to {/branch} without force
//! tests:
//!   - { event: { tool: git_push, arguments: { force: true, branch: main } }, expect: block, rule: no-force-push }
//! ",
//!     "rules.yaml",
//!     Format::Yaml,
//! )?;
//! let engine = Engine::builder().build(rules)?;
//! let arguments = json!({ "force": true, "branch": "release/2" });
//! let decision = engine.decide(&Event::call("git_push", &arguments));
//! let Verdict::Block(reason) = decision.verdict() else { unreachable!() };
//! assert_eq!((&*reason.rule, &*reason.message), ("no-force-push", "push to release/2 without force"));
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```
//!
//! # Map
//! - [`Event`]: what happens. [`rule`]: what a rule is. [`RuleSet`]: rules as files hold them.
//! - [`Engine`]: rules in force; [`Decision`]: what they say.
//! - [`trigger`]: whether a text is about something.
//! - [`skill`]: the file `skill-rules.json`.
//! - [`hook`]: the hooks of Claude Code.
//! - [`permission`]: the permission lists of Claude Code as rules.
//! - [`pin`]: tools that change behind your back.
//! - [`simulate`]: what other rules would have said.
//! - [`state`]: what is remembered between events, and approvals.
//! - [`detect`]: what is in a text: secrets, personal data, injections, poisoned tools, dangerous commands; and texts without it.
//! - [`text`]: what a text may be read as.
//! - [`operate`]: what a command line does with rules.
//! - [`pack`]: rules that are ready, by name. [`nearest`](nearest()): what a wrong name may have meant.
//! - `layer`: all of it before a service of MCP (feature `layer`). `server`: its tools for operators (feature `server`).
//!
//! # Features
//! - `gitleaks`: the rules of a `gitleaks.toml`.
//! - `layer`: a tower layer before any service of `mcp-core`.
//! - `server`: an MCP server to evaluate, change, test and simulate rules, and to approve calls.
//! - `redis`: sessions and approvals in Redis, for several machines.
//! - `sqlite`: sessions and approvals in a file.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

pub mod detect;
mod engine;
mod event;
pub mod hook;
#[cfg(feature = "layer")]
pub mod layer;
mod nearest;
pub mod operate;
pub mod pack;
mod parse;
pub mod permission;
pub mod pin;
pub mod rule;
#[cfg(feature = "server")]
pub mod server;
pub mod simulate;
pub mod skill;
pub mod state;
pub mod text;
pub mod trigger;

pub use engine::{
    Decision, Engine, EngineBuilder, Explanation, Lint, MASK, Place, Reason, RuleExplanation, Verdict,
};
pub use event::{Event, FileEdit, Phase};
pub use nearest::nearest;
pub use parse::{Circuit, Format, RuleError, RuleSet, RuleTest, Sample};
pub use text::Text;
