//! From an HTTP request to the endpoint that answers it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};

use crate::authority::Inner;
use crate::error::Refusal;
use crate::params::Params;
use crate::reply::{self, Reply};
use crate::{authorize, consent, introspect, metadata, page, register, revoke, token};

/// Bytes of a request's body.
const LIMIT: usize = 64 * 1024;
/// How long it may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a request comes from, to count attempts by. [`serve`](crate::serve()) sets it; who serves an
/// [`Authority`](crate::Authority) otherwise puts it into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A request, read.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) from: Option<IpAddr>,
    pub(crate) query: String,
    pub(crate) body: Bytes,
}

impl Call {
    /// For events.
    pub(crate) fn address(&self) -> Option<String> {
        self.from.map(|address| address.to_string())
    }

    /// What attempts are counted by: an address, or the network of a household in IPv6.
    pub(crate) fn place(&self) -> String {
        match self.from.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            }
            Some(address) => address.to_string(),
            None => "unknown".to_owned(),
        }
    }

    /// The form in the body.
    pub(crate) fn form(&self) -> Result<Params, Refusal> {
        if !self.is("application/x-www-form-urlencoded") {
            return Err(Refusal::request("the Content-Type is application/x-www-form-urlencoded"));
        }
        Params::parse(&self.body)
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        let found = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        found.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
    }
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Metadata,
    Keys,
    Health,
    Authorize,
    Consent,
    Token,
    Register,
    Revoke,
    Introspect,
}

impl Endpoint {
    fn at(inner: &Inner, path: &str) -> Option<Self> {
        let base = inner.base.as_str();
        // RFC 8414, 3.1: the path of the issuer comes after the well-known one; OpenID Connect has it before.
        for known in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
            if path.strip_prefix(known) == Some(base) {
                return Some(Self::Metadata);
            }
        }
        match path.strip_prefix(base)? {
            "/.well-known/openid-configuration" => Some(Self::Metadata),
            "/jwks" => Some(Self::Keys),
            "/health" => Some(Self::Health),
            "/authorize" => Some(Self::Authorize),
            "/consent" => Some(Self::Consent),
            "/token" => Some(Self::Token),
            "/register" if inner.settings.registration => Some(Self::Register),
            "/revoke" => Some(Self::Revoke),
            "/introspect" => Some(Self::Introspect),
            _ => None,
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Metadata | Self::Keys | Self::Health | Self::Authorize => Method::GET,
            Self::Consent | Self::Token | Self::Register | Self::Revoke | Self::Introspect => Method::POST,
        }
    }

    /// Whether pages of other origins may ask: nothing there depends on cookies.
    const fn is_open(self) -> bool {
        !matches!(self, Self::Authorize | Self::Consent | Self::Health)
    }

    /// Whether a person sees the answer.
    const fn is_page(self) -> bool {
        matches!(self, Self::Authorize | Self::Consent)
    }
}

pub(crate) async fn route<B>(inner: &Arc<Inner>, request: Request<B>) -> Reply
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Some(endpoint) = Endpoint::at(inner, request.uri().path()) else {
        return reply::plain(StatusCode::NOT_FOUND, "there is nothing here\n");
    };
    if endpoint.is_open() && request.method() == Method::OPTIONS {
        return reply::preflight();
    }
    let (wanted, method) = (endpoint.method(), request.method());
    let head = *method == Method::HEAD && wanted == Method::GET;
    if *method != wanted && !head {
        return reply::wrong_method(&wanted);
    }
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(PATIENCE, Limited::new(body, LIMIT).collect()).await;
    let body = match read {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            return reply::plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body broke off, or has more than 64 KiB\n",
            );
        }
        Err(_) => {
            return reply::plain(StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 10 seconds\n");
        }
    };
    let call = Call {
        from: parts.extensions.get::<ClientAddress>().map(|address| address.0),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let mut answer = match answer(inner, endpoint, &call).await {
        Ok(answer) => answer,
        Err(refusal) if endpoint.is_page() => page::refusal(&refusal),
        Err(refusal) => reply::refusal(&inner.issuer, refusal),
    };
    if endpoint.is_open() {
        reply::open(&mut answer);
    }
    if head {
        *answer.body_mut() = http_body_util::Full::default();
    }
    answer
}

async fn answer(inner: &Inner, endpoint: Endpoint, call: &Call) -> Result<Reply, Refusal> {
    match endpoint {
        Endpoint::Metadata => return Ok(metadata::answer(inner)),
        Endpoint::Keys => return Ok(reply::cacheable(&inner.keys.published(inner.clock.now()))),
        Endpoint::Health => return Ok(reply::plain(StatusCode::OK, "ok\n")),
        _ => inner.sweep().await,
    }
    match endpoint {
        Endpoint::Authorize => authorize::answer(inner, call).await,
        Endpoint::Consent => consent::answer(inner, call).await,
        Endpoint::Token => token::answer(inner, call).await,
        Endpoint::Register => register::answer(inner, call).await,
        Endpoint::Revoke => revoke::answer(inner, call).await,
        _ => introspect::answer(inner, call).await,
    }
}
