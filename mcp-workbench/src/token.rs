//! Tokens for the stack, signed with the secret that it shares with whoever issues them.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mcp_core::auth::server::{Keys, KeysError, Verifier};
use serde_json::{Value, json};

use crate::config::AuthConfig;
use crate::keys::Private;
use crate::secret::Secret;

/// Scopes of a person who may do everything with their own stack.
pub const OWNER: [&str; 2] = ["memory:org", "guardrails:admin"];

/// Whom a token is for.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The organisation.
    pub org: String,
    /// The person or service.
    pub user: String,
    /// The role, where there is one.
    pub role: Option<String>,
    /// What the token allows.
    pub scopes: Vec<String>,
    /// How long it is good.
    pub lasts: Duration,
}

/// A JSON web token (HS256); none where the configuration has no secret.
#[must_use]
pub fn issue(auth: &AuthConfig, claims: &Claims) -> Option<Secret> {
    let secret = auth.jwt_secret.as_ref()?;
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    // INVARIANT: claims of texts and numbers can be written, and any secret can sign by HMAC.
    encode(&Header::new(Algorithm::HS256), &body(auth, claims), &key).ok().map(Secret::new)
}

/// A JSON web token (ES256) for servers that verify by the public half of a key; none where the key is no such key.
#[must_use]
pub fn sign(auth: &AuthConfig, claims: &Claims, key: &Private) -> Option<Secret> {
    let encoding = EncodingKey::from_ec_pem(key.pem.expose().as_bytes()).ok()?;
    let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::ES256) };
    encode(&header, &body(auth, claims), &encoding).ok().map(Secret::new)
}

fn body(auth: &AuthConfig, claims: &Claims) -> Value {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut body = json!({
        "iss": auth.issuer,
        "aud": auth.audience,
        "sub": claims.user,
        "orgId": claims.org,
        "userId": claims.user,
        "scope": claims.scopes.join(" "),
        "iat": now,
        "exp": now.saturating_add(claims.lasts.as_secs()),
    });
    if let Some(role) = &claims.role {
        body["role"] = json!(role);
    }
    body
}

/// What such tokens are verified with; none where the configuration has no secret.
///
/// # Errors
/// The secret is too short.
pub fn verifier(auth: &AuthConfig) -> Result<Option<Verifier>, KeysError> {
    let Some(secret) = &auth.jwt_secret else { return Ok(None) };
    let keys = Keys::secret(secret.expose().as_bytes())?;
    Ok(Some(Verifier::builder(&auth.audience).issuer(&auth.issuer, keys).build()))
}
