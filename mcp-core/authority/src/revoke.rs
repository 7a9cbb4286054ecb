//! A client gives a token back (RFC 7009).

use http::StatusCode;

use crate::authority::Inner;
use crate::error::Refusal;
use crate::event::{Event, Holder};
use crate::random;
use crate::reply::{self, Reply};
use crate::route::Call;

pub(crate) async fn answer(inner: &Inner, call: &Call) -> Result<Reply, Refusal> {
    let params = call.form()?;
    let client = inner.authenticate(call, &params).await?;
    let (token, now) = (params.want("token")?, inner.clock.now());
    // A token that is not known is as good as revoked: the answer is the same.
    let mut revoked = false;
    if let Some(token) = inner.access(token, now).await? {
        if token.client == client.id {
            inner.store.revoke_token(&token.id, token.expires).await?;
            revoked = true;
        }
    } else if let Some((grant, _)) = inner.store.refresh(&random::sha256(token.as_bytes()), now).await? {
        if grant.client == client.id {
            revoked = inner.store.revoke_grant(&grant.id).await?;
        } else {
            inner.tell(&Event::TokenMisused(Holder::of(&grant)));
        }
    }
    if revoked {
        inner.tell(&Event::Revoked { client: client.id });
    }
    Ok(reply::empty(StatusCode::OK))
}
