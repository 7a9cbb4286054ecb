//! REST twins: each method under a path of its own, for programs that speak no JSON-RPC.
//!
//! The body is the `params` object, or nothing; the answer is the `result` object of the newest
//! revision, or the `error` object with an HTTP status that fits. There are no sessions and no
//! streams: who is asked something gets `input_required` and sends the request again with the answers.

mod openapi;
mod schemas;

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use http_body::Body;

use super::config::Config;
use super::reply::{self, HttpResponse};
use super::{Inner, guard, route};
use crate::protocol::{ErrorCode, FrameError, Method, Params, ProtocolVersion, RpcError, json, meta};
use crate::service::{Peer, Request, Response, ResponseFuture, Unmirrored};
use crate::session;

/// Where the description of all this is.
const DOCUMENT: &str = "openapi.json";

/// The methods that have a twin.
const TWINS: [Method; 9] = [
    Method::Initialize,
    Method::ToolsList,
    Method::ToolsCall,
    Method::ResourcesList,
    Method::ResourceTemplatesList,
    Method::ResourcesRead,
    Method::PromptsList,
    Method::PromptsGet,
    Method::Complete,
];

/// What a path below the prefix names; none for other paths.
fn name_of<'a>(config: &Config, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(config.rest.as_deref()?)?.strip_prefix('/')
}

/// Whether a path is one of these.
pub(crate) fn is_twin(config: &Config, path: &str) -> bool {
    name_of(config, path).is_some()
}

/// Answers a request to such a path.
pub(crate) async fn respond<B>(inner: &Inner, parts: Parts, body: B) -> HttpResponse
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    answer(inner, parts, body).await.unwrap_or_else(|(status, error)| error_response(status, &error))
}

/// An error without a frame around it.
pub(crate) fn error_response(status: StatusCode, error: &RpcError) -> HttpResponse {
    tracing::debug!(status = status.as_u16(), code = error.code.0, message = %error.message, "request refused");
    let mut text = Vec::new();
    json::write(&mut text, error);
    let mut response = reply::json(status, text);
    reply::annotate(&mut response, error);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = http::HeaderValue::from_static("GET, POST");
        response.headers_mut().insert(http::header::ALLOW, allowed);
    }
    response
}

async fn answer<B>(inner: &Inner, parts: Parts, body: B) -> Result<HttpResponse, guard::Refusal>
where
    B: Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    guard::check_accepts(&parts.headers, "application/json")?;
    let name = name_of(&inner.config, parts.uri.path()).unwrap_or_default();
    let (is_get, is_post) = (parts.method == http::Method::GET, parts.method == http::Method::POST);
    let method = Method::parse(name);
    if name == DOCUMENT {
        if !is_get {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "the document is read with GET");
        }
        let document = openapi::document(inner, &peer(parts)).await.map_err(with_status)?;
        return Ok(reply::json(StatusCode::OK, document));
    }
    if !TWINS.contains(&method) {
        return refuse(StatusCode::NOT_FOUND, "there is nothing here; openapi.json tells what there is");
    }
    if !is_post {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "methods are called with POST");
    }
    let headers = parts.headers.clone();
    let body = route::read(body, inner.config.max_body).await?;
    if !body.is_empty() {
        guard::check_content_type(&headers)?;
    }
    let params = read_params(&body, inner.config.max_depth).map_err(with_status)?;
    let result = call(inner, method, params, &peer(parts)).await.map_err(with_status)?;
    Ok(reply::json(StatusCode::OK, result))
}

fn refuse<T>(status: StatusCode, message: &'static str) -> Result<T, guard::Refusal> {
    Err((status, RpcError::new(ErrorCode::REFUSED, message)))
}

fn peer(parts: Parts) -> Peer {
    let mut peer = route::peer(&parts, ProtocolVersion::LATEST);
    peer.headers = Some(Arc::new(parts.headers));
    peer
}

/// Reads a body, and what its `_meta` says about the client if there is one.
fn read_params(body: &Bytes, depth: u32) -> Result<Params, RpcError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Params::default());
    }
    // In a frame the parameters are one level down.
    let params = Params::from_json_within(body, depth.saturating_sub(1))
        .map_err(|problem| FrameError::from(problem).to_rpc_error())?;
    if params.meta(meta::PROTOCOL_VERSION).is_some() {
        let declared = params.meta_str(meta::PROTOCOL_VERSION).ok_or_else(|| {
            RpcError::invalid_params(format!("`_meta.{}` must be a string", meta::PROTOCOL_VERSION))
        })?;
        if !declared.parse().is_ok_and(ProtocolVersion::is_modern) {
            return Err(RpcError::unsupported_version(&declared));
        }
    }
    if params.meta(meta::CLIENT_CAPABILITIES).is_some_and(|declared| !declared.starts_with('{')) {
        let message = format!("`_meta.{}` must be an object", meta::CLIENT_CAPABILITIES);
        return Err(RpcError::invalid_params(message));
    }
    Ok(params)
}

/// Calls a method of the service.
async fn call(inner: &Inner, method: Method, params: Params, peer: &Peer) -> Result<Bytes, RpcError> {
    let answer = if method == Method::Initialize {
        initialize(inner, &params, peer)?
    } else {
        forward(inner, method, params, peer)
    };
    answer.await.unwrap_or_else(broken).into_result()
}

fn forward(inner: &Inner, method: Method, params: Params, peer: &Peer) -> ResponseFuture {
    let mut request = Request::new(0, method, params);
    request.peer = peer.clone();
    request.extensions.insert(Unmirrored);
    request.closing = Some(inner.closing.clone());
    inner.service.handle(request)
}

/// What `initialize` would answer, without a session.
fn initialize(inner: &Inner, params: &Params, peer: &Peer) -> Result<ResponseFuture, RpcError> {
    let requested = match params.get("protocolVersion") {
        None => None,
        Some(_) => Some(
            params
                .get_str("protocolVersion")
                .ok_or_else(|| RpcError::invalid_params("`protocolVersion` must be a string"))?,
        ),
    };
    let version = session::negotiate(requested.as_deref().unwrap_or_default());
    let peer = Peer { version, ..peer.clone() };
    Ok(session::initialize_result(&inner.service, version, peer, &inner.downgrades))
}

#[expect(clippy::needless_pass_by_value, reason = "stands where a result is taken apart")]
fn broken(error: crate::service::BoxError) -> Response {
    tracing::error!(%error, "the path to a handler broke");
    Response::error(RpcError::internal("the server could not serve the request"))
}

fn with_status(error: RpcError) -> guard::Refusal {
    let status = match error.code {
        ErrorCode::METHOD_NOT_FOUND | ErrorCode::RESOURCE_NOT_FOUND => StatusCode::NOT_FOUND,
        ErrorCode::REFUSED | ErrorCode::FORBIDDEN => StatusCode::FORBIDDEN,
        ErrorCode::UNAUTHENTICATED => StatusCode::UNAUTHORIZED,
        ErrorCode::RATE_LIMITED => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::INTERNAL_ERROR => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::OVERLOADED | ErrorCode::SHUTTING_DOWN => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::DEADLINE_EXCEEDED => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, error)
}
