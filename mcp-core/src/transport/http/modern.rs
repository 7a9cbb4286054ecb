//! Requests of 2026-07-28: each carries everything there is to know.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use super::reply::{self, HttpResponse};
use super::{Inner, call};
use crate::protocol::{ErrorCode, Method, Params, ProtocolVersion, RequestId, RpcError, header, meta};
use crate::service::{Peer, Request};
use crate::transport::exchange::Exchange;
use crate::transport::mailbox::Mailbox;

/// Whether a request is one of 2026-07-28 or later: its header or its `_meta` says so.
pub(crate) fn is_modern(version_header: Option<&str>, params: &Params) -> bool {
    let says = |version: &str| version.parse().map_or(true, |version: ProtocolVersion| version.is_modern());
    version_header.is_some_and(says) || params.meta(meta::PROTOCOL_VERSION).is_some()
}

/// Answers a request.
pub(crate) async fn respond(
    inner: &Inner,
    id: RequestId,
    method: Method,
    params: Params,
    peer: Peer,
) -> HttpResponse {
    let headers = peer.headers.clone().unwrap_or_default();
    if let Err(error) = check(&headers, &method, &params) {
        return reply::error(
            reply::status_of(ProtocolVersion::LATEST, error.code).max(StatusCode::BAD_REQUEST),
            Some(&id),
            &error,
        );
    }
    let mailbox = Arc::new(Mailbox::default());
    let mut request = Request::new(id.clone(), method, params);
    request.peer = peer;
    let shared: Arc<Mailbox> = Arc::clone(&mailbox);
    request.outbound = Some(shared);
    request.closing = Some(inner.closing.clone());
    let exchange = Exchange::new(inner.service.handle(request), mailbox);
    call::respond(ProtocolVersion::LATEST, id, exchange, inner.config.always_stream).await
}

/// What the headers and `_meta` of a request must say, and say alike.
fn check(headers: &HeaderMap, method: &Method, params: &Params) -> Result<(), RpcError> {
    let declared = params.meta_str(meta::PROTOCOL_VERSION);
    let Some(version) = one(headers, header::MCP_PROTOCOL_VERSION)? else {
        return Err(mismatch("header `MCP-Protocol-Version` is missing"));
    };
    let Some(declared) = declared else {
        if version.parse::<ProtocolVersion>().is_err() {
            return Err(RpcError::unsupported_version(version));
        }
        return Err(RpcError::invalid_params(format!("`_meta.{}` must be a string", meta::PROTOCOL_VERSION)));
    };
    if version != declared {
        let message = format!("header `MCP-Protocol-Version` says `{version}`, the body `{declared}`");
        return Err(mismatch(message));
    }
    match declared.parse::<ProtocolVersion>() {
        Ok(version) if version.is_modern() => {}
        _ => return Err(RpcError::unsupported_version(&declared)),
    }
    if !params.meta(meta::CLIENT_CAPABILITIES).is_some_and(|raw| raw.starts_with('{')) {
        return Err(RpcError::invalid_params(format!(
            "`_meta.{}` must be an object",
            meta::CLIENT_CAPABILITIES
        )));
    }
    match one(headers, header::MCP_METHOD)? {
        None => return Err(mismatch("header `Mcp-Method` is missing")),
        Some(name) if name != method.as_str() => {
            return Err(mismatch(format!("header `Mcp-Method` says `{name}`, the body `{method}`")));
        }
        Some(_) => {}
    }
    let Some(member) = method.mirrored_member() else { return Ok(()) };
    let Some(expected) = params.get_str(member) else {
        return Err(RpcError::invalid_params(format!("`{member}` must be a string")));
    };
    let Some(name) = one(headers, header::MCP_NAME)? else {
        return Err(mismatch("header `Mcp-Name` is missing"));
    };
    let name: Cow<'_, str> =
        header::decode_value(name).map_err(|error| mismatch(format!("header `Mcp-Name`: {error}")))?;
    if name != expected {
        return Err(mismatch(format!("header `Mcp-Name` says `{name}`, the body `{expected}`")));
    }
    Ok(())
}

/// The single value of a header. Two values could be read differently by those in between.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, RpcError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(mismatch(format!("header `{name}` occurs twice")));
    }
    let value = value.to_str().map_err(|_| mismatch(format!("header `{name}` has invalid characters")))?;
    Ok(Some(value.trim_matches([' ', '\t'])))
}

fn mismatch(message: impl Into<Cow<'static, str>>) -> RpcError {
    RpcError::new(ErrorCode::HEADER_MISMATCH, message)
}
