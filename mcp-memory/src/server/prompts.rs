//! What a person asks an agent to do with its memory.

use mcp_core::Args;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Recall {
    /// What it is about
    topic: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Remember {
    /// What it is about, if not all of the conversation
    topic: Option<String>,
}

pub(super) async fn recall(Args(Recall { topic }): Args<Recall>) -> String {
    format!(
        "Search the memory for what is known of: {topic}\n\nUse `memory_search` with the words that were likely used then, and once more with \
         other words if little is found. Then tell me in a few lines what was decided, what is true now and since when, and what is open; with \
         the `id` of the memory behind each point. Say so where memories disagree: the newer one need not be right."
    )
}

pub(super) async fn remember(Args(Remember { topic }): Args<Remember>) -> String {
    let of = topic.map_or_else(String::new, |topic| format!(" about: {topic}"));
    format!(
        "Keep what this conversation has brought{of}.\n\nStore each decision, fact, preference and lesson by itself with `memory_store`: one or two \
         sentences that can be understood alone, with names, numbers and dates instead of \"it\" and \"today\", and the `type` that fits. Search \
         first: what is there already is not stored again, and what has changed takes the place of the old memory (`memory_update` with \
         `supersede`). Keep no passwords, keys or other secrets. Then list what you kept."
    )
}
