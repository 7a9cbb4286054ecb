//! A code becomes tokens (OAuth 2.1, 4.1.3; RFC 7636).

use super::issue::Subject;
use super::{Asked, Given};
use crate::authority::Inner;
use crate::client::{GrantType, Origin};
use crate::error::{Internal, Refusal};
use crate::event::{Event, Holder};
use crate::random::{self, same};
use crate::register;
use crate::store::{Code, Redeemed, Refresh};

/// One text for a code that never was, is over, or belongs to somebody else.
const UNKNOWN: &str = "the code is not known, has expired, or was used";

pub(super) async fn answer(inner: &Inner, asked: Asked<'_>) -> Result<Given, Refusal> {
    let Asked { client, params, key, now } = asked;
    let digest = random::sha256(params.want("code")?.as_bytes());
    let verifier = params.want("code_verifier")?;
    let code = inner.store.code(&digest).await?.ok_or_else(|| Refusal::grant(UNKNOWN))?;
    if code.grant.client != client.id {
        inner.tell(&Event::TokenMisused(Holder::of(&code.grant)));
        return Err(Refusal::grant(UNKNOWN));
    }
    check(&code, verifier, params.get("redirect_uri"))?;
    if let Some(resource) = params.get("resource")
        && inner.resource(Some(resource))? != code.grant.resource
    {
        return Err(Refusal::new(
            "invalid_target",
            "parameter `resource` is another one than the person was asked about",
        ));
    }
    let bound = match (&code.grant.key, key) {
        (Some(wanted), found) if found.as_ref() != Some(wanted) => {
            inner.tell(&Event::TokenMisused(Holder::of(&code.grant)));
            return Err(Refusal::new("invalid_dpop_proof", "the code is bound to another key"));
        }
        (_, found) => found,
    };
    let person = inner.login.find(&code.grant.org, &code.grant.user).await.map_err(Internal::from)?;
    let person = person.ok_or_else(|| Refusal::grant(UNKNOWN))?;
    let refresh = match client.grants.contains(&GrantType::RefreshToken) {
        true => Some(random::token::<32>()?),
        false => None,
    };
    let stored = refresh.as_ref().map(|token| Refresh {
        digest: random::sha256(token.as_bytes()),
        expires: now + inner.settings.refresh,
    });
    match inner.store.redeem(&digest, bound.as_deref(), stored.as_ref(), now).await? {
        Redeemed::Fresh => {}
        Redeemed::Unknown => return Err(Refusal::grant(UNKNOWN)),
        Redeemed::Used => {
            inner.store.revoke_grant(&code.grant.id).await?;
            inner.tell(&Event::CodeReused(Holder::of(&code.grant)));
            return Err(Refusal::grant(UNKNOWN));
        }
    }
    if client.origin == Origin::Registered {
        inner.store.keep_client(&client.id, now + register::USED).await?;
    }
    let scopes = person.allows(&code.grant.scopes);
    let subject = Subject {
        client: &client.id,
        subject: &code.grant.user,
        person: &person,
        scopes: &scopes,
        resource: &code.grant.resource,
        key: bound.as_deref(),
        family: Some(&code.grant.id),
    };
    let access = inner.access_token(&subject, now)?;
    let holder = Holder::of(&code.grant);
    Ok(Given { access, refresh, scopes, bound: bound.is_some(), holder, grant: "authorization_code" })
}

fn check(code: &Code, verifier: &str, redirect_uri: Option<&str>) -> Result<(), Refusal> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(Refusal::request(
            "parameter `code_verifier` has 43 to 128 characters of A-Z, a-z, 0-9, -, ., _ and ~",
        ));
    }
    if !same(random::sha256_text(verifier.as_bytes()).as_bytes(), code.challenge.as_bytes()) {
        return Err(Refusal::grant("parameter `code_verifier` does not fit the challenge"));
    }
    // OAuth 2.1 clients do not send it; who does has to send the same as before.
    if redirect_uri.is_some_and(|found| found != code.redirect_uri) {
        return Err(Refusal::grant(
            "parameter `redirect_uri` is another one than in the authorization request",
        ));
    }
    Ok(())
}
