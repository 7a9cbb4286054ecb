//! What leaves a server besides the answer: notifications and questions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::protocol::{InputRequest, Method, RawJson, RpcError};

/// Something a request sends before its answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A notification: progress, a log message, a change somebody listens for.
    Notification(Notification),
    /// A question to the client of a session (until 2025-11-25).
    Question(Question),
    /// Close the stream now; the client comes back for the rest (sessions with resumable streams).
    ReleaseStream {
        /// When the client should come back.
        retry: Duration,
    },
}

/// A notification to the client.
#[derive(Debug, Clone)]
pub struct Notification {
    /// What happened.
    pub method: Method,
    /// Details: a JSON object.
    pub params: Bytes,
}

impl Notification {
    /// The whole frame.
    #[must_use]
    pub fn to_frame(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.params.len());
        out.extend_from_slice(br#"{"jsonrpc":"2.0","method":"#);
        crate::protocol::json::write_str(&mut out, self.method.as_str());
        out.extend_from_slice(br#","params":"#);
        out.extend_from_slice(&self.params);
        out.push(b'}');
        out
    }
}

/// A question to the client, and where its answer goes.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub request: Box<InputRequest>,
    /// Takes the answer.
    pub reply: Reply,
}

/// Takes the answer to a question, once.
pub struct Reply(Box<dyn FnOnce(Result<RawJson, RpcError>) + Send + Sync>);

impl Reply {
    /// A reply that runs `deliver`.
    pub fn new(deliver: impl FnOnce(Result<RawJson, RpcError>) + Send + Sync + 'static) -> Self {
        Self(Box::new(deliver))
    }

    /// Delivers the answer.
    pub fn answer(self, answer: Result<RawJson, RpcError>) {
        (self.0)(answer);
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Carries events to the client. Transports implement it; layers may wrap it to see, change or
/// withhold what leaves.
///
/// Sending never blocks: what a slow client cannot take is bounded by the transport, which drops
/// progress and log messages first, and questions never.
pub trait Outbound: Send + Sync + 'static {
    /// Sends an event, or drops it when the client is gone.
    fn send(&self, event: Event);
}

/// A shared way out.
pub type SharedOutbound = Arc<dyn Outbound>;
