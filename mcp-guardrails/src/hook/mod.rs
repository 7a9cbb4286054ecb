//! The hooks of Claude Code: JSON on standard input, an exit code and text as the answer.
//!
//! `UserPromptSubmit` suggests skills and tells the model what a prompt is flagged for, `PreToolUse` blocks or asks, `PostToolUse` tells the model what is wrong with a result. What a rule
//! takes out of a call is taken out, and the person asked about what is left; a prompt that something would have to be taken out of, or that would have to be approved, is blocked. A process
//! lives for one hook, so what is remembered stands in a [`StateFile`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use mcp_guardrails::hook::Hook;
//! use mcp_guardrails::state::{Guard, MemoryStore};
//! use mcp_guardrails::{Engine, Format, RuleSet};
//!
//! let rules = "rules: [{ id: no-rm, tool: Bash, when: { /command: { contains: rm -rf } }, then: block, message: remove files one by one }]";
//! let engine = Engine::builder().build(RuleSet::parse(rules, "rules.yaml", Format::Yaml)?)?;
//! let hook = Hook::new(Guard::new(Arc::new(engine), Arc::new(MemoryStore::default())));
//! let input = r#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"rm -rf /"}}"#;
//! let answer = hook.answer(input, 0, &|_| None);
//! assert_eq!((answer.code, answer.stderr.as_str()), (2, "remove files one by one\n"));
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```

mod answer;
mod input;
mod state_file;

pub use self::answer::{Answer, Hook, Ruling};
pub use self::input::{Input, Written};
pub use self::state_file::StateFile;
