//! What the Python half of the package has that this half calls.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

macro_rules! imported {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $module:literal . $attribute:literal;)*) => {
        $($(#[$doc])* pub(crate) fn $name(py: Python<'_>) -> PyResult<&Bound<'_, $kind>> {
            static CELL: PyOnceLock<Py<$kind>> = PyOnceLock::new();
            CELL.import(py, concat!("engify_mcp.", $module), $attribute)
        })*
    };
}

imported! {
    /// The base of all exceptions.
    mcp_error: PyType = "_errors"."McpError";
    /// The other side refused a request.
    rpc_error: PyType = "_errors"."RpcError";
    /// A tool failed.
    tool_error: PyType = "_errors"."ToolError";
    /// The way to the other side broke.
    transport_error: PyType = "_errors"."TransportError";
    /// Nothing came in time.
    timeout_error: PyType = "_errors"."RequestTimeout";
    /// A memory cannot be used.
    memory_error: PyType = "_errors"."MemoryStoreError";
    /// Rules cannot be used.
    rule_error: PyType = "_errors"."RuleError";
    /// A catalogue cannot be used.
    pattern_error: PyType = "_errors"."PatternError";
    /// There is no such thing.
    not_found_error: PyType = "_errors"."NotFoundError";
    /// The caller may not do this.
    access_error: PyType = "_errors"."AccessError";
    /// Ends a call that nobody waits for.
    call_ended: PyType = "_errors"."CallEnded";
    /// Makes an object plain: dictionaries, lists, text, numbers.
    plain_function: PyAny = "_plain"."plain";
    /// Makes blocks of content of what a tool returned.
    content_function: PyAny = "_plain"."content";
    /// Makes messages of what a prompt returned.
    messages_function: PyAny = "_plain"."messages";
    /// Makes contents of what a resource returned.
    contents_function: PyAny = "_plain"."contents";
    /// Tells the log of a failure.
    report_function: PyAny = "_plain"."report";
    /// Starts the thread on which async functions run.
    loop_function: PyAny = "_loop"."start";
}

/// An object that JSON can hold, for one that it cannot.
pub(crate) fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    plain_function(value.py())?.call1((value,))
}
