//! Who may do what: rules over callers, tools, prompts, resources and the arguments of a call.
//!
//! A policy is a file, checked as a whole before it counts: names, patterns, and the tests it brings. Deciding is
//! a pure function that cannot fail. A rule that denies wins over every rule that allows, and what no rule allows is denied.
//!
//! ```
//! use mcp_core::service::Principal;
//! use mcp_edge::policy::{Call, Format, Policy};
//!
//! let policy = Policy::parse(
//!     "
//! rules:
//!   - id: readers
//!     effect: allow
//!     roles: [reader]
//!     tools: ['read_*']
//!     when: { /path: { path_within: [/srv/data] } }
//! tests:
//!   - as: { role: reader }
//!     call: { tool: read_file, arguments: { path: /srv/data/../etc/passwd } }
//!     expect: deny
//! ",
//!     "policy.yaml",
//!     Format::Yaml,
//! )?;
//! let mut reader = Principal::new("acme", "ann");
//! reader.role = Some("reader".into());
//! let call = Call::tool("read_file", r#"{"path":"/srv/data/a.txt"}"#);
//! assert!(policy.decide(Some(&reader), &call).is_allowed());
//! assert!(!policy.decide(None, &call).is_allowed());
//! # Ok::<(), mcp_edge::policy::PolicyError>(())
//! ```
//!
//! The language stands in `docs/security/POLICY.md`.

mod call;
mod compile;
mod condition;
mod decide;
mod document;
mod error;
mod explain;
mod file;
mod glob;
mod lists;
mod node;
mod parse;
mod rule;
mod self_test;
mod targets;
#[cfg(test)]
mod tests;
mod uri;

pub use call::Call;
pub use decide::{Policy, Verdict};
pub use document::Effect;
pub use error::PolicyError;
pub use explain::{Explanation, RuleExplanation, RuleOutcome};
pub use file::{PolicyFile, Watch};
pub(crate) use glob::Glob;
pub use parse::Format;
