//! A grant without a person: the client acts for itself (OAuth 2.1, 4.2).

use super::AuthError;
use super::token::{TokenEndpoint, TokenResponse};
use super::web::Form;

const GRANT: &str = "client_credentials";

/// A token for the client itself.
pub(super) async fn request(
    endpoint: TokenEndpoint<'_>,
    resource: &str,
    scopes: &[String],
) -> Result<TokenResponse, AuthError> {
    endpoint.server.check_grant(GRANT)?;
    let mut form: Form = vec![("grant_type", GRANT.to_owned()), ("resource", resource.to_owned())];
    if !scopes.is_empty() {
        form.push(("scope", scopes.join(" ")));
    }
    endpoint.request(&form).await
}
