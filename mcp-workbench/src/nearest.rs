//! What somebody may have meant.

pub use mcp_guardrails::nearest;

/// The same as the end of a message.
#[must_use]
pub(crate) fn did_you_mean<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(word, names).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
