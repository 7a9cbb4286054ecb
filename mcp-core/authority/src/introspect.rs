//! Whether a token is good (RFC 7662), for resource servers that want to know at once when it no longer is.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::authority::Inner;
use crate::error::{Internal, Refusal};
use crate::jose::Compact;
use crate::random;
use crate::reply::{self, Reply};
use crate::route::Call;

/// A living access token of ours.
pub(crate) struct Access {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) expires: u64,
    claims: Map<String, Value>,
}

pub(crate) async fn answer(inner: &Inner, call: &Call) -> Result<Reply, Refusal> {
    let params = call.form()?;
    let client = inner.authenticate(call, &params).await?;
    if client.is_public() {
        return Err(Refusal::client("only a client with a secret or a key can ask about tokens", false));
    }
    let (token, now) = (params.want("token")?, inner.clock.now());
    let theirs = |owner: &str| client.introspects || owner == client.id;
    let mut found = None;
    if let Some(token) = inner.access(token, now).await? {
        found = theirs(&token.client).then(|| describe(token.claims));
    } else if let Some((grant, refresh)) = inner.store.refresh(&random::sha256(token.as_bytes()), now).await?
        && refresh.expires > now
        && theirs(&grant.client)
    {
        found = Some(json!({
            "active": true, "client_id": grant.client, "sub": grant.user, "scope": grant.scopes.to_string(),
            "exp": refresh.expires, "iss": inner.issuer,
        }));
    }
    // Of a token that is not good, nothing is told.
    Ok(reply::json(StatusCode::OK, &found.unwrap_or_else(|| json!({ "active": false }))))
}

fn describe(mut claims: Map<String, Value>) -> Value {
    let bound = claims.contains_key("cnf");
    claims.insert("active".to_owned(), true.into());
    claims.insert("token_type".to_owned(), if bound { "DPoP" } else { "Bearer" }.into());
    Value::Object(claims)
}

impl Inner {
    /// The access token, if it is one of ours, has not expired, and neither it nor what it comes from was revoked.
    pub(crate) async fn access(&self, text: &str, now: u64) -> Result<Option<Access>, Internal> {
        let Some(token) = Compact::parse(text).filter(|token| token.header("typ") == Some("at+jwt")) else {
            return Ok(None);
        };
        let (Some(id), Some(client), Some(expires)) =
            (token.claim("jti"), token.claim("client_id"), token.time("exp"))
        else {
            return Ok(None);
        };
        if expires <= now || token.claim("iss") != Some(&self.issuer) || !self.keys.signed(&token, now) {
            return Ok(None);
        }
        // The identifier of a token begins with that of its grant.
        if let Some((grant, _)) = id.split_once('.')
            && self.store.grant(grant, now).await?.is_none()
        {
            return Ok(None);
        }
        if self.store.is_token_revoked(id).await? {
            return Ok(None);
        }
        Ok(Some(Access {
            id: id.to_owned(),
            client: client.to_owned(),
            expires,
            claims: token.claims.clone(),
        }))
    }
}
