//! Questions to the client, with one code path for all revisions.
//!
//! A question that has no answer yet registers itself on the [`Board`] of the call and stays
//! pending. Whoever drives the call looks at the board when the handler waits, and does what the
//! revision wants: answer `input_required`, send the question on the session, or park a task.

mod board;
mod elicit;
mod questions;
mod sample;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

pub(crate) use board::{Board, Manner, Saved};
pub use elicit::{Elicit, Elicited, UrlAnswer};
pub use questions::Questions;
pub use sample::{ListRoots, Sample};

use super::Context;
use crate::protocol::{Capability, InputRequest, RawJson, RpcError};

/// A kind of question: what to send, and how to read the answer.
pub trait Inquiry: Unpin + Send + 'static {
    /// What the answer is read as.
    type Answer;

    /// What the client must be able to do.
    fn capability(&self) -> Capability;

    /// The question as it goes to the client.
    fn request(&self) -> InputRequest;

    /// Reads the answer.
    ///
    /// # Errors
    /// The answer is not what was asked for; says why.
    fn read(&self, answer: &RawJson) -> Result<Self::Answer, String>;
}

/// Why a question has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The client did not declare that it can answer such questions.
    #[error("the client cannot answer this question: it did not declare the capability")]
    Unsupported {
        /// What it would have had to declare, in the form of `requiredCapabilities`.
        required: serde_json::Value,
        /// Whether the revision has an error of the protocol for this.
        modern: bool,
    },
    /// The client cannot be asked on this connection.
    #[error("the client cannot be asked here: {0}")]
    Impossible(&'static str),
    /// The client answered with an error.
    #[error("the client refused to answer: {0}")]
    Refused(RpcError),
    /// The client's answer is not what was asked for.
    #[error("the client's answer does not fit: {0}")]
    Unreadable(String),
}

impl AskError {
    /// -32021, where the revision wants that rather than a failure of the tool.
    pub(crate) fn as_protocol_error(&self) -> Option<RpcError> {
        match self {
            Self::Unsupported { required, modern: true } => Some(RpcError::missing_capability(required)),
            _ => None,
        }
    }
}

/// Why a value could not be kept between the runs of a handler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoError {
    /// The value cannot be turned into JSON, or not back.
    #[error("the value of a memo cannot be serialised")]
    Serialise(#[from] serde_json::Error),
    /// The values are larger than allowed.
    #[error("memos hold {size} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Bytes of all values.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

/// A question, waiting for its answer.
#[must_use = "a question is asked when it is awaited"]
pub struct Ask<I> {
    context: Context,
    key: String,
    inquiry: I,
}

impl<I: Inquiry> Ask<I> {
    pub(crate) const fn new(context: Context, key: String, inquiry: I) -> Self {
        Self { context, key, inquiry }
    }
}

impl<I: Inquiry> Future for Ask<I> {
    type Output = Result<I::Answer, AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let board = this.context.board();
        if let Some(answer) = board.answer(&this.key) {
            match answer.map(|raw| this.inquiry.read(&raw)) {
                Ok(Ok(answer)) => return Poll::Ready(Ok(answer)),
                Ok(Err(problem)) if !board.ask_again(&this.key) => {
                    return Poll::Ready(Err(AskError::Unreadable(problem)));
                }
                Ok(Err(problem)) => {
                    tracing::debug!(key = this.key, problem, "an answer does not fit; asking again")
                }
                Err(error) => return Poll::Ready(Err(AskError::Refused(error))),
            }
        }
        if let Some(reason) = board.refusal() {
            return Poll::Ready(Err(AskError::Impossible(reason)));
        }
        let capability = this.inquiry.capability();
        if !this.context.client().can(&capability) {
            let modern = this.context.request().peer.version.is_modern();
            return Poll::Ready(Err(AskError::Unsupported { required: capability.required(), modern }));
        }
        board.open(&this.key, || this.inquiry.request(), cx.waker());
        Poll::Pending
    }
}

impl<I> fmt::Debug for Ask<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The wish of a handler to go on as a task.
pub(crate) struct Detach(Context);

impl Detach {
    pub(crate) const fn new(context: Context) -> Self {
        Self(context)
    }
}

impl Future for Detach {
    type Output = Result<(), AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let board = self.0.board();
        if board.is_detached() {
            return Poll::Ready(Ok(()));
        }
        if let Some(required) = self.0.server().missing_for_detach(self.0.request()) {
            let modern = self.0.request().peer.version.is_modern();
            return Poll::Ready(Err(AskError::Unsupported { required, modern }));
        }
        board.wish_to_detach(cx.waker());
        Poll::Pending
    }
}
