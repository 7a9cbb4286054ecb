//! A refresh token becomes the next tokens (OAuth 2.1, 4.3).

use super::issue::Subject;
use super::{Asked, Given};
use crate::authority::Inner;
use crate::client::Origin;
use crate::error::{Internal, Refusal};
use crate::event::{Event, Holder};
use crate::random;
use crate::register;
use crate::scope::Scopes;
use crate::store::{Grant, Refresh, Rotation};

/// One text for a token that never was, is over, or belongs to somebody else.
const UNKNOWN: &str = "the refresh token is not known, has expired, or was revoked";

pub(super) async fn answer(inner: &Inner, asked: Asked<'_>) -> Result<Given, Refusal> {
    let Asked { client, params, key, now } = asked;
    let old = random::sha256(params.want("refresh_token")?.as_bytes());
    let (grant, _) = inner.store.refresh(&old, now).await?.ok_or_else(|| Refusal::grant(UNKNOWN))?;
    if grant.client != client.id {
        inner.tell(&Event::TokenMisused(Holder::of(&grant)));
        return Err(Refusal::grant(UNKNOWN));
    }
    if grant.key.is_some() && grant.key != key {
        inner.tell(&Event::TokenMisused(Holder::of(&grant)));
        return Err(Refusal::new(
            "invalid_dpop_proof",
            "the refresh token is bound to a key: send a proof of that key",
        ));
    }
    if let Some(resource) = params.get("resource")
        && inner.resource(Some(resource))? != grant.resource
    {
        return Err(Refusal::new(
            "invalid_target",
            "parameter `resource` is another one than the person was asked about",
        ));
    }
    let scopes = scopes(&grant, params.get("scope"))?;
    let person = inner.login.find(&grant.org, &grant.user).await.map_err(Internal::from)?;
    let Some(person) = person else {
        inner.store.revoke_grant(&grant.id).await?;
        return Err(Refusal::grant(UNKNOWN));
    };
    let refresh = random::token::<32>()?;
    let new = Refresh { digest: random::sha256(refresh.as_bytes()), expires: now + inner.settings.refresh };
    match inner.store.rotate(&old, &new, inner.settings.grace, now).await? {
        Rotation::Rotated => {}
        Rotation::Ended => return Err(Refusal::grant(UNKNOWN)),
        Rotation::Reused => {
            inner.tell(&Event::RefreshReused(Holder::of(&grant)));
            return Err(Refusal::grant(UNKNOWN));
        }
    }
    if client.origin == Origin::Registered {
        inner.store.keep_client(&client.id, now + register::USED).await?;
    }
    let scopes = person.allows(&scopes);
    let subject = Subject {
        client: &client.id,
        subject: &grant.user,
        person: &person,
        scopes: &scopes,
        resource: &grant.resource,
        key: key.as_deref(),
        family: Some(&grant.id),
    };
    let access = inner.access_token(&subject, now)?;
    let bound = key.is_some();
    Ok(Given {
        access,
        refresh: Some(refresh),
        scopes,
        bound,
        holder: Holder::of(&grant),
        grant: "refresh_token",
    })
}

/// The scopes of the next access token: all, or some of them.
fn scopes(grant: &Grant, asked: Option<&str>) -> Result<Scopes, Refusal> {
    let Some(asked) = asked else { return Ok(grant.scopes.clone()) };
    let asked = Scopes::parse(asked).map(|scopes| scopes.without("offline_access"));
    match asked {
        Some(asked) if asked.is_empty() => Ok(grant.scopes.clone()),
        Some(asked) if asked.is_subset(&grant.scopes) => Ok(asked),
        _ => Err(Refusal::new("invalid_scope", "parameter `scope` has more than the person has agreed to")),
    }
}
