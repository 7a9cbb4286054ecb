//! What can go wrong between a client and a server.

use std::time::Duration;

use http::StatusCode;

use crate::protocol::{CallToolResult, DecodeError, ErrorCode, Method, RpcError};
use crate::service::BoxError;

/// A request did not lead to the result that was wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused the request.
    #[error("the server refused: {0}")]
    Rpc(#[from] RpcError),
    /// The tool ran and failed; the result says why.
    #[error("the tool failed: {}", told(.0))]
    Tool(Box<CallToolResult>),
    /// The target cannot be connected to.
    #[error("`{target}` is not a target: {problem}")]
    Target {
        /// What was given.
        target: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The server's process cannot be started.
    #[error("`{program}` cannot be started")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody listens there.
    #[error("cannot connect to `{address}`")]
    Connect {
        /// The address.
        address: String,
        /// Why.
        source: BoxError,
    },
    /// The connection ended before the answer came.
    #[error("the connection ended: {reason}{}", stderr_note(.stderr))]
    Closed {
        /// How it ended.
        reason: String,
        /// The last lines that the server's process wrote to standard error.
        stderr: String,
        /// Whether the request may have reached the server.
        sent: bool,
    },
    /// The HTTP exchange failed.
    #[cfg(feature = "http-client")]
    #[error(transparent)]
    Http(#[from] super::http::HttpError),
    /// The client could not be authorized.
    #[cfg(feature = "http-client")]
    #[error(transparent)]
    Authorize(#[from] super::http::AuthorizeError),
    /// The HTTP server answered with a status that means no answer.
    #[error("the server answered {status}{}", excerpt_note(.body))]
    Status {
        /// The status.
        status: StatusCode,
        /// The beginning of the body.
        body: String,
    },
    /// No answer in time. The server was told that nobody waits any more.
    #[error("`{method}` was not answered within {after:?}")]
    Timeout {
        /// What was asked.
        method: Method,
        /// How long was waited since the last sign of life.
        after: Duration,
    },
    /// The answer does not follow the protocol.
    #[error("the answer to `{method}` does not follow the protocol: {problem}")]
    Malformed {
        /// What was asked.
        method: Method,
        /// What is wrong.
        problem: String,
    },
    /// The answer is not of the type that was asked for.
    #[error("the answer to `{method}` is of another type")]
    Decode {
        /// What was asked.
        method: Method,
        /// Where it differs.
        source: DecodeError,
    },
    /// The answer is of a kind that this client does not know.
    #[error("the answer to `{method}` is of the unknown kind `{found}`")]
    UnknownResultType {
        /// What was asked.
        method: Method,
        /// The kind.
        found: String,
    },
    /// The server asked and asked.
    #[error("the server put questions {rounds} times before it answered `{method}`")]
    TooManyRounds {
        /// What was asked.
        method: Method,
        /// How often it asked.
        rounds: u32,
    },
    /// The server asked something for which the client has no handler.
    #[error("the server asks `{method}`, and the client has no handler for it")]
    NoHandler {
        /// What the server asks.
        method: &'static str,
    },
    /// A handler of the client failed, or gave an answer that does not fit the question.
    #[error("the client's handler failed")]
    Handler(#[source] BoxError),
    /// Client and server have no revision in common.
    #[error("the server speaks {}, which this client does not", versions(.offered))]
    UnsupportedVersion {
        /// What the server speaks.
        offered: Vec<String>,
    },
    /// What was given as parameters cannot be sent.
    #[error("the parameters of `{method}` cannot be sent: {problem}")]
    Params {
        /// The method.
        method: Method,
        /// What is wrong.
        problem: String,
    },
    /// The task was cancelled on the server.
    #[error("the task `{0}` was cancelled")]
    TaskCancelled(String),
}

impl Error {
    /// Whether nothing came in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        #[cfg(feature = "http-client")]
        if let Self::Http(super::http::HttpError::Timeout { .. }) = self {
            return true;
        }
        matches!(self, Self::Timeout { .. })
    }

    /// The code, where the server refused.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        if let Self::Rpc(error) = self { Some(error.code) } else { None }
    }

    /// Whether the request certainly never reached the server: sending it again does nothing twice.
    #[must_use]
    pub const fn was_never_sent(&self) -> bool {
        #[cfg(feature = "http-client")]
        if let Self::Http(error) = self {
            use super::http::HttpError;
            return matches!(error, HttpError::Connect { .. } | HttpError::Broken { sent: false, .. });
        }
        matches!(self, Self::Closed { sent: false, .. } | Self::Connect { .. } | Self::Spawn { .. })
    }

    /// Whether the way to the server broke, as against an answer that says no.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        #[cfg(feature = "http-client")]
        if let Self::Http(error) = self {
            use super::http::HttpError;
            return matches!(error, HttpError::Connect { .. } | HttpError::Broken { .. });
        }
        matches!(self, Self::Closed { .. } | Self::Connect { .. })
    }
}

/// The first text of a result.
fn told(result: &CallToolResult) -> &str {
    result.content.iter().find_map(|block| block.as_text()).unwrap_or("it did not say why")
}

fn stderr_note(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; its standard error ends with:\n{stderr}") }
}

fn excerpt_note(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(": {body}") }
}

fn versions(offered: &[String]) -> String {
    if offered.is_empty() {
        return "no revision".to_owned();
    }
    offered.iter().map(|version| format!("`{version}`")).collect::<Vec<_>>().join(", ")
}
