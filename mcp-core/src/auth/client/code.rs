//! The grant of a person: a code, exchanged for a token (OAuth 2.1, 4.1).

use url::Url;

use super::authorization::Authorization;
use super::token::{TokenEndpoint, TokenResponse};
use super::web::Form;
use super::{AuthError, Secret};

pub(super) const GRANT: &str = "authorization_code";

/// The token for a code.
pub(super) async fn exchange(
    endpoint: TokenEndpoint<'_>,
    authorization: &Authorization,
    code: &Secret,
    redirect: &Url,
    resource: &str,
) -> Result<TokenResponse, AuthError> {
    let form: Form = vec![
        ("grant_type", GRANT.to_owned()),
        ("code", code.expose().to_owned()),
        ("redirect_uri", redirect.to_string()),
        ("code_verifier", authorization.pkce.verifier.expose().to_owned()),
        ("resource", resource.to_owned()),
    ];
    endpoint.request(&form).await
}
