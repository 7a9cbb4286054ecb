//! A client gets a token for itself (OAuth 2.1, 4.2).

use super::issue::Subject;
use super::{Asked, Given};
use crate::authority::Inner;
use crate::error::Refusal;
use crate::event::Holder;

pub(super) fn answer(inner: &Inner, asked: Asked<'_>) -> Result<Given, Refusal> {
    let Asked { client, params, key, now } = asked;
    let resource = inner.resource(params.get("resource"))?;
    let scopes = inner.scopes(&client, params.get("scope"))?;
    let Some(person) = &client.itself else {
        return Err(Refusal::new("unauthorized_client", "the client acts for nobody"));
    };
    let scopes = person.allows(&scopes);
    let subject = Subject {
        client: &client.id,
        // RFC 9068, 2.2: the client is the subject.
        subject: &client.id,
        person,
        scopes: &scopes,
        resource,
        key: key.as_deref(),
        family: None,
    };
    let access = inner.access_token(&subject, now)?;
    let (org, user, family) = (person.org.clone(), person.user.clone(), String::new());
    let holder = Holder { client: client.id.clone(), org, user, family };
    Ok(Given { access, refresh: None, scopes, bound: key.is_some(), holder, grant: "client_credentials" })
}
