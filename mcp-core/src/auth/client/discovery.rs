//! Steps 1 and 2 together: from a challenge to an authorization server.

use std::sync::Arc;

use url::Url;

use super::challenge::Challenges;
use super::web::Web;
use super::{AuthError, ServerMetadata, legacy, resource_metadata, server_metadata};

/// Where tokens for a server come from.
#[derive(Debug, Clone)]
pub(super) struct Discovered {
    /// The identifier of the resource, which goes into every request for a token.
    pub(super) resource: String,
    /// Scopes for basic use.
    pub(super) scopes: Vec<String>,
    /// Who issues tokens.
    pub(super) server: Arc<ServerMetadata>,
}

/// Finds out. Of several issuers the first of `preferred` that is listed is taken, else the first.
pub(super) async fn discover(
    web: &Web,
    server: &Url,
    challenges: &Challenges,
    preferred: &[&str],
) -> Result<Discovered, AuthError> {
    let Some(document) = resource_metadata::find(web, server, challenges).await? else {
        let metadata = legacy::find(web, server).await?;
        return Ok(Discovered { resource: canonical(server), scopes: Vec::new(), server: metadata.into() });
    };
    let issuers = document.authorization_servers.unwrap_or_default();
    let known = preferred.iter().find(|issuer| issuers.iter().any(|listed| listed == *issuer));
    let issuer = known.copied().or_else(|| issuers.first().map(String::as_str)).unwrap_or_default();
    let metadata = server_metadata::find(web, issuer).await?;
    Ok(Discovered {
        resource: document.resource,
        scopes: document.scopes_supported.unwrap_or_default(),
        server: metadata.into(),
    })
}

/// The identifier of a server that has no metadata: its URL without fragment and without a lonely slash.
pub(super) fn canonical(server: &Url) -> String {
    let mut url = server.clone();
    url.set_fragment(None);
    let text = url.to_string();
    if url.path() == "/" && url.query().is_none() { text.trim_end_matches('/').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_no_lonely_slash() {
        let check = |url: &str, expect: &str| assert_eq!(canonical(&Url::parse(url).unwrap()), expect);
        check("https://Mcp.example.com", "https://mcp.example.com");
        check("https://mcp.example.com:8443/", "https://mcp.example.com:8443");
        check("https://mcp.example.com/mcp#x", "https://mcp.example.com/mcp");
        check("https://mcp.example.com/mcp/", "https://mcp.example.com/mcp/");
    }
}
