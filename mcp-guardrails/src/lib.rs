//! Rules and detectors that decide over tool calls, prompts and results.
//!
//! Nothing is implemented yet: this crate reserves its place in the workspace.
