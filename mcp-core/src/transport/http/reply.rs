//! HTTP responses from MCP responses.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::body::{Chunks, ResponseBody};
use crate::protocol::{ErrorCode, ProtocolVersion, RequestId, RpcError};
use crate::service::{Outcome, Response, error_frame, result_head};

pub(crate) type HttpResponse = http::Response<ResponseBody>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Tells reverse proxies not to hold events back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Results from this size on are written beside their frame instead of being copied into it.
const COPY_LIMIT: usize = 16 * 1024;

/// A JSON text.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> HttpResponse {
    with_type(status, JSON, ResponseBody::full(body))
}

fn with_type(status: StatusCode, content_type: HeaderValue, body: ResponseBody) -> HttpResponse {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A status without a body.
pub(crate) fn empty(status: StatusCode) -> HttpResponse {
    let mut response = http::Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

/// An error as a frame of its own.
pub(crate) fn error(status: StatusCode, id: Option<&RequestId>, error: &RpcError) -> HttpResponse {
    tracing::debug!(status = status.as_u16(), code = error.code.0, message = %error.message, "request refused");
    let mut response = json(status, error_frame(id, error));
    annotate(&mut response, error);
    response
}

/// The scopes that a refused request needs, for whoever knows where credentials come from.
#[cfg(feature = "auth")]
#[derive(Debug, Clone)]
pub(crate) struct NeededScopes(pub(crate) Vec<String>);

/// Puts into headers, or where they are made, what HTTP clients want to know of an error.
pub(crate) fn annotate(response: &mut HttpResponse, error: &RpcError) {
    add_retry_after(response, error);
    #[cfg(feature = "auth")]
    if error.code == ErrorCode::FORBIDDEN
        && let Some(needed) = error.data.as_ref().and_then(|data| data.get("requiredScopes")?.as_array())
    {
        let needed = needed.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
        response.extensions_mut().insert(NeededScopes(needed));
    }
}

/// Says in a header too when the request is worth another try.
fn add_retry_after(response: &mut HttpResponse, error: &RpcError) {
    if error.code == ErrorCode::RATE_LIMITED
        && let Some(wait) = error.retry_after()
    {
        // The header knows whole seconds only; a client that comes early would be refused again.
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
    }
}

/// 405, with the methods that there are.
pub(crate) fn not_allowed(allow: &'static str, message: &'static str) -> HttpResponse {
    let problem = RpcError::new(ErrorCode::REFUSED, message);
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, None, &problem);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// The answer to a request, as one JSON text.
pub(crate) fn answer(version: ProtocolVersion, id: &RequestId, response: &Response) -> HttpResponse {
    match &response.outcome {
        Outcome::Result(result) if result.len() >= COPY_LIMIT => {
            let head = result_head(Some(id), 0).into();
            let parts = [head, result.clone(), Bytes::from_static(b"}")];
            with_type(StatusCode::OK, JSON, ResponseBody::parts(parts))
        }
        Outcome::Error(problem) => error(status_of(version, problem.code), Some(id), problem),
        _ => match response.to_frame(Some(id)) {
            Some(frame) => json(StatusCode::OK, frame),
            None => empty(StatusCode::ACCEPTED),
        },
    }
}

/// A stream of events.
pub(crate) fn stream(chunks: impl Chunks + 'static) -> HttpResponse {
    let mut response = with_type(StatusCode::OK, EVENT_STREAM, ResponseBody::stream(chunks));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// The HTTP status of a protocol error. Revisions until 2025-11-25 answer errors of requests that
/// they could read with 200; their clients take anything else for a broken transport.
pub(crate) fn status_of(version: ProtocolVersion, code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::OVERLOADED | ErrorCode::SHUTTING_DOWN => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::SESSION_NOT_FOUND => StatusCode::NOT_FOUND,
        ErrorCode::UNAUTHENTICATED => StatusCode::UNAUTHORIZED,
        ErrorCode::FORBIDDEN => StatusCode::FORBIDDEN,
        ErrorCode::RATE_LIMITED => StatusCode::TOO_MANY_REQUESTS,
        _ if !version.is_modern() => StatusCode::OK,
        ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        ErrorCode::TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::PARSE_ERROR
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::HEADER_MISMATCH
        | ErrorCode::MISSING_CLIENT_CAPABILITY
        | ErrorCode::UNSUPPORTED_VERSION => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}
