//! The authorization endpoint: a client sends a person here (OAuth 2.1, 4.1.1; RFC 8707; RFC 9207).

use std::borrow::Cow;

use http::StatusCode;
use http::header::SET_COOKIE;
use url::Url;

use crate::authority::Inner;
use crate::client::{Client, GrantType, Origin, Unknown};
use crate::error::Refusal;
use crate::page::{self, Asked, Known, Question};
use crate::params::{Params, shown};
use crate::people::Login;
use crate::random;
use crate::reply::{self, Reply, set};
use crate::route::Call;
use crate::scope::Scopes;
use crate::ticket::Ticket;

/// Means nothing here: who may refresh is a matter of the client. Clients ask for it, so that it is taken.
const OFFLINE: &str = "offline_access";
const LONGEST_STATE: usize = 4096;

/// The cookie that ties a question to the browser that asked it.
pub(crate) const COOKIE: &str = "mcp_authority";

pub(crate) async fn answer(inner: &Inner, call: &Call) -> Result<Reply, Refusal> {
    // Until the redirect URI is known to be the client's, errors are for the person only.
    let params = Params::parse(call.query.as_bytes())?;
    let client = inner.client(params.want("client_id")?, &call.place()).await.map_err(shown_to_people)?;
    let redirect_uri = redirect_uri(&client, &params)?.to_owned();
    let state = params.get("state");
    match check(inner, &client, &params) {
        Ok(asked) => {
            let now = inner.clock.now();
            let (browser, fresh) = match page::cookie(&call.headers, COOKIE).filter(|value| value.len() == 43)
            {
                Some(value) => (value.to_owned(), false),
                None => (random::token::<32>()?, true),
            };
            let ticket = Ticket {
                client: client.id.clone(),
                redirect_uri,
                state: state.map(str::to_owned),
                scopes: asked.scopes,
                resource: asked.resource,
                challenge: asked.challenge,
                key: asked.key,
                browser: random::sha256_text(browser.as_bytes()),
                expires: now + inner.settings.consent,
            };
            let mut reply = question(inner, &client, &ticket, StatusCode::OK, None);
            if fresh {
                set(&mut reply, SET_COOKIE, cookie(inner, &browser));
            }
            Ok(reply)
        }
        Err(refusal) => Ok(send_back(
            inner,
            &redirect_uri,
            state,
            &[("error", refusal.code), ("error_description", &refusal.description)],
        )),
    }
}

/// What is asked for, as far as it was checked.
struct Wanted {
    scopes: Scopes,
    resource: String,
    challenge: String,
    key: Option<String>,
}

fn check(inner: &Inner, client: &Client, params: &Params) -> Result<Wanted, Refusal> {
    if params.get("state").is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(Refusal::request("parameter `state` has more than 4096 bytes"));
    }
    if params.get("request").is_some() {
        return Err(Refusal::new("request_not_supported", "parameter `request` is not supported"));
    }
    if params.get("request_uri").is_some() {
        return Err(Refusal::new("request_uri_not_supported", "parameter `request_uri` is not supported"));
    }
    if params.want("response_type")? != "code" {
        return Err(Refusal::new("unsupported_response_type", "parameter `response_type` is `code`"));
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refusal::request("parameter `response_mode` is `query`"));
    }
    if !client.grants.contains(&GrantType::AuthorizationCode) {
        return Err(Refusal::new(
            "unauthorized_client",
            "the client is not registered for the grant authorization_code",
        ));
    }
    if params.get("code_challenge_method") != Some("S256") {
        return Err(Refusal::request("parameter `code_challenge_method` is `S256`"));
    }
    let challenge = params.want("code_challenge")?;
    if !is_digest(challenge) {
        return Err(Refusal::request(
            "parameter `code_challenge` is the SHA-256 of the verifier in base64url: 43 characters",
        ));
    }
    let key = params.get("dpop_jkt");
    if key.is_some_and(|key| !is_digest(key)) {
        return Err(Refusal::request(
            "parameter `dpop_jkt` is the SHA-256 thumbprint of a key in base64url: 43 characters",
        ));
    }
    if params.get("prompt") == Some("none") {
        return Err(Refusal::new("interaction_required", "people are always asked here"));
    }
    Ok(Wanted {
        scopes: inner.scopes(client, params.get("scope"))?,
        resource: inner.resource(params.get("resource"))?.to_owned(),
        challenge: challenge.to_owned(),
        key: key.map(str::to_owned),
    })
}

/// 256 bits in base64url.
fn is_digest(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl Inner {
    /// The scopes of a request; those that are given to everybody if it names none.
    pub(crate) fn scopes(&self, client: &Client, asked: Option<&str>) -> Result<Scopes, Refusal> {
        let invalid = |text: String| Refusal::new("invalid_scope", text);
        let allowed = |scope: &str| client.scopes.as_ref().is_none_or(|own| own.contains(scope));
        let asked = Scopes::parse(asked.unwrap_or_default());
        let asked = asked.ok_or_else(|| {
            invalid("parameter `scope` has characters that are not allowed, or too many scopes".to_owned())
        })?;
        let asked = asked.without(OFFLINE);
        if asked.is_empty() {
            return Ok(self
                .settings
                .default_scopes()
                .iter()
                .filter(|scope| allowed(scope))
                .map(str::to_owned)
                .collect());
        }
        if let Some(scope) = asked.iter().find(|scope| !self.settings.scopes.contains_key(*scope)) {
            return Err(invalid(format!(
                "scope `{}` is not known; see scopes_supported in the metadata",
                shown(scope)
            )));
        }
        if let Some(scope) = asked.iter().find(|scope| !allowed(scope)) {
            return Err(invalid(format!("scope `{}` is not for this client", shown(scope))));
        }
        Ok(asked)
    }

    /// The resource that tokens are asked for (RFC 8707); the first if none is named.
    pub(crate) fn resource(&self, asked: Option<&str>) -> Result<&str, Refusal> {
        let known = &self.settings.resources;
        let found = match asked {
            Some(asked) => known.iter().find(|known| same_resource(known, asked)),
            None => known.first(),
        };
        let text = "parameter `resource` names no server that this authority issues tokens for";
        found.map(String::as_str).ok_or_else(|| Refusal::new("invalid_target", text))
    }
}

/// Clients may leave out, or add, the slash of an empty path.
fn same_resource(known: &str, asked: &str) -> bool {
    known == asked
        || (Url::parse(known).is_ok_and(|url| url.path() == "/" && url.query().is_none())
            && known.trim_end_matches('/') == asked.trim_end_matches('/'))
}

/// The redirect URI of a request, which has to be the client's.
fn redirect_uri<'a>(client: &'a Client, params: &'a Params) -> Result<&'a str, Refusal> {
    match (params.get("redirect_uri"), client.redirect_uris.as_slice()) {
        (Some(asked), _) if client.redirects_to(asked) => Ok(asked),
        (Some(_), _) => {
            Err(Refusal::request("parameter `redirect_uri` is none that the client has registered"))
        }
        (None, [only]) => Ok(only),
        (None, _) => Err(Refusal::request("parameter `redirect_uri` is missing")),
    }
}

fn shown_to_people(unknown: Unknown) -> Refusal {
    match unknown {
        Unknown::Nobody => Refusal::new(
            "invalid_client",
            "The application is not known here. It may have to register again.",
        ),
        Unknown::Document(why) => {
            Refusal::new("invalid_client", format!("The application cannot be identified: {why}."))
        }
        Unknown::Failed(error) => error.into(),
    }
}

/// The consent page for a ticket.
pub(crate) fn question(
    inner: &Inner,
    client: &Client,
    ticket: &Ticket,
    status: StatusCode,
    problem: Option<&'static str>,
) -> Reply {
    let url = Url::parse(&client.id).ok();
    let describe =
        |scope| inner.settings.scopes.get(scope).map_or(Cow::Borrowed(scope), |(text, _)| text.into());
    let action = inner.endpoint("/consent");
    page::question(
        status,
        &Question {
            action: &action,
            ticket: &inner.tickets.seal(ticket),
            name: client.name.as_deref(),
            known: match client.origin {
                Origin::Configured => Known::Configured,
                Origin::Registered => Known::Registered,
                Origin::Document => {
                    Known::Document { host: url.as_ref().and_then(Url::host_str).unwrap_or_default() }
                }
            },
            resource: &ticket.resource,
            redirect_uri: &ticket.redirect_uri,
            scopes: ticket.scopes.iter().map(describe).collect(),
            login: match &inner.login {
                Login::Development(person) => Asked::Development { user: &person.user, org: &person.org },
                Login::People(_) | Login::Nobody => Asked::Password,
            },
            problem,
        },
    )
}

fn cookie(inner: &Inner, value: &str) -> String {
    let secure = if inner.issuer.starts_with("https:") { "; Secure" } else { "" };
    let path = if inner.base.is_empty() { "/" } else { &inner.base };
    format!("{COOKIE}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}")
}

/// Back to the client, with what it sent and who answers.
pub(crate) fn send_back(
    inner: &Inner,
    redirect_uri: &str,
    state: Option<&str>,
    what: &[(&str, &str)],
) -> Reply {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return page::refusal(&Refusal::request("parameter `redirect_uri` is not a URL"));
    };
    url.query_pairs_mut()
        .extend_pairs(what)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", &inner.issuer);
    reply::redirect(url.as_str())
}
