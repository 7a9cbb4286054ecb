//! Answers, and the headers that all of them need.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName,
    LOCATION, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::error::Refusal;

pub(crate) type Reply = Response<Full<Bytes>>;

pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Seconds that metadata and keys may be kept.
const KEPT: &str = "public, max-age=300";

pub(crate) fn set(reply: &mut Reply, name: HeaderName, value: impl TryInto<HeaderValue>) {
    // INVARIANT: callers have no control characters in what they put into headers.
    if let Ok(value) = value.try_into() {
        reply.headers_mut().insert(name, value);
    }
}

pub(crate) fn text(status: StatusCode, kind: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE, kind);
    set(&mut reply, CACHE_CONTROL, "no-store");
    set(&mut reply, X_CONTENT_TYPE_OPTIONS, "nosniff");
    reply
}

pub(crate) fn plain(status: StatusCode, body: &str) -> Reply {
    text(status, "text/plain; charset=utf-8", body.to_owned())
}

/// JSON that nobody keeps.
pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
    text(status, "application/json", body.to_string())
}

/// JSON that everybody may keep for a while.
pub(crate) fn cacheable(body: &Value) -> Reply {
    let mut reply = json(StatusCode::OK, body);
    set(&mut reply, CACHE_CONTROL, KEPT);
    reply
}

pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = text(status, "text/plain; charset=utf-8", String::new());
    reply.headers_mut().remove(CONTENT_TYPE);
    reply
}

pub(crate) fn refusal(issuer: &str, refusal: Refusal) -> Reply {
    let body = json!({ "error": refusal.code, "error_description": refusal.description });
    let mut reply = json(refusal.status, &body);
    if let Some(seconds) = refusal.retry_after {
        set(&mut reply, RETRY_AFTER, seconds.to_string());
    }
    if refusal.basic {
        set(&mut reply, WWW_AUTHENTICATE, format!("Basic realm=\"{issuer}\", charset=\"UTF-8\""));
    }
    if let Some(nonce) = refusal.nonce {
        set(&mut reply, DPOP_NONCE, nonce);
    }
    reply
}

/// To another place, by GET.
pub(crate) fn redirect(to: &str) -> Reply {
    let mut reply = empty(StatusCode::SEE_OTHER);
    set(&mut reply, LOCATION, to);
    reply
}

pub(crate) fn wrong_method(wanted: &Method) -> Reply {
    let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED, &format!("the method is {wanted}\n"));
    set(&mut reply, ALLOW, wanted.as_str());
    reply
}

/// Lets pages of other origins read an answer: browsers send no credentials of theirs along.
pub(crate) fn open(reply: &mut Reply) {
    set(reply, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(reply, ACCESS_CONTROL_EXPOSE_HEADERS, "DPoP-Nonce, Retry-After, WWW-Authenticate");
}

pub(crate) fn preflight() -> Reply {
    let mut reply = empty(StatusCode::NO_CONTENT);
    open(&mut reply);
    set(&mut reply, ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    set(&mut reply, ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, DPoP, MCP-Protocol-Version");
    set(&mut reply, ACCESS_CONTROL_MAX_AGE, "600");
    reply
}
