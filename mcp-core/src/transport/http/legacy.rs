//! Requests of 2025-03-26 to 2025-11-25: sessions, resumable streams, or neither.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::{Instant, Sleep};

use super::body::Chunks;
use super::call::{self, First};
use super::reply::{self, HttpResponse};
use super::sessions::{Begun, Busy, HttpSession};
use super::streams::{Log, Next, Reader};
use super::{Inner, guard, sse};
use crate::protocol::{ErrorCode, Method, Params, ProtocolVersion, RequestId, RpcError, header};
use crate::service::{Event, Outbound, Peer, Response};
use crate::session::{Listener, Session};
use crate::transport::exchange::{Exchange, Item};
use crate::transport::mailbox::Mailbox;

/// When a client of a stream that broke should come back.
const RETRY: Duration = Duration::from_secs(1);

/// The session that the headers name; none if they name none.
pub(crate) fn session_of(
    inner: &Inner,
    headers: &HeaderMap,
    peer: &Peer,
) -> Result<Option<Arc<HttpSession>>, RpcError> {
    let Some(id) = headers.get(header::MCP_SESSION_ID) else { return Ok(None) };
    let found = id.to_str().ok().and_then(|id| inner.sessions.find(id, peer.principal.as_deref()));
    found.map(Some).ok_or_else(|| {
        RpcError::new(
            ErrorCode::SESSION_NOT_FOUND,
            "the session is unknown or has ended; initialize a new one",
        )
    })
}

/// The revision of a request without a session.
pub(crate) fn version_of(headers: &HeaderMap) -> ProtocolVersion {
    let header = headers.get(header::MCP_PROTOCOL_VERSION).and_then(|value| value.to_str().ok());
    header.and_then(|value| value.trim().parse().ok()).unwrap_or(ProtocolVersion::ASSUMED)
}

/// Answers a request.
pub(crate) async fn respond(
    inner: &Inner,
    id: RequestId,
    method: Method,
    params: Params,
    mut peer: Peer,
) -> HttpResponse {
    let headers = peer.headers.clone().unwrap_or_default();
    if method == Method::Initialize {
        return initialize(inner, id, &params, peer).await;
    }
    let session = match session_of(inner, &headers, &peer) {
        Ok(session) => session,
        Err(error) => return reply::error(StatusCode::NOT_FOUND, Some(&id), &error),
    };
    let mailbox = Arc::new(Mailbox::default());
    let outbound: Arc<Mailbox> = Arc::clone(&mailbox);
    let Some(session) = session else {
        let version = version_of(&headers);
        peer.version = version;
        let answer = inner.stateless(version, id.clone(), method, params, peer, Some(outbound));
        return call::respond(version, id, Exchange::new(answer, mailbox), inner.config.always_stream).await;
    };
    let begun = match session.begin(&id) {
        Ok(begun) => begun,
        Err(error) => return reply::error(StatusCode::BAD_REQUEST, Some(&id), &error),
    };
    peer.version = session.session.version();
    peer.session.clone_from(&session.session.peer().session);
    let answer = session.session.request(id.clone(), method, params, peer, Some(outbound));
    let exchange = Exchange::new(answer, mailbox);
    Call { parts: Some((session, exchange, begun)), id }.respond(inner.config.always_stream).await
}

async fn initialize(inner: &Inner, id: RequestId, params: &Params, peer: Peer) -> HttpResponse {
    let opened = Session::read_initialize(params).and_then(|initialize| inner.open_session(initialize, peer));
    let session = match opened {
        Ok(session) => session,
        Err(error) => {
            return reply::error(reply::status_of(ProtocolVersion::ASSUMED, error.code), Some(&id), &error);
        }
    };
    let version = session.session.version();
    let welcome = session.session.welcome().await;
    let welcome = welcome.unwrap_or_else(|error| {
        tracing::error!(%error, "the path to the server broke");
        Response::error(RpcError::internal("the server could not be asked what it offers"))
    });
    let mut response = reply::answer(version, &id, &welcome);
    if let Ok(value) = HeaderValue::from_str(&session.id) {
        response.headers_mut().insert(header::MCP_SESSION_ID, value);
    }
    response
}

/// A request of a session. It goes on when its connection breaks.
struct Call {
    parts: Option<(Arc<HttpSession>, Exchange, Begun)>,
    id: RequestId,
}

impl Call {
    async fn respond(mut self, force: bool) -> HttpResponse {
        let Some((session, exchange, begun)) = &mut self.parts else {
            return reply::empty(StatusCode::ACCEPTED);
        };
        let version = session.session.version();
        let cancelled = begun.cancelled();
        let first = tokio::select! {
            biased;
            () = cancelled.cancelled() => {
                // Nobody waits for the answer of a request that was cancelled.
                drop(self.parts.take());
                return reply::empty(StatusCode::ACCEPTED);
            }
            first = call::first(exchange) => first,
        };
        let first = match first {
            First::Item(Item::Response(response)) if !force => {
                drop(self.parts.take());
                return reply::answer(version, &self.id, &response);
            }
            First::Item(item) => Some(item),
            First::Silence => None,
        };
        let Some((session, exchange, begun)) = self.parts.take() else {
            return reply::empty(StatusCode::ACCEPTED);
        };
        let log = session.streams(super::streams::Streams::begin);
        let reader = log.read_from(0);
        let stream = SessionStream::new(&session, reader, None, true);
        tokio::spawn(drive(session, self.id.clone(), exchange, begun, first, log));
        reply::stream(stream)
    }
}

impl Drop for Call {
    /// The connection broke before the answer: the request goes on without it.
    fn drop(&mut self) {
        let Some((session, exchange, begun)) = self.parts.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let log = session.streams(super::streams::Streams::begin);
            runtime.spawn(drive(session, self.id.clone(), exchange, begun, None, log));
        }
    }
}

/// Runs a request of a session to its end, writing what it says to its stream. Ends with the session.
async fn drive(
    session: Arc<HttpSession>,
    id: RequestId,
    mut exchange: Exchange,
    begun: Begun,
    first: Option<Item>,
    log: Arc<Log>,
) {
    let mut next = first;
    let cancelled = begun.cancelled();
    while !exchange.is_over() || next.is_some() {
        let item = match next.take() {
            Some(item) => item,
            None => tokio::select! {
                biased;
                () = cancelled.cancelled() => break,
                () = session.ended().cancelled() => break,
                item = poll_fn(|cx| exchange.poll_next(cx)) => item,
            },
        };
        match item {
            Item::Event(event) => write(&session.session, &log, event),
            Item::Response(response) => {
                if let Some(frame) = response.to_frame(Some(&id)) {
                    log.append(frame);
                }
                break;
            }
        }
    }
    log.finish();
}

/// Writes an event to a stream of a session.
pub(crate) fn write(session: &Session, log: &Log, event: Event) {
    match event {
        Event::Notification(notification) => {
            if let Some(frame) = session.notification(notification) {
                log.append(frame);
            }
        }
        Event::Question(question) => log.append(session.ask(question)),
        Event::ReleaseStream { retry } => log.release(retry),
    }
}

/// Where the subscriptions of a session write.
pub(crate) struct LogOutbound {
    pub(crate) session: Arc<Session>,
    pub(crate) log: Arc<Log>,
}

impl Outbound for LogOutbound {
    fn send(&self, event: Event) {
        write(&self.session, &self.log, event);
    }
}

/// Answers GET: the stream that belongs to no request, or the rest of one that broke.
pub(crate) fn listen(inner: &Inner, headers: &HeaderMap, peer: &Peer) -> HttpResponse {
    let refuse = |status, error: RpcError| reply::error(status, None, &error);
    if !guard::accepts(headers, "text/event-stream") {
        let error = RpcError::new(ErrorCode::REFUSED, "header `Accept` must list `text/event-stream`");
        return refuse(StatusCode::NOT_ACCEPTABLE, error);
    }
    let session = match session_of(inner, headers, peer) {
        Ok(Some(session)) => session,
        Ok(None) => return method_not_allowed("a stream needs a session: send header `Mcp-Session-Id`"),
        Err(error) => return refuse(StatusCode::NOT_FOUND, error),
    };
    let resumed = headers.get(header::LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let standalone = session.streams(super::streams::Streams::standalone);
    let (log, seen) = match resumed.map(|event| session.streams(|streams| streams.find(event))) {
        None => (Arc::clone(&standalone), standalone.last()),
        Some(Some(found)) => found,
        Some(None) => {
            let message = "header `Last-Event-ID` names no stream that can be resumed; open a new one";
            return refuse(StatusCode::NOT_FOUND, RpcError::new(ErrorCode::REFUSED, message));
        }
    };
    let listener = Arc::ptr_eq(&log, &standalone).then(|| {
        let outbound = LogOutbound { session: Arc::clone(&session.session), log: Arc::clone(&log) };
        Listener::new(Arc::clone(&session.session), Arc::new(outbound))
    });
    let reader = log.read_from(seen);
    reply::stream(SessionStream::new(&session, reader, listener, resumed.is_none()))
}

/// 405, with the methods that the endpoint has.
pub(crate) fn method_not_allowed(message: &'static str) -> HttpResponse {
    reply::not_allowed("GET, POST, DELETE", message)
}

/// Answers DELETE: ends a session.
pub(crate) fn delete(inner: &Inner, headers: &HeaderMap, peer: &Peer) -> HttpResponse {
    match session_of(inner, headers, peer) {
        Ok(Some(session)) => {
            inner.sessions.close(&session);
            reply::empty(StatusCode::NO_CONTENT)
        }
        Ok(None) => method_not_allowed("there is no session to end: send header `Mcp-Session-Id`"),
        Err(error) => reply::error(StatusCode::NOT_FOUND, None, &error),
    }
}

/// A connection that reads a stream of a session.
struct SessionStream {
    reader: Reader,
    listener: Option<Listener>,
    ended: Pin<Box<tokio_util::sync::WaitForCancellationFutureOwned>>,
    /// What opens the stream, where the revision has that.
    priming: bool,
    alive: Pin<Box<Sleep>>,
    over: bool,
    _busy: Busy,
}

impl SessionStream {
    fn new(session: &Arc<HttpSession>, reader: Reader, listener: Option<Listener>, fresh: bool) -> Self {
        Self {
            reader,
            listener,
            ended: Box::pin(session.ended().clone().cancelled_owned()),
            // Clients of older revisions take an event without data for a broken frame.
            priming: fresh && session.session.version() >= ProtocolVersion::V2025_11_25,
            alive: Box::pin(tokio::time::sleep(sse::KEEP_ALIVE)),
            over: false,
            _busy: session.busy(),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, next: Next) {
        match next {
            Next::Event(id, frame) => sse::write_event(out, Some(&id), &frame),
            Next::Released(retry) => {
                sse::write_priming(out, &self.reader.position(), Some(retry));
                self.over = true;
            }
            Next::Over => self.over = true,
        }
    }
}

impl Chunks for SessionStream {
    fn poll_chunk(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.over {
            return Poll::Ready(None);
        }
        let mut out = Vec::new();
        if std::mem::take(&mut self.priming) {
            sse::write_priming(&mut out, &self.reader.position(), Some(RETRY));
        }
        if let Some(listener) = &mut self.listener
            && Pin::new(listener).poll(cx).is_ready()
        {
            // The server ended all subscriptions: it is about to close.
            self.listener = None;
            self.over = true;
        }
        while !self.over {
            match self.reader.poll_next(cx) {
                Poll::Ready(next) => self.write(&mut out, next),
                Poll::Pending => break,
            }
        }
        if self.ended.as_mut().poll(cx).is_ready() {
            self.over = true;
        }
        if out.is_empty() && !self.over && self.alive.as_mut().poll(cx).is_ready() {
            out.extend_from_slice(sse::COMMENT);
        }
        if out.is_empty() {
            return if self.over { Poll::Ready(None) } else { Poll::Pending };
        }
        if !self.over {
            self.alive.as_mut().reset(Instant::now() + sse::KEEP_ALIVE);
            // Registers the timer with this task.
            let _ = self.alive.as_mut().poll(cx);
        }
        Poll::Ready(Some(out.into()))
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
