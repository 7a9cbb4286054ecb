//! The `mcp` command, as the package brings it.

use std::ffi::OsString;
use std::path::PathBuf;

use mcp_cli::Invocation;
use pyo3::prelude::*;

/// Does what the `mcp` command does, and tells its exit code. `program` starts it again, where that can be done.
#[pyfunction]
#[pyo3(signature = (program, arguments))]
pub(crate) fn command(py: Python<'_>, program: Option<PathBuf>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| mcp_cli::run(Invocation { program, arguments }))
}
