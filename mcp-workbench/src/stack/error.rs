//! Why a stack cannot be opened.

use std::io;
use std::path::PathBuf;

use mcp_core::server::BuildError;
use mcp_guardrails::RuleError;
use mcp_memory::MemoryError;

/// A stack cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// There is no place for what it knows.
    #[error("the directory {} cannot be made", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Rules are wrong, or do not do what their tests say.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// What guardrails remember cannot be opened.
    #[error("what guardrails remember cannot be opened")]
    State(#[from] mcp_guardrails::state::StoreError),
    /// The memory cannot be opened.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// What patterns have learned cannot be opened.
    #[error(transparent)]
    Patterns(#[from] mcp_patterns::PatternError),
    /// Not a service.
    #[error("only one service can be served alone: memory, guardrails or patterns")]
    NotAlone,
    /// A server cannot be built.
    #[error(transparent)]
    Server(#[from] BuildError),
}
