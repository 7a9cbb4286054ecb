//! doobidoo/mcp-memory-service: the tools of version 12, those of its small server, and the older names.
//!
//! A `store` is a tag (`store:docs`) beneath the caller's own memories; `private`, `org` and `workspace:NAME` are our scopes. Memories are named by the hash
//! of their text, or by our identifier.

mod answer;
mod arguments;
mod change;
mod find;
mod hash;
mod legacy;
mod mistakes;
mod refused;
mod select;
mod state;
mod store;

use mcp_core::server::ToolEntry;
use mcp_core::tool;

pub(super) fn tools() -> Vec<ToolEntry> {
    let mut tools = current();
    tools.extend(older());
    tools.extend(refused::REFUSED.into_iter().map(super::refuse::refused));
    tools.into_iter().map(ToolEntry::closed_world).collect()
}

/// Those of version 12.
fn current() -> Vec<ToolEntry> {
    vec![
        tool("memory_store", store::memory).description("Stores a memory.").idempotent(),
        tool("memory_store_session", store::session)
            .description("Stores a conversation, each turn as a memory.")
            .idempotent(),
        tool("memory_search", find::search)
            .description("Finds memories by meaning, words, tags and time.")
            .read_only(),
        tool("memory_list", find::list)
            .description("Lists memories page by page, the newest first.")
            .read_only(),
        tool("memory_delete", change::delete)
            .description("Deletes memories by hash, tags or time; try `dry_run` first.")
            .destructive(),
        tool("memory_update", change::update)
            .description("Changes a memory; with `versioned`, puts a new one in its place."),
        tool("memory_cleanup", state::cleanup).description("Removes duplicates.").read_only(),
        tool("memory_health", state::health).description("Tells how the memory is.").read_only(),
        tool("memory_stats", state::statistics).description("Counts memories.").read_only(),
        tool("mistake_note_add", mistakes::add)
            .description("Notes a mistake, and what would have been right."),
        tool("mistake_note_search", mistakes::search)
            .description("Finds mistakes that were noted.")
            .read_only(),
        tool("mistake_note_update", mistakes::update).description("Changes a note of a mistake."),
        tool("mistake_note_delete", mistakes::delete)
            .description("Deletes a note of a mistake.")
            .destructive(),
        tool("get_onboarding_guide", state::guide).description("Tells how to use the memory.").read_only(),
    ]
}

/// Those of the small server, and of version 10 and before.
fn older() -> Vec<ToolEntry> {
    vec![
        tool("store_memory", legacy::store).description("As `memory_store`.").idempotent(),
        tool("retrieve_memory", legacy::retrieve).description("Finds memories by meaning.").read_only(),
        tool("retrieve_with_quality_boost", legacy::retrieve)
            .description("As `retrieve_memory`.")
            .read_only(),
        tool("debug_retrieve", legacy::debug)
            .description("Finds memories, with what scores are made of.")
            .read_only(),
        tool("exact_match_retrieve", legacy::exact)
            .description("Finds the memory with exactly this text.")
            .read_only(),
        tool("recall_memory", legacy::recall)
            .description("Finds memories by a question with a time in it.")
            .read_only(),
        tool("recall_by_timeframe", legacy::recall_between)
            .description("Lists memories between two days.")
            .read_only(),
        tool("search_by_tag", legacy::by_tag).description("Lists memories with tags.").read_only(),
        tool("list_memories", legacy::list).description("As `memory_list`.").read_only(),
        tool("delete_memory", legacy::delete).description("Deletes a memory by its hash.").destructive(),
        tool("delete_by_tag", legacy::delete_by_tags)
            .description("Deletes memories with any of the tags.")
            .destructive(),
        tool("delete_by_tags", legacy::delete_by_tags)
            .description("Deletes memories with any of the tags.")
            .destructive(),
        tool("delete_by_all_tags", legacy::delete_by_all_tags)
            .description("Deletes memories with all of the tags.")
            .destructive(),
        tool("delete_by_timeframe", legacy::delete_between)
            .description("Deletes memories between two days.")
            .destructive(),
        tool("delete_before_date", legacy::delete_before)
            .description("Deletes memories before a day.")
            .destructive(),
        tool("update_memory_metadata", change::update).description("As `memory_update`."),
        tool("cleanup_duplicates", state::cleanup).description("As `memory_cleanup`.").read_only(),
        tool("check_database_health", state::check).description("As `memory_health`.").read_only(),
        tool("get_cache_stats", state::statistics).description("As `memory_stats`.").read_only(),
    ]
}
