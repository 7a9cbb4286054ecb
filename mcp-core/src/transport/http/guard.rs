//! What is refused before a request is read: strangers' pages, wrong types, too much.

use http::header::{ACCEPT, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};

use super::config::Config;
use crate::protocol::{ErrorCode, RpcError};

/// A refusal: the HTTP status and what to say.
pub(crate) type Refusal = (StatusCode, RpcError);

fn refuse<T>(status: StatusCode, message: String) -> Result<T, Refusal> {
    Err((status, RpcError::new(ErrorCode::REFUSED, message)))
}

/// Checks `Host` and `Origin` against the hosts that are allowed: a page on another site must not
/// reach a server on this machine, not even when it makes its own name point here.
pub(crate) fn check_host(config: &Config, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let host = uri.host().or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()).map(strip_port));
    match (&config.allowed_hosts, host) {
        (Some(allowed), Some(host)) if !allowed.iter().any(|name| name.eq_ignore_ascii_case(host)) => {
            return refuse(
                StatusCode::FORBIDDEN,
                format!("host `{}` is not allowed here", crate::protocol::excerpt(host)),
            );
        }
        (Some(_), None) => return refuse(StatusCode::FORBIDDEN, "header `Host` is missing".into()),
        _ => {}
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    if config.allows_origin(origin, host) {
        return Ok(());
    }
    refuse(
        StatusCode::FORBIDDEN,
        format!("origin `{}` is not allowed here", crate::protocol::excerpt(origin)),
    )
}

/// A host without its port: `[::1]:8080`, `localhost:8080`, `localhost`.
pub(crate) fn strip_port(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(end) => host.get(..end + 2).unwrap_or(host),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// Whether the client takes a media type.
pub(crate) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim();
        range == "*/*"
            || range.eq_ignore_ascii_case(media_type)
            || range.strip_suffix("/*").is_some_and(|prefix| prefix.eq_ignore_ascii_case(kind))
    })
}

/// What a POST must send and take.
pub(crate) fn check_post(headers: &HeaderMap) -> Result<(), Refusal> {
    check_content_type(headers)?;
    if accepts(headers, "application/json") && accepts(headers, "text/event-stream") {
        return Ok(());
    }
    let message = "header `Accept` must list `application/json` and `text/event-stream`".into();
    refuse(StatusCode::NOT_ACCEPTABLE, message)
}

/// What every body must be.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message = "header `Content-Type` must be `application/json`".into();
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    Ok(())
}

/// What a client must take to be answered with one media type.
pub(crate) fn check_accepts(headers: &HeaderMap, media_type: &str) -> Result<(), Refusal> {
    if accepts(headers, media_type) {
        return Ok(());
    }
    refuse(StatusCode::NOT_ACCEPTABLE, format!("header `Accept` must list `{media_type}`"))
}
