//! From an HTTP request to a WebSocket connection.

use std::sync::Arc;

use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::runtime::Handle;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::reply::{self, HttpResponse};
use super::{Inner, route};
use crate::protocol::{ErrorCode, ProtocolVersion, RpcError};
use crate::transport::ws;

/// The subprotocol that a client may ask for.
const SUBPROTOCOL: &str = "mcp";
/// The version of WebSocket that everybody speaks.
const VERSION: &str = "13";

/// Whether a request asks for a WebSocket connection.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    lists(headers, &CONNECTION, "upgrade") && lists(headers, &UPGRADE, "websocket")
}

fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}

/// Answers the request, and serves the connection that it becomes. `Host` and `Origin` were checked.
pub(crate) fn upgrade(inner: &Inner, mut parts: Parts) -> HttpResponse {
    let refuse = |status, message| reply::error(status, None, &RpcError::new(ErrorCode::REFUSED, message));
    if parts.headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        let message = "header `Sec-WebSocket-Version` must be 13";
        let mut response = refuse(StatusCode::UPGRADE_REQUIRED, message);
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        return response;
    }
    let Some(key) = parts.headers.get(SEC_WEBSOCKET_KEY) else {
        return refuse(StatusCode::BAD_REQUEST, "header `Sec-WebSocket-Key` is missing");
    };
    let Ok(accept) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) else {
        return refuse(StatusCode::BAD_REQUEST, "header `Sec-WebSocket-Key` cannot be read");
    };
    let Some(upgraded) = parts.extensions.remove::<OnUpgrade>() else {
        return refuse(StatusCode::NOT_IMPLEMENTED, "this connection cannot become a WebSocket");
    };
    let speaks_mcp = lists(&parts.headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    let mut peer = route::peer(&parts, ProtocolVersion::LATEST_LEGACY);
    peer.headers = Some(Arc::new(parts.headers));
    let link = match inner.link(&peer) {
        Ok(link) => link,
        Err(error) => {
            return reply::error(reply::status_of(ProtocolVersion::LATEST, error.code), None, &error);
        }
    };
    let (max_message, closing) = (inner.config.max_body, inner.closing.clone());
    let serving = async move {
        match upgraded.await {
            Ok(socket) => ws::serve(TokioIo::new(socket), &link.connection, max_message, closing).await,
            Err(error) => tracing::debug!(%error, "a connection did not become a WebSocket"),
        }
    };
    inner.upgraded.spawn_on(serving, &Handle::current());
    let mut response = reply::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if speaks_mcp {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}
