//! Whether a text is about something: words and expressions of many triggers, found in one pass.
//!
//! ```
//! use mcp_guardrails::rule::Trigger;
//! use mcp_guardrails::trigger::Matcher;
//!
//! let trigger = Trigger {
//!     keywords: vec!["migration".into()],
//!     patterns: vec![r"(change|alter).*?table".into()],
//!     whole_words: true,
//! };
//! let matcher = Matcher::new([&trigger]).map_err(|(_, problem)| problem)?;
//! assert!(matcher.matches("Please ALTER that table").contains(0));
//! assert!(!matcher.matches("immigration law").contains(0));
//! # Ok::<(), String>(())
//! ```

mod chain;
mod fold;
mod matcher;
#[cfg(test)]
mod tests;

pub(crate) use self::matcher::checked;
pub use self::matcher::{Hits, Matcher, Slow};
