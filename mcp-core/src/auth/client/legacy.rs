//! Servers of 2025-03-26: no resource metadata; the authorization server is at the server's origin.

use url::Url;

use super::AuthError;
use super::resource_metadata::probed;
use super::server_metadata::{ServerMetadata, mismatch};
use super::web::Web;

const WHAT: &str = "the authorization server metadata";

/// The metadata at the root of the origin, else the default endpoints there.
pub(super) async fn find(web: &Web, server: &Url) -> Result<ServerMetadata, AuthError> {
    let origin = server.origin().ascii_serialization();
    let mut url = server.clone();
    url.set_query(None);
    url.set_path("/.well-known/oauth-authorization-server");
    let answer = web.get(WHAT, &url).await?;
    let Some(document) = probed(&answer, WHAT, &url, ServerMetadata::parse)? else {
        return Ok(assumed(&origin));
    };
    // Nobody named the issuer; both spellings of the origin are its well-known URL.
    if document.issuer.strip_suffix('/').unwrap_or(&document.issuer) != origin {
        return Err(mismatch(&origin, &document, &url));
    }
    Ok(document)
}

fn assumed(origin: &str) -> ServerMetadata {
    let at = |path: &str| Some(format!("{origin}{path}"));
    ServerMetadata {
        issuer: origin.to_owned(),
        authorization_endpoint: at("/authorize"),
        token_endpoint: at("/token"),
        registration_endpoint: at("/register"),
        assumed: true,
        ..ServerMetadata::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_at_the_origin() {
        let server = assumed("https://api.example.com");
        assert_eq!(server.authorization_endpoint.as_deref(), Some("https://api.example.com/authorize"));
        assert_eq!(server.token_endpoint.as_deref(), Some("https://api.example.com/token"));
        assert_eq!(server.registration_endpoint.as_deref(), Some("https://api.example.com/register"));
        assert!(super::super::pkce::check(&server).is_ok());
    }
}
