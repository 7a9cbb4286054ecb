//! Our errors as exceptions, and exceptions as ours.

use std::error::Error;

use mcp_core::client;
use mcp_core::protocol::{ErrorCode, RpcError};
use mcp_guardrails::RuleError;
use mcp_memory::MemoryError;
use mcp_patterns::PatternError;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::{json, python};

/// Becomes an exception.
pub(crate) trait IntoException {
    /// The exception.
    fn into_exception(self, py: Python<'_>) -> PyErr;
}

/// The message of an error with those of its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        next = cause.source();
    }
    text
}

/// An exception of one of our classes.
fn exception<'py>(class: PyResult<&Bound<'py, PyType>>, message: String) -> PyErr {
    match class.and_then(|class| class.call1((message,))) {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

impl IntoException for RpcError {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        let make = || {
            let data = self.data.as_ref().map(|data| json::from_rust(py, data)).transpose()?;
            python::rpc_error(py)?.call1((self.message.as_ref(), self.code.0, data))
        };
        make().map_or_else(|error| error, PyErr::from_value)
    }
}

impl IntoException for client::Error {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Rpc(error) => error.into_exception(py),
            error if error.is_timeout() => exception(python::timeout_error(py), chain(&error)),
            error if error.is_broken() => exception(python::transport_error(py), chain(&error)),
            Self::Spawn { program, source } if source.kind() == std::io::ErrorKind::NotFound => {
                PyFileNotFoundError::new_err(format!(
                    "`{program}` cannot be started: there is no such program"
                ))
            }
            error @ (Self::Spawn { .. } | Self::Status { .. } | Self::Http(_) | Self::Authorize(_)) => {
                exception(python::transport_error(py), chain(&error))
            }
            error => exception(python::mcp_error(py), chain(&error)),
        }
    }
}

impl IntoException for mcp_core::Error {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Client(error) => error.into_exception(py),
            error => exception(python::mcp_error(py), chain(&error)),
        }
    }
}

impl IntoException for MemoryError {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        let class = match &self {
            Self::NotFound { .. } => python::not_found_error(py),
            Self::Forbidden { .. } | Self::Held | Self::Quota { .. } => python::access_error(py),
            _ => python::memory_error(py),
        };
        exception(class, chain(&self))
    }
}

impl IntoException for RuleError {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Read { path, source } => unreadable(&path, &source),
            error => exception(python::rule_error(py), chain(&error)),
        }
    }
}

impl IntoException for PatternError {
    fn into_exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Read { path, source } => unreadable(&path, &source),
            error => exception(python::pattern_error(py), chain(&error)),
        }
    }
}

fn unreadable(path: &std::path::Path, source: &std::io::Error) -> PyErr {
    let message = format!("cannot read `{}`: {source}", path.display());
    if source.kind() == std::io::ErrorKind::NotFound {
        PyFileNotFoundError::new_err(message)
    } else {
        PyOSError::new_err(message)
    }
}

impl IntoException for std::io::Error {
    fn into_exception(self, _py: Python<'_>) -> PyErr {
        PyOSError::new_err(chain(&self))
    }
}

/// There is no engine of a parent process in a child.
pub(crate) fn check_process(opened: u32, what: &str) -> PyResult<()> {
    let here = std::process::id();
    if opened == here {
        return Ok(());
    }
    let message =
        format!("this {what} belongs to process {opened}, before the fork: make one in process {here}");
    Err(PyRuntimeError::new_err(message))
}

/// The error of the protocol that an exception stands for; none if it is a failure of another kind.
pub(crate) fn as_rpc_error(py: Python<'_>, error: &PyErr) -> PyResult<Option<RpcError>> {
    let value = error.value(py);
    if !value.is_instance(python::rpc_error(py)?)? {
        return Ok(None);
    }
    let code: i32 = value.getattr("code")?.extract()?;
    let data = value.getattr("data")?;
    let mut rpc = RpcError::new(ErrorCode(code), value.str()?.to_string());
    if !data.is_none() {
        rpc = rpc.with_data(json::to_rust(&data, "data")?);
    }
    Ok(Some(rpc))
}
