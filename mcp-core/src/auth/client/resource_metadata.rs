//! Step 1: who issues tokens for a server (RFC 9728).

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use url::Url;

use super::challenge::Challenges;
use super::web::{self, Web, shown};
use super::{AuthError, DocumentError};

const WHAT: &str = "the protected resource metadata";
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What a protected resource says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ResourceMetadata {
    /// The identifier of the resource.
    pub resource: String,
    /// Who issues tokens for it.
    pub authorization_servers: Option<Vec<String>>,
    /// Scopes for basic use.
    pub scopes_supported: Option<Vec<String>>,
}

impl ResourceMetadata {
    /// Reads the document.
    ///
    /// # Errors
    /// It is no JSON, has no `resource`, or a field of the wrong type.
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        web::parse(document)
    }

    /// Whether the document is about `server`: the same origin, and a path that leads to it.
    #[must_use]
    pub fn is_for(&self, server: &Url) -> bool {
        let Ok(resource) = Url::parse(&self.resource) else { return false };
        let path = resource.path().trim_end_matches('/');
        let rest = server.path().strip_prefix(path);
        resource.fragment().is_none()
            && resource.origin() == server.origin()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && (resource.query().is_none() || resource.query() == server.query())
    }
}

/// Where the document may be if no header says it, in order.
pub(super) fn well_known(server: &Url) -> Vec<Url> {
    let path = server.path().trim_end_matches('/');
    let mut all = Vec::new();
    for path in [path, ""] {
        let mut url = server.clone();
        url.set_query(None);
        url.set_path(&format!("{WELL_KNOWN}{path}"));
        if !all.contains(&url) {
            all.push(url);
        }
    }
    all
}

/// Finds the document of a server; none where it has none.
pub(super) async fn find(
    web: &Web,
    server: &Url,
    challenges: &Challenges,
) -> Result<Option<ResourceMetadata>, AuthError> {
    if let Some(named) = challenges.resource_metadata() {
        let url = web.url("the `resource_metadata` URL", named)?;
        let answer = web.get(WHAT, &url).await?;
        if !answer.status().is_success() {
            return Err(AuthError::Status { what: WHAT, url: shown(&url), status: answer.status() });
        }
        let document = ResourceMetadata::parse(answer.body());
        let document =
            document.map_err(|source| AuthError::Document { what: WHAT, url: shown(&url), source })?;
        return checked(document, server, &url).map(Some);
    }
    for url in well_known(server) {
        let answer = web.get(WHAT, &url).await?;
        if let Some(document) = probed(&answer, WHAT, &url, ResourceMetadata::parse)? {
            return checked(document, server, &url).map(Some);
        }
    }
    Ok(None)
}

/// The document at a guessed URL; none if there is something else, or nothing.
pub(super) fn probed<T>(
    answer: &Response<Bytes>,
    what: &'static str,
    url: &Url,
    parse: impl FnOnce(&[u8]) -> Result<T, DocumentError>,
) -> Result<Option<T>, AuthError> {
    let status = answer.status();
    if status.is_server_error() {
        return Err(AuthError::Status { what, url: shown(url), status });
    }
    // Sites answer guesses with a page of theirs; what looks like a document has to be one.
    let object = answer.body().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !status.is_success() || !object {
        return Ok(None);
    }
    parse(answer.body()).map(Some).map_err(|source| AuthError::Document { what, url: shown(url), source })
}

fn checked(document: ResourceMetadata, server: &Url, url: &Url) -> Result<ResourceMetadata, AuthError> {
    if !document.is_for(server) {
        return Err(AuthError::ResourceMismatch {
            expected: shown(server),
            found: super::error::quote(&document.resource),
            url: shown(url),
        });
    }
    if document.authorization_servers.as_ref().is_none_or(Vec::is_empty) {
        return Err(AuthError::NoAuthorizationServer { url: shown(url) });
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_come_in_order() {
        let check = |server: &str, expect: &[&str]| {
            let found: Vec<_> = well_known(&Url::parse(server).unwrap()).iter().map(Url::to_string).collect();
            assert_eq!(found, expect, "{server}");
        };
        let root = "https://a.example/.well-known/oauth-protected-resource";
        check("https://a.example", &[root]);
        check("https://a.example/", &[root]);
        check("https://a.example/mcp", &[&format!("{root}/mcp"), root]);
        check("https://a.example/public/mcp/?q=1", &[&format!("{root}/public/mcp"), root]);
    }

    #[test]
    fn documents_of_others_are_told() {
        let check = |server: &str, resource: &str, expect: bool| {
            let document = format!(r#"{{"resource":"{resource}"}}"#);
            let document = ResourceMetadata::parse(document.as_bytes()).unwrap();
            assert_eq!(document.is_for(&Url::parse(server).unwrap()), expect, "{server} {resource}");
        };
        let server = "https://a.example/mcp";
        check(server, "https://a.example/mcp", true);
        check(server, "https://a.example/mcp/", true);
        check(server, "https://A.example:443/mcp", true);
        check(server, "https://a.example", true);
        check(server, "https://a.example/", true);
        check(server, "https://a.example/mc", false);
        check(server, "https://a.example/mcp/other", false);
        check(server, "https://evil.example/mcp", false);
        check(server, "https://a.example:8443/mcp", false);
        check(server, "http://a.example/mcp", false);
        check(server, "https://a.example/mcp#x", false);
        check(server, "https://a.example/mcp?tenant=1", false);
        check(server, "a.example", false);
        check("https://a.example/mcp?tenant=1", "https://a.example/mcp?tenant=1", true);
        check("https://a.example/mcp-other", "https://a.example/mcp", false);
    }

    #[test]
    fn a_document_needs_its_resource() {
        assert!(ResourceMetadata::parse(b"{}").is_err());
        assert!(ResourceMetadata::parse(br#"{"resource":"x","scopes_supported":null,"more":1}"#).is_ok());
        assert!(ResourceMetadata::parse(br#"{"resource":"x","scopes_supported":"a"}"#).is_err());
    }
}
