//! The prompts.

use mcp_core::protocol::PromptMessage;
use mcp_core::server::{Completing, Context};
use mcp_core::{Args, State};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Shared;
use super::tools::{Refused, recommended};
use crate::inject::assemble;
use crate::recommend::Budget;
use crate::tools::blocking;

/// Tokens of what is injected.
const BUDGET: usize = 6_000;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Task {
    /// What is to be done.
    task: String,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Named {
    /// The id of an entry, e.g. `skill:root-cause-analysis`.
    id: String,
}

pub(super) async fn help_with(
    State(shared): State<Shared>,
    context: Context,
    Args(Task { task }): Args<Task>,
) -> Result<Vec<PromptMessage>, Refused> {
    let found = recommended(&shared, &context, task.clone(), Default::default(), Budget::default()).await?;
    let entries: Vec<_> = found.picks.into_iter().map(|pick| pick.entry).collect();
    let part = assemble(&entries, BUDGET, shared.0.scan.as_deref());
    let messages = [part.text, task].into_iter().filter(|text| !text.is_empty());
    Ok(messages.map(PromptMessage::user).collect())
}

pub(super) async fn use_entry(
    State(shared): State<Shared>,
    Args(Named { id }): Args<Named>,
) -> Result<Vec<PromptMessage>, Refused> {
    let text = blocking(move || Ok(super::tools::text(&shared, &id, BUDGET))).await??;
    Ok(vec![PromptMessage::user(text)])
}

pub(super) async fn ids(State(shared): State<Shared>, Completing { value, .. }: Completing) -> Vec<String> {
    let entries = shared.0.recommender.catalog().entries();
    let fitting = entries.iter().map(|entry| &entry.id).filter(|id| id.contains(&value));
    fitting.take(100).cloned().collect()
}
