//! A person answers the question of the consent page.

use http::StatusCode;
use http::header::ORIGIN;
use mcp_core::auth::client::Secret;
use url::Url;

use crate::authority::Inner;
use crate::authorize::{COOKIE, question, send_back};
use crate::client::{Client, Unknown};
use crate::error::{Internal, Refusal};
use crate::event::{Event, Holder};
use crate::page;
use crate::params::Params;
use crate::people::{Login, Person};
use crate::random::{self, same};
use crate::reply::Reply;
use crate::route::Call;
use crate::store::{Code, Grant};
use crate::ticket::Ticket;

const STALE: &str =
    "This question has expired or was asked in another browser. Go back to the application and start again.";
const WRONG: &str = "Name or password is wrong.";

pub(crate) async fn answer(inner: &Inner, call: &Call) -> Result<Reply, Refusal> {
    check_origin(inner, call)?;
    let params = call.form()?;
    let now = inner.clock.now();
    let ticket =
        inner.tickets.open(params.want("request")?, now).filter(|ticket| is_same_browser(ticket, call));
    let ticket = ticket.ok_or_else(|| Refusal::request(STALE))?;
    // It may have been taken away meanwhile.
    let client = inner.client(&ticket.client, &call.place()).await.map_err(|unknown| match unknown {
        Unknown::Failed(error) => error.into(),
        Unknown::Nobody | Unknown::Document(_) => Refusal::request(STALE),
    })?;
    let back = |what: &[(&str, &str)]| send_back(inner, &ticket.redirect_uri, ticket.state.as_deref(), what);
    match params.want("decision")? {
        "allow" => {}
        "deny" => {
            inner.tell(&Event::Denied { client: client.id });
            return Ok(back(&[
                ("error", "access_denied"),
                ("error_description", "the person did not agree"),
            ]));
        }
        _ => return Err(Refusal::request("parameter `decision` is `allow` or `deny`")),
    }
    let Some(person) = who(inner, call, &params, now).await? else {
        inner.tell(&Event::LoginRefused { address: call.address() });
        return Ok(question(inner, &client, &ticket, StatusCode::FORBIDDEN, Some(WRONG)));
    };
    let scopes = person.allows(&ticket.scopes);
    if scopes.is_empty() && !ticket.scopes.is_empty() {
        let text = "the person may not give any of these scopes away";
        return Ok(back(&[("error", "access_denied"), ("error_description", text)]));
    }
    let grant = Grant { scopes, ..grant(inner, &client, &ticket, &person, now)? };
    let holder = Holder::of(&grant);
    let code = random::token::<32>()?;
    let stored = Code {
        grant,
        redirect_uri: ticket.redirect_uri.clone(),
        challenge: ticket.challenge.clone(),
        expires: now + inner.settings.code,
    };
    inner.store.add_code(&random::sha256(code.as_bytes()), &stored).await?;
    inner.tell(&Event::Allowed(holder));
    Ok(back(&[("code", &code)]))
}

fn grant(
    inner: &Inner,
    client: &Client,
    ticket: &Ticket,
    person: &Person,
    now: u64,
) -> Result<Grant, Internal> {
    Ok(Grant {
        id: random::token::<16>()?,
        client: client.id.clone(),
        org: person.org.clone(),
        user: person.user.clone(),
        scopes: ticket.scopes.clone(),
        resource: ticket.resource.clone(),
        key: ticket.key.clone(),
        expires: now + inner.settings.grant,
    })
}

/// Forms of other sites are not ours. Browsers say where a form comes from; what says nothing has the cookie to show.
fn check_origin(inner: &Inner, call: &Call) -> Result<(), Refusal> {
    let ours = Url::parse(&inner.issuer).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    match call.headers.get(ORIGIN) {
        Some(origin) if origin.as_bytes() != ours.as_bytes() => Err(Refusal {
            status: StatusCode::FORBIDDEN,
            ..Refusal::request("The answer came from another site.")
        }),
        _ => Ok(()),
    }
}

fn is_same_browser(ticket: &Ticket, call: &Call) -> bool {
    let cookie = page::cookie(&call.headers, COOKIE).unwrap_or_default();
    same(random::sha256_text(cookie.as_bytes()).as_bytes(), ticket.browser.as_bytes())
}

/// Who answers; none if name and password do not fit.
async fn who(inner: &Inner, call: &Call, params: &Params, now: u64) -> Result<Option<Person>, Refusal> {
    let people = match &inner.login {
        Login::Development(person) => return Ok(Some(person.clone())),
        Login::Nobody => return Ok(None),
        Login::People(people) => people,
    };
    let (name, password) =
        (params.get("login").unwrap_or_default(), params.get("password").unwrap_or_default());
    if name.is_empty() || password.is_empty() || name.len() > 256 || password.len() > 1024 {
        return Ok(None);
    }
    let (place, throttles) = (call.place(), &inner.throttles);
    let both = format!("{name} {place}");
    for (throttle, key) in
        [(&throttles.logins, &*both), (&throttles.places, &*place), (&throttles.names, name)]
    {
        if let Err(seconds) = throttle.check(key, now) {
            inner.tell(&Event::Throttled { what: "login", address: call.address() });
            return Err(Refusal::too_often(seconds));
        }
    }
    let found = people.login(name, &Secret::new(password)).await.map_err(Internal::from)?;
    if found.is_none() {
        throttles.logins.count(&both, now);
        throttles.places.count(&place, now);
        throttles.names.count(name, now);
    }
    Ok(found)
}
