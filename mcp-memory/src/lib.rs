//! Long-term memory for agents: durable, tenant-isolated, hybrid search.
//!
//! Nothing is implemented yet: this crate reserves its place in the workspace.
