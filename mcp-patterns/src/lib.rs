//! A catalogue of skills, prompts and patterns that recommends and learns.
//!
//! Nothing is implemented yet: this crate reserves its place in the workspace.
