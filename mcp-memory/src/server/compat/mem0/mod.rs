//! mem0: the tools of its MCP server, and those of openmemory.
//!
//! `user_id`, `agent_id`, `app_id` and `run_id` are tags (`user:ann`) beneath the caller's own memories: naming another user never leads to what that user
//! stored. Nothing is made of messages by a model: they are stored as they are.

mod arguments;
mod conditions;
mod entities;
mod find;
mod remove;
mod show;
mod store;

use mcp_core::server::ToolEntry;
use mcp_core::tool;

const NO_EVENTS: &str = "memories are stored when `add_memory` answers: there is nothing to wait for";

pub(super) fn tools() -> Vec<ToolEntry> {
    let tools = [
        tool("add_memory", store::add).description("Stores a text, or the messages of a conversation, as they are.").idempotent(),
        tool("add_memories", store::add).description("As `add_memory`.").idempotent(),
        tool("search_memories", find::search)
            .description("Finds memories by meaning and words. `filters`: {\"AND\":[{\"user_id\":\"ann\"},{\"created_at\":{\"gte\":\"2026-01-01\"}}]}")
            .read_only(),
        tool("search_memory", find::search).description("As `search_memories`.").read_only(),
        tool("get_memories", find::list).description("Lists memories that pass `filters`, page by page.").read_only(),
        tool("list_memories", find::list).description("As `get_memories`.").read_only(),
        tool("get_memory", find::one).description("Returns one memory.").read_only(),
        tool("update_memory", store::update).description("Puts another text into a memory."),
        tool("delete_memory", remove::one).description("Deletes one memory.").destructive(),
        tool("delete_memories", remove::some).description("Deletes memories by their identifiers.").destructive(),
        tool("delete_all_memories", remove::all)
            .description("Deletes all memories of a user, agent, app or run.")
            .destructive(),
        tool("delete_entities", remove::all)
            .description("Deletes a user, agent, app or run with its memories.")
            .destructive(),
        tool("list_entities", entities::list).description("Lists the users, agents, apps and runs that have memories.").read_only(),
    ];
    let refused = [("list_events", NO_EVENTS), ("get_event_status", NO_EVENTS)];
    let refused = refused.into_iter().map(super::refuse::refused);
    tools.into_iter().chain(refused).map(ToolEntry::closed_world).collect()
}
