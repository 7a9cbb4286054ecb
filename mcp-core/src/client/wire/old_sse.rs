//! HTTP+SSE of 2024-11-05: one stream of events, and an address to post messages to.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::duplex::{Duplex, Refused, Sink, Source};
use super::http::{HttpTarget, status_error};
use super::sse::{SseDecoder, SseEvent};
use crate::client::{Error, Inbox};
use crate::protocol::{ErrorCode, RpcError};

/// Opens the stream and waits for the address; none if the server has no such thing.
pub(crate) async fn connect(target: &HttpTarget, inbox: Arc<Inbox>) -> Option<Duplex> {
    let response = target.open_stream(HeaderMap::new()).await.ok()?;
    let mut events = Events {
        body: response.into_body(),
        decoder: SseDecoder::new(target.limit),
        events: VecDeque::new(),
    };
    let endpoint = loop {
        let event = events.event().await?.ok()?;
        if event.name == "endpoint" {
            break String::from_utf8(event.data.to_vec()).ok()?;
        }
    };
    let url = target.url.join(endpoint.trim()).ok()?;
    // What we post, credentials included, is for the origin that was named.
    if url.origin() != target.url.origin() {
        tracing::warn!("the server names an address of another origin, which is not followed");
        return None;
    }
    let sink = Posts(target.at(url).ok()?);
    Some(Duplex::new(events, sink, None, inbox))
}

struct Events {
    body: Incoming,
    decoder: SseDecoder,
    events: VecDeque<SseEvent>,
}

impl Events {
    async fn event(&mut self) -> Option<io::Result<SseEvent>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            match self.body.frame().await? {
                Ok(frame) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if let Err(error) = self.decoder.feed(&data, &mut self.events) {
                        return Some(Err(io::Error::other(error)));
                    }
                }
                Err(error) => return Some(Err(io::Error::other(error))),
            }
        }
    }
}

impl Source for Events {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.event().await? {
                Ok(event) if event.name == "message" => return Some(Ok(event.data)),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

struct Posts(HttpTarget);

/// Whether a status is about the message and not about the stream it belongs to.
fn is_of_message(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// Why a message was refused, in the server's words where it used ours.
async fn refusal(response: Response<Incoming>) -> RpcError {
    let status = response.status();
    match status_error(response).await {
        Error::Status { body, .. } => match serde_json::from_str::<Refusal>(&body) {
            Ok(refusal) => refusal.error,
            Err(_) => {
                let code = if status == StatusCode::UNAUTHORIZED {
                    ErrorCode::UNAUTHENTICATED
                } else if status == StatusCode::FORBIDDEN {
                    ErrorCode::FORBIDDEN
                } else {
                    ErrorCode::INVALID_REQUEST
                };
                RpcError::new(code, format!("the server answered {status}: {body}"))
            }
        },
        error => RpcError::internal(error.to_string()),
    }
}

#[derive(serde::Deserialize)]
struct Refusal {
    error: RpcError,
}

impl Sink for Posts {
    async fn write(&mut self, frames: Vec<Bytes>) -> io::Result<Vec<Refused>> {
        let mut refused = Vec::new();
        for frame in frames {
            let response = self.0.post(|| self.0.post_headers(), &frame).await.map_err(io::Error::other)?;
            let status = response.status();
            if is_of_message(status) {
                refused.push(Refused { error: refusal(response).await, frame });
            } else if !status.is_success() {
                return Err(io::Error::other(format!("a message was refused with {status}")));
            }
        }
        Ok(refused)
    }

    async fn end(&mut self) {}
}
