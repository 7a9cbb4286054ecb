//! A token without asking again (OAuth 2.1, 4.3).

use http::StatusCode;

use super::token::{TokenEndpoint, TokenResponse};
use super::web::Form;
use super::{AuthError, Secret};

pub(super) const GRANT: &str = "refresh_token";

/// What came of it.
#[derive(Debug)]
pub(super) enum Refreshed {
    /// A new token. Its refresh token replaces ours, if it has one.
    Token(Box<TokenResponse>),
    /// The refresh token is no longer good: ask again.
    Ended,
    /// The authorization server no longer knows us: register again, then ask again.
    Unknown(AuthError),
}

/// Asks for the next token, with the same scopes.
pub(super) async fn request(
    endpoint: TokenEndpoint<'_>,
    token: &Secret,
    resource: &str,
) -> Result<Refreshed, AuthError> {
    let form: Form = vec![
        ("grant_type", GRANT.to_owned()),
        ("refresh_token", token.expose().to_owned()),
        ("resource", resource.to_owned()),
    ];
    match endpoint.request(&form).await {
        Ok(response) => Ok(Refreshed::Token(Box::new(response))),
        Err(error)
            if error.is_refused_with("invalid_client") || error.is_refused_with("unauthorized_client") =>
        {
            Ok(Refreshed::Unknown(error))
        }
        // Any other status, such as 429, says nothing about the token.
        Err(AuthError::TokenRefused {
            status: StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, ..
        }) => Ok(Refreshed::Ended),
        Err(error) => Err(error),
    }
}
