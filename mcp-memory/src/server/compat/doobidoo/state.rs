//! How the memory is, and how to use it.

use mcp_core::State;
use mcp_core::protocol::CallToolResult;
use mcp_core::service::Principal;
use serde_json::json;

use crate::filter::Filter;
use crate::server::answer::{result, time};
use crate::server::tools::Answer;
use crate::server::{INSTRUCTIONS, Shared};

const BACKEND: &str = "mcp-memory";

/// How many memories the caller may read.
async fn count(shared: Shared, who: Option<Principal>) -> Result<usize, crate::MemoryError> {
    let count = |tenant: &crate::Tenant| {
        let each = tenant.access().reads().iter().map(|scope| tenant.which(scope, &Filter::everything()));
        each.map(|ids| ids.map(|ids| ids.len())).sum::<Result<usize, _>>()
    };
    shared.run(who, count).await
}

pub(super) async fn health(State(shared): State<Shared>, who: Option<Principal>) -> Answer {
    let total = count(shared, who).await?;
    let health = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "validation": { "status": "healthy", "message": "the store can be read" },
        "statistics": { "backend": BACKEND, "total_memories": total },
    });
    Ok(CallToolResult::text(format!("Database Health Check Results:\n{health:#}")))
}

pub(super) async fn check(State(shared): State<Shared>, who: Option<Principal>) -> Answer {
    let total = count(shared, who).await?;
    let now = time(jiff::Timestamp::now().as_millisecond());
    let health = json!({
        "healthy": true,
        "status": "healthy",
        "storage_type": BACKEND,
        "backend": BACKEND,
        "total_memories": total,
        "last_updated": now,
    });
    Ok(result(&health))
}

pub(super) async fn statistics(State(shared): State<Shared>, who: Option<Principal>) -> Answer {
    let total = count(shared, who).await?;
    let message = "there is no cache to tell of: memories are read from the store";
    let backend = json!({ "storage_backend": BACKEND });
    Ok(result(&json!({ "message": message, "total_memories": total, "backend_info": backend })))
}

pub(super) async fn cleanup(State(shared): State<Shared>, who: Option<Principal>) -> Answer {
    // Whoever may not read is told so here too.
    count(shared, who).await?;
    Ok(CallToolResult::text("No duplicate memories found: the same text is never stored twice"))
}

pub(super) async fn guide() -> Answer {
    let tools = "`memory_store` and `memory_store_session` store, `memory_search` finds, `memory_list` lists, `memory_update` changes, \
         `memory_delete` deletes: by `content_hash`, which every answer has.";
    Ok(CallToolResult::text(format!("{INSTRUCTIONS}\n\n{tools}")))
}
