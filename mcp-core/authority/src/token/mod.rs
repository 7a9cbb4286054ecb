//! The token endpoint: every grant ends here.

mod client_credentials;
mod code;
mod dpop;
mod issue;
mod refresh;

use http::StatusCode;
use serde_json::{Value, json};

pub(crate) use dpop::Proofs;

use crate::authority::Inner;
use crate::client::{Client, GrantType};
use crate::error::Refusal;
use crate::event::{Event, Holder};
use crate::params::{Params, shown};
use crate::reply::{self, DPOP_NONCE, Reply, set};
use crate::route::Call;
use crate::scope::Scopes;

/// A request whose client is known.
struct Asked<'a> {
    client: Client,
    params: &'a Params,
    /// The name of the key that the client has proved to have.
    key: Option<String>,
    now: u64,
}

/// What the client gets.
struct Given {
    access: String,
    refresh: Option<String>,
    scopes: Scopes,
    bound: bool,
    holder: Holder,
    grant: &'static str,
}

pub(crate) async fn answer(inner: &Inner, call: &Call) -> Result<Reply, Refusal> {
    let (params, now) = (call.form()?, inner.clock.now());
    let wanted = params.want("grant_type")?;
    let grant = match wanted {
        "authorization_code" => GrantType::AuthorizationCode,
        "refresh_token" => GrantType::RefreshToken,
        "client_credentials" => GrantType::ClientCredentials,
        other => {
            let text = format!(
                "grant_type `{}` is not supported; see grant_types_supported in the metadata",
                shown(other)
            );
            return Err(Refusal::new("unsupported_grant_type", text));
        }
    };
    let client = inner.authenticate(call, &params).await?;
    if !client.grants.contains(&grant) {
        let text = format!("the client is not registered for the grant {wanted}");
        return Err(Refusal::new("unauthorized_client", text));
    }
    let key = inner.proofs.check(&call.headers, &inner.endpoint("/token"), now)?;
    if client.dpop && key.is_none() {
        return Err(Refusal::new(
            "invalid_dpop_proof",
            "the client is registered for bound tokens: send a DPoP proof",
        ));
    }
    if inner.keys.is_old(now) {
        rotate(inner, now).await;
    }
    let asked = Asked { client, params: &params, key, now };
    let given = match grant {
        GrantType::AuthorizationCode => code::answer(inner, asked).await?,
        GrantType::RefreshToken => refresh::answer(inner, asked).await?,
        GrantType::ClientCredentials => client_credentials::answer(inner, asked)?,
    };
    let mut reply = reply::json(StatusCode::OK, &body(inner, &given));
    if let Some(nonce) = inner.proofs.nonce(now)? {
        set(&mut reply, DPOP_NONCE, nonce);
    }
    inner.tell(&Event::Issued { holder: given.holder, grant: given.grant });
    Ok(reply)
}

fn body(inner: &Inner, given: &Given) -> Value {
    let mut body = json!({
        "access_token": given.access,
        "token_type": if given.bound { "DPoP" } else { "Bearer" },
        "expires_in": inner.settings.access,
        "scope": given.scopes.to_string(),
    });
    if let Some(refresh) = &given.refresh {
        body["refresh_token"] = refresh.as_str().into();
    }
    body
}

/// A key that cannot be replaced now goes on signing.
async fn rotate(inner: &Inner, now: u64) {
    match inner.keys.rotate(&*inner.store, now).await {
        Ok(key) => inner.tell(&Event::KeyRotated { key }),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the signing key could not be replaced"
            );
        }
    }
}
