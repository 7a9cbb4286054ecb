//! A protected resource: who may come in, and where the others get what they need (RFC 9728).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Method};
use serde_json::json;
use url::Url;

use super::{Authenticate, Reason, Rejection};
use crate::service::Principal;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Guards an HTTP endpoint: establishes who calls, refuses the others, and says where credentials come from.
///
/// ```
/// use mcp_core::auth::server::{ApiKeys, Keys, MemoryApiKeys, ResourceServer, Verifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = Verifier::builder("https://mcp.example.com/mcp")
///     .issuer("https://auth.example.com", Keys::of_issuer("https://auth.example.com"))
///     .build();
/// let guard = ResourceServer::new("https://mcp.example.com/mcp")?
///     .authorization_server("https://auth.example.com")
///     .require_scope("mcp:use")
///     .accept(tokens)
///     .accept(ApiKeys::new(MemoryApiKeys::default(), &[7; 32]));
/// # #[cfg(feature = "http-server")] {
/// # let server = mcp_core::Server::builder("s", "1.0.0").build()?;
/// let http = mcp_core::transport::http::Http::new(server).authenticate(guard);
/// # }
/// # Ok(()) }
/// ```
pub struct ResourceServer {
    resource: Url,
    authorization_servers: Vec<String>,
    scopes: Vec<String>,
    required: Vec<String>,
    name: Option<String>,
    accept: Vec<Box<dyn Authenticate>>,
    observers: Vec<Observer>,
}

type Observer = Arc<dyn Fn(&Refused<'_>) + Send + Sync>;

/// A request that was refused, as observers see it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused<'a> {
    /// Why.
    pub rejection: &'a Rejection,
    /// How it was sent.
    pub method: &'a Method,
    /// Where to.
    pub path: &'a str,
    /// Its `X-Request-Id`, where requests have one.
    pub correlation: Option<&'a str>,
}

/// The identifier of a resource is no URL with a host.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the identifier of a resource: it must be an http or https URL without a fragment")]
pub struct ResourceError(String);

impl ResourceServer {
    /// A resource by its identifier: the URL under which clients know the endpoint.
    ///
    /// # Errors
    /// It is no such URL.
    pub fn new(resource: &str) -> Result<Self, ResourceError> {
        let refuse = || ResourceError(resource.chars().take(200).collect());
        let url = Url::parse(resource).map_err(|_| refuse())?;
        if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() || !url.username().is_empty()
        {
            return Err(refuse());
        }
        Ok(Self {
            resource: url,
            authorization_servers: Vec::new(),
            scopes: Vec::new(),
            required: Vec::new(),
            name: None,
            accept: Vec::new(),
            observers: Vec::new(),
        })
    }

    /// Names an issuer of tokens in the resource's metadata.
    #[must_use]
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// Names a scope in the resource's metadata, so that clients may ask for it.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Lets nobody in without this scope, and names it in the metadata.
    #[must_use]
    pub fn require_scope(mut self, scope: impl Into<String>) -> Self {
        self.required.push(scope.into());
        self
    }

    /// What people call the resource.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Accepts one kind of credentials. The first kind that a request carries decides.
    #[must_use]
    pub fn accept(mut self, kind: impl Authenticate) -> Self {
        self.accept.push(Box::new(kind));
        self
    }

    /// Tells of every request that is refused, for audit logs and metrics. Called on the request's own
    /// task: be quick.
    #[must_use]
    pub fn on_refused(mut self, told: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        self.observers.push(Arc::new(told));
        self
    }

    /// Where the metadata is, as a path on this server: beside the resource's own path, and at the root.
    fn is_metadata(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(WELL_KNOWN) else { return false };
        rest.is_empty() || rest == self.resource.path().trim_end_matches('/')
    }

    /// The metadata document (RFC 9728), if this is where it is.
    #[must_use]
    pub fn metadata(&self, path: &str) -> Option<Bytes> {
        if !self.is_metadata(path) {
            return None;
        }
        let mut document = json!({
            "resource": self.identifier(),
            "authorization_servers": self.authorization_servers,
            "bearer_methods_supported": ["header"],
        });
        let scopes: Vec<_> = self.required.iter().chain(&self.scopes).collect();
        if !scopes.is_empty() {
            document["scopes_supported"] = json!(scopes);
        }
        if let Some(name) = &self.name {
            document["resource_name"] = name.as_str().into();
        }
        Some(document.to_string().into())
    }

    /// The identifier as it was given: a URL without a path has no slash at its end.
    fn identifier(&self) -> &str {
        let text = self.resource.as_str();
        if self.resource.path() == "/" && self.resource.query().is_none() {
            text.trim_end_matches('/')
        } else {
            text
        }
    }

    /// The URL of the metadata document.
    fn metadata_url(&self) -> String {
        let path = self.resource.path().trim_end_matches('/');
        format!("{}{WELL_KNOWN}{path}", self.resource.origin().ascii_serialization())
    }

    /// Establishes who calls.
    ///
    /// # Errors
    /// Nobody who may.
    pub async fn admit(&self, request: &Parts) -> Result<Arc<Principal>, Rejection> {
        for kind in &self.accept {
            let Some(principal) = kind.authenticate(request).await? else { continue };
            if self.required.iter().all(|scope| principal.scopes.contains(scope)) {
                return Ok(principal);
            }
            let needed = Reason::Scope(self.required.clone());
            return Err(Rejection::of(&principal.org, &principal.user, needed));
        }
        if request.headers.contains_key(http::header::AUTHORIZATION) {
            return Err(Rejection::invalid("credentials of this kind are not accepted here"));
        }
        Err(Rejection::MISSING)
    }

    /// Tells the observers. Our own HTTP transport does; other servers that ask [`admit`](Self::admit) should.
    pub fn tell(&self, refused: &Refused<'_>) {
        for observer in &self.observers {
            observer(refused);
        }
    }

    /// The headers that go with a rejection.
    #[must_use]
    pub fn challenge(&self, rejection: &Rejection) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Reason::Unavailable { retry_after, .. } = &rejection.reason {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
            return headers;
        }
        if let Reason::Nonce(nonce) = &rejection.reason
            && let Ok(nonce) = HeaderValue::from_str(nonce)
        {
            headers.insert(DPOP_NONCE, nonce);
        }
        let scheme = if rejection.is_about_proof() { "DPoP" } else { "Bearer" };
        let mut parameters = Vec::new();
        if let Some(error) = rejection.error() {
            parameters.push(("error", error.to_owned()));
            parameters.push(("error_description", quotable(&rejection.to_string())));
        }
        let scopes = if let Reason::Scope(needed) = &rejection.reason { needed } else { &self.required };
        if !scopes.is_empty() {
            parameters.push(("scope", scopes.join(" ")));
        }
        if !self.authorization_servers.is_empty() {
            parameters.push(("resource_metadata", self.metadata_url()));
        }
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let challenge = format!("{scheme} {}", parameters.join(", "));
        if let Ok(value) = HeaderValue::from_str(challenge.trim_end()) {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        headers
    }
}

/// What may stand in the quotes of a challenge (RFC 6750, section 3).
fn quotable(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    text.chars().map(|c| if allowed(c) { c } else { '\'' }).collect()
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceServer")
            .field("resource", &self.identifier())
            .field("authorization_servers", &self.authorization_servers)
            .field("required", &self.required)
            .field("kinds", &self.accept.len())
            .finish_non_exhaustive()
    }
}
