//! Step 2: what an authorization server can do (RFC 8414, OpenID Connect Discovery).

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::resource_metadata::probed;
use super::web::{self, Plain, Web, shown};
use super::{AuthError, DocumentError};
use crate::client::http::HttpClient;

const WHAT: &str = "the authorization server metadata";
/// How long one place may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What an authorization server says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ServerMetadata {
    /// Its identifier.
    pub issuer: String,
    /// Where people agree.
    pub authorization_endpoint: Option<String>,
    /// Where tokens are issued.
    pub token_endpoint: Option<String>,
    /// Where clients register themselves.
    pub registration_endpoint: Option<String>,
    /// Scopes it knows.
    pub scopes_supported: Option<Vec<String>>,
    /// Grants it knows.
    pub grant_types_supported: Option<Vec<String>>,
    /// How clients may authenticate.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How codes are protected.
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// Whether the URL of a metadata document is a client identifier.
    pub client_id_metadata_document_supported: Option<bool>,
    /// Whether redirects say who answers (RFC 9207).
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// How proofs of possession may be signed (RFC 9449).
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// Where the keys are that it signs with.
    pub jwks_uri: Option<String>,
    /// There is no document: these are the endpoints of 2025-03-26.
    #[serde(skip)]
    pub(super) assumed: bool,
}

impl ServerMetadata {
    /// Reads the document.
    ///
    /// # Errors
    /// It is no JSON, has no `issuer`, or a field of the wrong type.
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        web::parse(document)
    }

    /// Finds the document of an issuer in each place where it may be, and checks that it is about it.
    /// `plain` allows http without TLS everywhere, and not on loopback only.
    ///
    /// # Errors
    /// There is none, or it is another issuer's.
    pub async fn discover(issuer: &str, http: &HttpClient, plain: bool) -> Result<Self, AuthError> {
        let plain = if plain { Plain::Always } else { Plain::Loopback };
        find(&Web { http: http.clone(), timeout: TIMEOUT, plain }, issuer).await
    }

    /// Refuses a server that lists its grants without this one.
    pub(super) fn check_grant(&self, grant: &'static str) -> Result<(), AuthError> {
        match &self.grant_types_supported {
            Some(grants) if !grants.iter().any(|known| known == grant) => {
                Err(AuthError::GrantUnsupported { issuer: self.issuer.clone(), grant })
            }
            _ => Ok(()),
        }
    }

    /// Where tokens are issued.
    pub(super) fn token_endpoint(&self, web: &Web) -> Result<Url, AuthError> {
        self.endpoint(web, "token_endpoint", self.token_endpoint.as_deref())
    }

    /// Where people agree.
    pub(super) fn authorization_endpoint(&self, web: &Web) -> Result<Url, AuthError> {
        self.endpoint(web, "authorization_endpoint", self.authorization_endpoint.as_deref())
    }

    fn endpoint(&self, web: &Web, name: &'static str, url: Option<&str>) -> Result<Url, AuthError> {
        let missing = || AuthError::NoEndpoint { issuer: self.issuer.clone(), name };
        web.url(name, url.ok_or_else(missing)?)
    }
}

/// Where the document of an issuer may be, in order.
pub(super) fn well_known(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let oauth = format!("/.well-known/oauth-authorization-server{path}");
    let openid = format!("/.well-known/openid-configuration{path}");
    let appended = format!("{path}/.well-known/openid-configuration");
    let mut all = Vec::new();
    for path in [oauth, openid, appended] {
        let mut url = issuer.clone();
        url.set_query(None);
        url.set_path(&path);
        if !all.contains(&url) {
            all.push(url);
        }
    }
    all
}

/// Finds the document of an issuer, which has to call itself so.
pub(super) async fn find(web: &Web, issuer: &str) -> Result<ServerMetadata, AuthError> {
    let base = web.url("the issuer", issuer)?;
    for url in well_known(&base) {
        let answer = web.get(WHAT, &url).await?;
        let Some(document) = probed(&answer, WHAT, &url, ServerMetadata::parse)? else { continue };
        // Simple comparison: a slash more is another issuer.
        if document.issuer != issuer {
            return Err(mismatch(issuer, &document, &url));
        }
        return Ok(document);
    }
    Err(AuthError::NoServerMetadata { issuer: issuer.to_owned() })
}

pub(super) fn mismatch(expected: &str, document: &ServerMetadata, url: &Url) -> AuthError {
    AuthError::IssuerMismatch {
        expected: expected.to_owned(),
        found: super::error::quote(&document.issuer),
        url: shown(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_come_in_order() {
        let check = |issuer: &str, expect: &[&str]| {
            let found: Vec<_> = well_known(&Url::parse(issuer).unwrap()).iter().map(Url::to_string).collect();
            assert_eq!(found, expect, "{issuer}");
        };
        let plain = [
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        ];
        check("https://a.example", &plain);
        check("https://a.example/", &plain);
        let tenant = [
            "https://a.example/.well-known/oauth-authorization-server/tenant1",
            "https://a.example/.well-known/openid-configuration/tenant1",
            "https://a.example/tenant1/.well-known/openid-configuration",
        ];
        check("https://a.example/tenant1", &tenant);
        check("https://a.example/tenant1/", &tenant);
    }

    #[test]
    fn grants_that_are_not_listed_are_refused() {
        let check = |grants: &str, ok: bool| {
            let server = format!(r#"{{"issuer":"https://a","grant_types_supported":{grants}}}"#);
            let server = ServerMetadata::parse(server.as_bytes()).unwrap();
            assert_eq!(server.check_grant("client_credentials").is_ok(), ok, "{grants}");
        };
        check("null", true);
        check(r#"["client_credentials"]"#, true);
        check(r#"["authorization_code"]"#, false);
        check("[]", false);
    }
}
