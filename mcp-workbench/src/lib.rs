//! Workflows, task agents, gateway and fleet of servers.
//!
//! Nothing is implemented yet: this crate reserves its place in the workspace.
