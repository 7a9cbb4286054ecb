//! Who may call over HTTP.

use mcp_core::auth::server::{Keys, ResourceServer, Verifier};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use url::{Host, Url};

use crate::error::chain;

/// Whose tokens are good, and what they must say.
///
/// What verifies them is made anew for each listener: connections to an issuer do not survive a fork.
#[pyclass(frozen, module = "engify_mcp._engify", name = "Auth")]
pub(crate) struct PyAuth {
    issuer: String,
    audience: String,
    source: Source,
    scopes: Vec<String>,
    org: Option<String>,
    resource: Option<String>,
}

/// Where the keys of the issuer are.
enum Source {
    /// A secret that it shares.
    Secret(Vec<u8>),
    /// A public key in PEM.
    Key(String),
    /// A key set at a URL.
    Set(Url),
    /// Where its metadata says.
    Issuer,
}

#[pymethods]
impl PyAuth {
    #[new]
    #[pyo3(signature = (issuer, audience, *, secret=None, public_key=None, jwks_url=None, scopes=Vec::new(), org=None, resource=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        issuer: String,
        audience: String,
        secret: Option<Vec<u8>>,
        public_key: Option<String>,
        jwks_url: Option<&str>,
        scopes: Vec<String>,
        org: Option<String>,
        resource: Option<String>,
    ) -> PyResult<Self> {
        for (name, text) in [("issuer", &issuer), ("audience", &audience)] {
            if text.is_empty() {
                return Err(wrong(name, "it is empty, and tokens name one"));
            }
        }
        let source = match (secret, public_key, jwks_url) {
            (Some(secret), None, None) => Source::Secret(secret),
            (None, Some(key), None) => Source::Key(key),
            (None, None, Some(url)) => Source::Set(safe("jwks_url", url)?),
            (None, None, None) => {
                safe("issuer", &issuer).map_err(|error| {
                    PyValueError::new_err(format!("{error}; or give `secret`, `public_key` or `jwks_url`"))
                })?;
                Source::Issuer
            }
            _ => {
                return Err(PyValueError::new_err(
                    "give one of `secret`, `public_key` and `jwks_url`, not more",
                ));
            }
        };
        if let Some(bad) = scopes.iter().find(|scope| scope.is_empty() || scope.contains(char::is_whitespace))
        {
            return Err(wrong("scopes", format!("`{bad}` is none: give a list of words")));
        }
        let auth = Self { issuer, audience, source, scopes, org, resource };
        // What would not do later is told now.
        auth.guard("http://127.0.0.1/mcp")?;
        Ok(auth)
    }

    fn __repr__(&self) -> String {
        format!("Auth(issuer={:?}, audience={:?}, scopes={:?})", self.issuer, self.audience, self.scopes)
    }
}

impl PyAuth {
    /// What stands before an endpoint that clients reach under `url`, where nothing else was said.
    pub(super) fn guard(&self, url: &str) -> PyResult<ResourceServer> {
        let keys = match &self.source {
            Source::Secret(secret) => Keys::secret(secret).map_err(|error| wrong("secret", chain(&error)))?,
            Source::Key(pem) => Keys::pem(pem).map_err(|error| wrong("public_key", chain(&error)))?,
            Source::Set(url) => Keys::at(url.clone()).into(),
            Source::Issuer => Keys::of_issuer(&self.issuer).into(),
        };
        let mut verifier = Verifier::builder(&self.audience).issuer(&self.issuer, keys);
        if let Some(org) = &self.org {
            verifier = verifier.default_org(org);
        }
        let mut guard = match &self.resource {
            Some(resource) => {
                ResourceServer::new(resource).map_err(|error| wrong("resource", chain(&error)))?
            }
            // An audience is most often the URL of the server.
            None => ResourceServer::new(&self.audience)
                .or_else(|_| ResourceServer::new(url))
                .map_err(|error| wrong("resource", chain(&error)))?,
        };
        if Url::parse(&self.issuer).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            guard = guard.authorization_server(&self.issuer);
        }
        for scope in &self.scopes {
            guard = guard.require_scope(scope);
        }
        Ok(guard.accept(verifier.build()))
    }
}

fn wrong(name: &str, problem: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{name}: {problem}"))
}

/// A URL that may be asked for keys: nobody on the way can put others in their place.
fn safe(name: &str, text: &str) -> PyResult<Url> {
    let url = Url::parse(text).map_err(|error| wrong(name, format!("`{text}` is no URL: {error}")))?;
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && here) {
        return Ok(url);
    }
    Err(wrong(name, format!("`{text}` has neither https nor a loopback address")))
}
