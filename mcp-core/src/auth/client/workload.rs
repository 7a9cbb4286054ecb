//! A grant without a person: the platform of a workload says who it is (RFC 7523).

use super::token::{TokenEndpoint, TokenResponse};
use super::web::Form;
use super::{AuthError, Secret};

pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A token for who the assertion names. Asked for once: an assertion that is refused stays refused.
pub(super) async fn request(
    endpoint: TokenEndpoint<'_>,
    assertion: &Secret,
    resource: &str,
    scopes: &[String],
) -> Result<TokenResponse, AuthError> {
    endpoint.server.check_grant(GRANT)?;
    let mut form: Form = vec![
        ("grant_type", GRANT.to_owned()),
        ("assertion", assertion.expose().to_owned()),
        ("resource", resource.to_owned()),
    ];
    if !scopes.is_empty() {
        form.push(("scope", scopes.join(" ")));
    }
    endpoint.request(&form).await
}
