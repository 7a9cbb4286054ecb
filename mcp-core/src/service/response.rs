//! The answer to a request.

use bytes::Bytes;

use super::{BoxError, ResponseFuture};
use crate::protocol::{RequestId, RpcError, json};

/// The answer to a request: a result, an error, or nothing (notifications).
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// What is answered.
    pub outcome: Outcome,
    /// Identifies an answer that is given to many, so that what is derived from it can be kept.
    pub(crate) shared: Option<u64>,
}

/// What a response holds.
#[derive(Debug)]
pub enum Outcome {
    /// The `result` object, as JSON of the newest revision.
    Result(Bytes),
    /// The request could not be served.
    Error(RpcError),
    /// A notification was taken.
    Accepted,
    /// The request stays open, as subscriptions do, and its answer comes when it ends. Layers that
    /// bound time or concurrency are done with it.
    Open(Box<ResponseFuture>),
}

impl Response {
    /// A result: a JSON object.
    #[must_use]
    pub fn result(result: impl Into<Bytes>) -> Self {
        Self { outcome: Outcome::Result(result.into()), shared: None }
    }

    /// An error.
    #[must_use]
    pub const fn error(error: RpcError) -> Self {
        Self { outcome: Outcome::Error(error), shared: None }
    }

    /// The acknowledgement of a notification.
    #[must_use]
    pub const fn accepted() -> Self {
        Self { outcome: Outcome::Accepted, shared: None }
    }

    /// The result, if there is one.
    ///
    /// # Errors
    /// The error that is answered instead; an acknowledgement counts as an internal error.
    pub fn into_result(self) -> Result<Bytes, RpcError> {
        match self.outcome {
            Outcome::Result(result) => Ok(result),
            Outcome::Error(error) => Err(error),
            Outcome::Accepted => Err(RpcError::internal("a notification has no result")),
            Outcome::Open(_) => Err(RpcError::internal("the request is still open")),
        }
    }

    /// The whole frame; none for an acknowledgement.
    #[must_use]
    pub fn to_frame(&self, id: Option<&RequestId>) -> Option<Vec<u8>> {
        match &self.outcome {
            Outcome::Result(result) => {
                let mut out = result_head(id, result.len() + 1);
                out.extend_from_slice(result);
                out.push(b'}');
                Some(out)
            }
            Outcome::Error(error) => Some(error_frame(id, error)),
            Outcome::Accepted | Outcome::Open(_) => None,
        }
    }

    /// The answer, also of a request that stays open: waits for its end.
    ///
    /// # Errors
    /// The path to the handler broke.
    pub async fn settled(self) -> Result<Self, BoxError> {
        match self.outcome {
            Outcome::Open(answer) => answer.await,
            outcome => Ok(Self { outcome, ..self }),
        }
    }
}

/// The frame of a result up to where the result stands, with room for `more` bytes.
pub(crate) fn result_head(id: Option<&RequestId>, more: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + more);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    match id {
        Some(id) => id.write(&mut out),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(br#","result":"#);
    out
}

/// The frame of an error.
pub(crate) fn error_frame(id: Option<&RequestId>, error: &RpcError) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    // Where the identifier could not be read it is left out: the schemas of MCP allow no null.
    if let Some(id) = id {
        out.extend_from_slice(br#""id":"#);
        id.write(&mut out);
        out.push(b',');
    }
    out.extend_from_slice(br#""error":"#);
    json::write(&mut out, error);
    out.push(b'}');
    out
}
