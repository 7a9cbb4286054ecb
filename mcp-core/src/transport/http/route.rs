//! From an HTTP request to who answers it.

use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use http_body::Body;

use super::correlation::Correlation;
use super::reply::{self, HttpResponse};
#[cfg(feature = "ws")]
use super::ws;
use super::{Inner, guard, legacy, modern, rest, sse_transport};
use crate::protocol::{ErrorCode, Frame, FrameError, Incoming, Method, ProtocolVersion, RpcError, header};
use crate::service::{Outcome, Peer, Principal, Request, error_frame};

/// Answers an HTTP request.
pub(crate) async fn route<B>(inner: Arc<Inner>, request: http::Request<B>) -> HttpResponse
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    let (mut parts, body) = request.into_parts();
    let correlation = inner.config.correlation.then(|| Correlation::of(&parts.headers));
    if let Some(correlation) = &correlation {
        parts.extensions.insert(correlation.clone());
    }
    let mut response = admitted(&inner, parts, body).await;
    if let Some(correlation) = correlation {
        correlation.echo(&mut response);
    }
    response
}

/// Answers a request once it is known what to call it.
async fn admitted<B>(inner: &Arc<Inner>, parts: Parts, body: B) -> HttpResponse
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    if let Err((status, error)) = guard::check_host(&inner.config, &parts.uri, &parts.headers) {
        return if rest::is_twin(&inner.config, parts.uri.path()) {
            rest::error_response(status, &error)
        } else {
            reply::error(status, None, &error)
        };
    }
    let origin = parts.headers.get(ORIGIN).cloned();
    let mut response = guarded(inner, parts, body).await;
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(VARY, HeaderValue::from_static("origin"));
        let exposed = HeaderValue::from_static(
            "mcp-session-id, mcp-protocol-version, www-authenticate, dpop-nonce, retry-after, x-request-id",
        );
        headers.insert(http::header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// Answers a request if its sender may come in.
#[cfg(feature = "auth")]
async fn guarded<B>(inner: &Arc<Inner>, mut parts: Parts, body: B) -> HttpResponse
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    let Some(guard) = &inner.config.guard else { return matched(inner, parts, body).await };
    if let Some(answer) = super::admission::admit(guard, &mut parts).await {
        return answer;
    }
    let mut response = matched(inner, parts, body).await;
    super::admission::explain(guard, &mut response);
    response
}

#[cfg(not(feature = "auth"))]
use matched as guarded;

/// Answers a request whose sender was let in.
async fn matched<B>(inner: &Arc<Inner>, parts: Parts, body: B) -> HttpResponse
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    match (parts.method.as_str(), parts.uri.path()) {
        ("OPTIONS", _) if parts.headers.contains_key(ORIGIN) => preflight(),
        ("GET", "/health" | "/ready") => health(inner, parts.uri.path()),
        ("POST", path) if path == inner.config.path => match read(body, inner.config.max_body).await {
            Ok(body) => post(inner, parts, body).await,
            Err((status, error)) => reply::error(status, None, &error),
        },
        #[cfg(feature = "ws")]
        ("GET", path) if path == inner.config.path && ws::is_upgrade(&parts.headers) => {
            ws::upgrade(inner, parts)
        }
        ("GET", path) if path == inner.config.path => {
            let peer = peer(&parts, ProtocolVersion::ASSUMED);
            legacy::listen(inner, &parts.headers, &peer)
        }
        ("DELETE", path) if path == inner.config.path => {
            let peer = peer(&parts, ProtocolVersion::ASSUMED);
            legacy::delete(inner, &parts.headers, &peer)
        }
        (_, path) if path == inner.config.path => {
            legacy::method_not_allowed("this method is not supported here")
        }
        ("GET", sse_transport::STREAM) if inner.config.legacy_sse => sse_transport::open(inner, parts),
        ("POST", sse_transport::MESSAGES) if inner.config.legacy_sse => {
            sse_transport::post(inner, parts, body).await
        }
        (_, sse_transport::STREAM) if inner.config.legacy_sse => {
            reply::not_allowed("GET", "streams are opened with GET")
        }
        (_, sse_transport::MESSAGES) if inner.config.legacy_sse => {
            reply::not_allowed("POST", "messages are sent with POST")
        }
        (_, path) if rest::is_twin(&inner.config, path) => rest::respond(inner, parts, body).await,
        _ => reply::error(
            StatusCode::NOT_FOUND,
            None,
            &RpcError::new(ErrorCode::REFUSED, "there is nothing here"),
        ),
    }
}

/// Answers a browser's question whether a page may call. The origin has been checked.
fn preflight() -> HttpResponse {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, POST, DELETE");
    headers.insert(http::header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static(
        "accept, authorization, content-type, dpop, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id, traceparent, tracestate, x-api-key, x-request-id",
    );
    headers.insert(http::header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(http::header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}

fn health(inner: &Inner, path: &str) -> HttpResponse {
    let down = path == "/ready" && inner.closing.is_cancelled();
    let (status, text) =
        if down { (StatusCode::SERVICE_UNAVAILABLE, "stopping") } else { (StatusCode::OK, "ok") };
    let mut answer = inner.config.health.0.as_ref().map_or_else(serde_json::Map::new, |say| say());
    answer.insert("status".into(), text.into());
    answer.insert("sessions".into(), inner.sessions.len().into());
    reply::json(status, serde_json::Value::Object(answer).to_string())
}

/// Reads a body of at most `limit` bytes. A body that came in one piece is not copied.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, guard::Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let too_large = || {
        let error = RpcError::new(ErrorCode::TOO_LARGE, format!("the body has more than {limit} bytes"));
        (StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| {
            tracing::debug!(%error, "a request body could not be read");
            (StatusCode::BAD_REQUEST, RpcError::new(ErrorCode::REFUSED, "the body could not be read"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(too_large());
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Who sent a request.
pub(crate) fn peer(parts: &Parts, version: ProtocolVersion) -> Peer {
    let mut peer = Peer::new(version);
    peer.principal = parts.extensions.get::<Arc<Principal>>().cloned();
    peer.correlation = parts.extensions.get::<Correlation>().map(|correlation| Arc::clone(&correlation.0));
    peer
}

async fn post(inner: &Arc<Inner>, parts: Parts, body: Bytes) -> HttpResponse {
    if let Err((status, error)) = guard::check_post(&parts.headers) {
        return reply::error(status, None, &error);
    }
    let incoming = match Incoming::parse(&body, inner.config.max_depth) {
        Ok(incoming) => incoming,
        Err(error) => return malformed(&error),
    };
    let mut peer = peer(&parts, ProtocolVersion::LATEST);
    peer.headers = Some(Arc::new(parts.headers));
    match incoming {
        Incoming::One(frame) => one(inner, frame, peer).await,
        Incoming::Batch(frames) => batch(inner, frames, peer).await,
    }
}

fn malformed(error: &FrameError) -> HttpResponse {
    let status = match error.to_rpc_error().code {
        ErrorCode::TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    reply::error(status, error.id.as_ref(), &error.to_rpc_error())
}

async fn one(inner: &Arc<Inner>, frame: Frame, peer: Peer) -> HttpResponse {
    let headers = peer.headers.clone().unwrap_or_default();
    match frame {
        Frame::Request { id, method, params } => {
            let version = headers.get(header::MCP_PROTOCOL_VERSION).and_then(|value| value.to_str().ok());
            if modern::is_modern(version.map(str::trim), &params) {
                modern::respond(inner, id, method, params, peer).await
            } else {
                legacy::respond(inner, id, method, params, peer).await
            }
        }
        Frame::Notification { method, params } => match legacy::session_of(inner, &headers, &peer) {
            Ok(session) => {
                if let (Some(session), Method::Cancelled) = (&session, &method)
                    && let Some(id) = params.get("requestId").and_then(|raw| serde_json::from_str(raw).ok())
                {
                    session.cancel(&id);
                }
                let session = session.and_then(|session| session.session.peer().session.clone());
                notify(inner, Request::notification(method, params, Peer { session, ..peer })).await
            }
            Err(error) => reply::error(StatusCode::NOT_FOUND, None, &error),
        },
        Frame::Response { id, outcome } => match legacy::session_of(inner, &headers, &peer) {
            Ok(Some(session)) => {
                session.session.answer(id.as_ref(), outcome);
                reply::empty(StatusCode::ACCEPTED)
            }
            Ok(None) => {
                let error =
                    RpcError::invalid_request("responses are for sessions: send header `Mcp-Session-Id`");
                reply::error(StatusCode::BAD_REQUEST, None, &error)
            }
            Err(error) => reply::error(StatusCode::NOT_FOUND, None, &error),
        },
    }
}

/// Passes a notification to the service: layers may want to know, or to refuse it.
async fn notify(inner: &Inner, notification: Request) -> HttpResponse {
    match inner.service.handle(notification).await.map(|response| response.outcome) {
        Ok(Outcome::Error(error)) => reply::error(StatusCode::BAD_REQUEST, None, &error),
        Ok(_) => reply::empty(StatusCode::ACCEPTED),
        Err(error) => {
            tracing::error!(%error, "the path to the server broke");
            reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// A batch: 2025-03-26 only, and never with `initialize` in it.
async fn batch(inner: &Arc<Inner>, frames: Vec<Result<Frame, FrameError>>, peer: Peer) -> HttpResponse {
    let headers = peer.headers.clone().unwrap_or_default();
    let version = match legacy::session_of(inner, &headers, &peer) {
        Ok(Some(session)) => session.session.version(),
        Ok(None) => legacy::version_of(&headers),
        Err(error) => return reply::error(StatusCode::NOT_FOUND, None, &error),
    };
    if !version.has_batches() {
        let message = format!("protocol version {version} has no batches: send one message per request");
        return reply::error(StatusCode::BAD_REQUEST, None, &RpcError::invalid_request(message));
    }
    let mut answers = Vec::new();
    for frame in frames {
        match frame {
            Ok(Frame::Request { id, method: Method::Initialize, .. }) => {
                let error = RpcError::invalid_request("`initialize` must not be part of a batch");
                answers.push(Bytes::from(error_frame(Some(&id), &error)));
            }
            Ok(frame @ Frame::Request { .. }) => {
                let response = one(inner, frame, peer.clone()).await;
                // An answer that became a stream is taken apart again: its last event is the answer.
                if let Ok(body) = read(response.into_body(), usize::MAX).await {
                    answers.push(last_event(body));
                }
            }
            Ok(frame) => drop(one(inner, frame, peer.clone()).await),
            Err(error) => answers.push(Bytes::from(error_frame(error.id.as_ref(), &error.to_rpc_error()))),
        }
    }
    if answers.is_empty() {
        return reply::empty(StatusCode::ACCEPTED);
    }
    let mut out = Vec::from(b"[");
    out.extend_from_slice(&answers.join(&b","[..]));
    out.push(b']');
    reply::json(StatusCode::OK, out)
}

/// The frame of a response body, be it JSON or a stream.
fn last_event(body: Bytes) -> Bytes {
    if body.first() == Some(&b'{') {
        return body;
    }
    let mut lines = body.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data: "));
    lines.next_back().map_or_else(Bytes::new, |line| body.slice_ref(line))
}
