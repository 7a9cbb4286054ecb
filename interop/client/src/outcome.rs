//! Results and errors as JSON.

use mcp_core::client::Error;
use serde::Serialize;
use serde_json::{Value, json};

/// `{"ok": …}` or `{"error": …}`.
pub(crate) fn of<T: Serialize>(outcome: Result<T, Error>) -> Value {
    match outcome {
        Ok(value) => json!({ "ok": value }),
        Err(failed) => error(&failed),
    }
}

/// `{"error": {"kind": …, "text": …, "code": …}}`.
pub(crate) fn error(failed: &Error) -> Value {
    json!({ "error": { "kind": kind(failed), "text": text(failed), "code": failed.code() } })
}

const fn kind(failed: &Error) -> &'static str {
    match failed {
        Error::Rpc(_) => "rpc",
        Error::Tool(_) => "tool",
        Error::Spawn { .. } | Error::Connect { .. } => "unreachable",
        Error::Closed { .. } => "closed",
        Error::Http(_) => "http",
        Error::Status { .. } => "status",
        Error::Timeout { .. } => "timeout",
        Error::Malformed { .. } | Error::Decode { .. } => "malformed",
        Error::NoHandler { .. } | Error::Handler(_) => "handler",
        Error::UnsupportedVersion { .. } => "version",
        _ => "other",
    }
}

/// The error with all its causes.
fn text(failed: &Error) -> String {
    let mut text = failed.to_string();
    let mut cause = std::error::Error::source(failed);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
