//! What can go wrong with an upstream, and what our callers hear of it.

use serde_json::json;

use crate::client::{Error, PoolError};
use crate::protocol::{ErrorCode, RpcError};
use crate::server::{AskError, BuildError, MemoError};

/// A server cannot stand for another one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The upstream cannot be asked what it offers.
    #[error("the upstream cannot be asked what it offers")]
    Upstream(#[from] PoolError),
    /// What it offers cannot be offered by us.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// A call was not passed on, or not answered.
pub(super) enum Failure {
    /// The request failed.
    Rpc(RpcError),
    /// Our caller did not answer what the upstream asked.
    Ask(AskError),
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Rpc(refusal(error))
    }
}

impl From<MemoError> for Failure {
    fn from(error: MemoError) -> Self {
        tracing::error!(%error, "what an upstream wants to see again cannot be kept");
        Self::Rpc(RpcError::internal("the upstream's request state cannot be kept"))
    }
}

/// What a caller hears. The upstream's own words pass; how we failed to reach it is for the log.
pub(super) fn refusal(error: PoolError) -> RpcError {
    match error {
        PoolError::Client { source, name } => match *source {
            Error::Rpc(error) => error,
            error if error.is_timeout() => {
                RpcError::new(ErrorCode::DEADLINE_EXCEEDED, "the upstream server did not answer in time")
            }
            error => {
                tracing::warn!(
                    upstream = name,
                    error = &error as &dyn std::error::Error,
                    "a call failed upstream"
                );
                RpcError::internal(match error {
                    Error::TaskCancelled(_) => "the task was cancelled on the upstream server",
                    Error::NoHandler { .. } => {
                        "the upstream server asked something that cannot be asked from where it asked"
                    }
                    error if error.is_broken() || error.was_never_sent() => {
                        "the connection to the upstream server broke"
                    }
                    _ => "the upstream server gave an answer that cannot be passed on",
                })
            }
        },
        PoolError::Busy { .. } => RpcError::new(
            ErrorCode::OVERLOADED,
            "the upstream server has as many calls as allowed; try again",
        ),
        PoolError::Unreachable { retry_in, .. } => {
            let millis = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
            RpcError::internal("the upstream server cannot be reached; try again later")
                .with_data(json!({ "retryAfterMs": millis }))
        }
        PoolError::Unknown { .. } | PoolError::Closed => {
            RpcError::internal("the upstream server is not there any more")
        }
    }
}
