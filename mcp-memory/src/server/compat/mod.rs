//! The tools of other memories, under the names and with the arguments that their clients know.
//!
//! What they mean is ours: whose memories are seen comes from the caller, and what names a user, an agent or a store selects beneath that, by tag.

mod browse;
mod doobidoo;
mod mem0;
mod refuse;
mod words;

use mcp_core::server::ToolEntry;

/// Whose tools a server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compatibility {
    /// Those of doobidoo/mcp-memory-service 12, and the older names.
    Doobidoo,
    /// Those of mem0's MCP server, and of openmemory.
    Mem0,
}

impl Compatibility {
    pub(super) fn tools(self) -> Vec<ToolEntry> {
        match self {
            Self::Doobidoo => doobidoo::tools(),
            Self::Mem0 => mem0::tools(),
        }
    }
}
