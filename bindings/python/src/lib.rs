//! The native half of the Python package `engify_mcp`. The other half, in `python/engify_mcp`, reads signatures and names
//! things; `_engify.pyi` says what is here.
//!
//! # Map
//! - `server`: functions as tools, resources and prompts. `client`: any server.
//! - `memory`, `guardrails`, `patterns`: the engines. `command`: the `mcp` command.
//! - `run`: one runtime and one set of threads for each process.
//! - `json`: values of Python to JSON and back. `error`: our errors as exceptions.

mod client;
#[cfg(unix)]
mod command;
mod error;
mod guardrails;
mod json;
mod memory;
mod patterns;
mod python;
mod run;
mod server;

/// What `engify_mcp._engify` holds.
#[pyo3::pymodule(gil_used = false)]
mod _engify {
    #[pymodule_export]
    use crate::client::PyClient;
    #[cfg(unix)]
    #[pymodule_export]
    use crate::command::command;
    #[pymodule_export]
    use crate::guardrails::PyGuardrails;
    #[pymodule_export]
    use crate::memory::PyMemory;
    #[pymodule_export]
    use crate::patterns::PyPatterns;
    #[pymodule_export]
    use crate::run::Pending;
    #[pymodule_export]
    use crate::server::{Call, PyAuth, PyServer, Running};
}
