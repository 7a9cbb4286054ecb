//! Clients that register themselves (RFC 7591).

use http::StatusCode;
use serde_json::{Value, json};

use crate::authority::Inner;
use crate::client::{GrantType, Method, Registration, Request};
use crate::error::{Internal, Refusal};
use crate::event::Event;
use crate::random;
use crate::reply::{self, Reply};
use crate::route::Call;
use crate::store::StoredClient;

/// Seconds that a registration lives which nobody uses, and which somebody has used.
const UNUSED: u64 = 24 * 3600;
pub(crate) const USED: u64 = 90 * 24 * 3600;

pub(crate) async fn answer(inner: &Inner, call: &Call) -> Result<Reply, Refusal> {
    let (now, place) = (inner.clock.now(), call.place());
    if let Err(seconds) = inner.throttles.registrations.check(&place, now) {
        inner.tell(&Event::Throttled { what: "registration", address: call.address() });
        return Err(Refusal::too_often(seconds));
    }
    inner.throttles.registrations.count(&place, now);
    let invalid = |text: &'static str| Refusal::new("invalid_client_metadata", text);
    if !call.is("application/json") {
        return Err(invalid("the Content-Type is application/json"));
    }
    let request: Request = serde_json::from_slice(&call.body).map_err(|error| {
        Refusal::new(
            "invalid_client_metadata",
            format!("the body cannot be read at line {}, column {}", error.line(), error.column()),
        )
    })?;
    let registration =
        request.check(Method::ClientSecretBasic).map_err(|(code, text)| Refusal::new(code, text))?;
    if registration.method == Method::None && !inner.settings.public_clients {
        return Err(invalid("clients without a secret or a key are not served here"));
    }
    if let Some(scopes) = &registration.scopes
        && scopes.iter().any(|scope| scope != "offline_access" && !inner.settings.scopes.contains_key(scope))
    {
        return Err(invalid("scope has one that is not known; see scopes_supported in the metadata"));
    }
    let secret = match registration.method {
        Method::ClientSecretBasic | Method::ClientSecretPost => Some(random::token::<32>()?),
        Method::None | Method::PrivateKeyJwt => None,
    };
    let client = StoredClient {
        id: random::token::<16>()?,
        document: serde_json::to_string(&registration).map_err(Internal::Client)?,
        secret: secret.as_ref().map(|secret| random::sha256(secret.as_bytes())),
        issued: now,
        expires: now + UNUSED,
    };
    inner.store.add_client(&client, inner.settings.most_clients, now).await?;
    inner.tell(&Event::Registered { client: client.id.clone(), address: call.address() });
    Ok(reply::json(StatusCode::CREATED, &describe(&client, registration, secret)))
}

/// What was registered, which may be less than what was asked for.
fn describe(client: &StoredClient, registration: Registration, secret: Option<String>) -> Value {
    let mut all = json!({
        "client_id": client.id,
        "client_id_issued_at": client.issued,
        "redirect_uris": registration.redirect_uris,
        "token_endpoint_auth_method": registration.method,
        "grant_types": registration.grants,
        "response_types": ["code"],
    });
    let mut set = |name: &str, value: Value| all[name] = value;
    if let Some(secret) = secret {
        set("client_secret", secret.into());
        // Never.
        set("client_secret_expires_at", 0.into());
    }
    if let Some(name) = registration.name {
        set("client_name", name.into());
    }
    if let Some(scopes) = registration.scopes {
        set("scope", scopes.to_string().into());
    }
    if !registration.keys.keys.is_empty() {
        set("jwks", json!(registration.keys));
    }
    if registration.dpop {
        set("dpop_bound_access_tokens", true.into());
    }
    debug_assert!(registration.grants.contains(&GrantType::AuthorizationCode), "`check` wants it");
    all
}
