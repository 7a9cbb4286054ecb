//! The `mcp` command as a function: of the program of that name, and of whatever else offers it, such as the Python package.
//!
//! # Map
//! - `command`: the command line, and which module does what it asks for. `program`: how it was called, and is called again.
//! - a module for each command, or a few that belong together: `up`, `serve`, `remember`, `guard`, …
//! - `show`: how answers look. `logs`: where logs go.

mod bench;
mod call;
mod command;
mod config;
mod doctor;
mod endpoint;
mod flow;
mod guard;
mod inspect;
mod keys;
mod list;
mod logs;
mod memory;
mod operate;
mod package;
mod program;
mod remember;
mod serve;
mod show;
mod up;

pub use crate::command::run;
pub use crate::program::Invocation;
