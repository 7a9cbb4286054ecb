//! HTTP+SSE, the transport of 2024-11-05 (deprecated): one stream carries everything the server says,
//! POST requests beside it carry what the client says.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use http_body::Body;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::body::Chunks;
use super::links::Link;
use super::reply::{self, HttpResponse};
use super::{Inner, guard, route, sse};
use crate::protocol::{ErrorCode, ProtocolVersion, RpcError};

/// Where a client opens its stream.
pub(crate) const STREAM: &str = "/sse";
/// Where it sends its messages.
pub(crate) const MESSAGES: &str = "/messages";

/// How long running requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(5);

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers GET: opens a connection whose first event tells where to send messages.
pub(crate) fn open(inner: &Inner, parts: Parts) -> HttpResponse {
    if let Err((status, error)) = guard::check_accepts(&parts.headers, "text/event-stream") {
        return reply::error(status, None, &error);
    }
    let mut peer = route::peer(&parts, ProtocolVersion::V2024_11_05);
    peer.headers = Some(Arc::new(parts.headers));
    match inner.link(&peer) {
        Ok(link) => reply::stream(LinkStream::new(link, inner)),
        Err(error) => reply::error(reply::status_of(ProtocolVersion::LATEST, error.code), None, &error),
    }
}

/// Answers POST: takes one message; what it is answered comes on the stream.
pub(crate) async fn post<B>(inner: &Inner, parts: Parts, body: B) -> HttpResponse
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    if let Err((status, error)) = guard::check_content_type(&parts.headers) {
        return reply::error(status, None, &error);
    }
    let peer = route::peer(&parts, ProtocolVersion::V2024_11_05);
    let found = session_id(&parts).and_then(|id| inner.links.find(id, peer.principal.as_deref()));
    let Some(connection) = found else {
        let message = format!("`sessionId` names no open stream; open one with GET {STREAM}");
        let error = RpcError::new(ErrorCode::SESSION_NOT_FOUND, message);
        return reply::error(StatusCode::NOT_FOUND, None, &error);
    };
    let body = match route::read(body, inner.config.max_body).await {
        Ok(body) => body,
        Err((status, error)) => return reply::error(status, None, &error),
    };
    // Who does not read its stream cannot fill the memory with answers.
    connection.outbox().has_room().await;
    connection.accept(&body);
    connection.outbox().wake();
    reply::empty(StatusCode::ACCEPTED)
}

fn session_id(parts: &Parts) -> Option<&str> {
    parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("sessionId="))
}

/// The stream of a connection. Dropping it means that the client is gone.
struct LinkStream {
    link: Link,
    /// What opens the stream.
    endpoint: Option<Bytes>,
    next: Boxed<Option<VecDeque<Vec<u8>>>>,
    /// What was taken has gone out when more is wanted.
    taken: bool,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The server is about to stop: running requests get some time.
    finishing: Option<Boxed<()>>,
    alive: Pin<Box<Sleep>>,
    over: bool,
}

impl LinkStream {
    fn new(link: Link, inner: &Inner) -> Self {
        let endpoint = format!("event: endpoint\ndata: {MESSAGES}?sessionId={}\n\n", link.id);
        Self {
            next: next(&link),
            link,
            endpoint: Some(endpoint.into()),
            taken: false,
            closing: Box::pin(inner.closing.clone().cancelled_owned()),
            finishing: None,
            alive: Box::pin(tokio::time::sleep(sse::KEEP_ALIVE)),
            over: false,
        }
    }

    fn poll_frames(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if std::mem::take(&mut self.taken) {
            self.link.connection.outbox().wrote();
        }
        if self.finishing.is_none() && self.closing.as_mut().poll(cx).is_ready() {
            let connection = Arc::clone(&self.link.connection);
            self.finishing = Some(Box::pin(async move { connection.finish(GRACE).await }));
        }
        if let Some(finishing) = &mut self.finishing
            && finishing.as_mut().poll(cx).is_ready()
        {
            self.finishing = Some(Box::pin(std::future::pending()));
        }
        let Poll::Ready(frames) = self.next.as_mut().poll(cx) else { return Poll::Pending };
        let Some(frames) = frames else { return Poll::Ready(None) };
        self.taken = true;
        self.next = next(&self.link);
        let mut out = Vec::new();
        for frame in frames {
            out.extend_from_slice(b"event: message\n");
            sse::write_event(&mut out, None, &frame);
        }
        Poll::Ready(Some(out.into()))
    }
}

/// The next frames of a connection.
fn next(link: &Link) -> Boxed<Option<VecDeque<Vec<u8>>>> {
    let connection = Arc::clone(&link.connection);
    Box::pin(async move { connection.outbox().next().await })
}

impl Chunks for LinkStream {
    fn poll_chunk(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(endpoint) = self.endpoint.take() {
            return Poll::Ready(Some(endpoint));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let chunk = match self.poll_frames(cx) {
            Poll::Ready(Some(chunk)) => chunk,
            Poll::Ready(None) => {
                self.over = true;
                return Poll::Ready(None);
            }
            Poll::Pending if self.alive.as_mut().poll(cx).is_ready() => Bytes::from_static(sse::COMMENT),
            Poll::Pending => return Poll::Pending,
        };
        self.alive.as_mut().reset(Instant::now() + sse::KEEP_ALIVE);
        Poll::Ready(Some(chunk))
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
