//! Step 3: who we are (RFC 7591, client identifier metadata documents).

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::credentials::{Client, Source, now};
use super::error::quote;
use super::web::{self, Web, is_loopback, shown};
use super::{AuthError, Registered, Secret, ServerMetadata, SigningKey};

const WHAT: &str = "the registration endpoint";

/// What kind of application asks (OpenID Connect Dynamic Client Registration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationType {
    /// On someone's machine.
    Native,
    /// On a server.
    Web,
}

/// How we can become a client, best first.
#[derive(Debug, Clone, Default)]
pub(super) struct Registration {
    pub(super) registered: Option<Registered>,
    pub(super) document: Option<(Url, Option<SigningKey>)>,
    pub(super) name: String,
    pub(super) application_type: Option<ApplicationType>,
    pub(super) dpop: bool,
}

impl Registration {
    /// A client for `server`: by hand, by document, by what was registered before, or registered now.
    pub(super) async fn client(
        &self,
        web: &Web,
        server: &ServerMetadata,
        redirect: Option<&Url>,
        grants: &[&str],
        known: Option<&Client>,
    ) -> Result<Client, AuthError> {
        if let Some(registered) = &self.registered {
            return Ok(Client::registered(registered));
        }
        if let Some((url, key)) = &self.document
            && server.client_id_metadata_document_supported == Some(true)
        {
            return Ok(document(url, key.clone()));
        }
        if let Some(known) = known.filter(|known| reusable(known, redirect)) {
            return Ok(known.clone());
        }
        let Some(endpoint) = &server.registration_endpoint else {
            return Err(AuthError::NoRegistration { issuer: server.issuer.clone() });
        };
        let endpoint = web.url("registration_endpoint", endpoint)?;
        let request = self.request(server, redirect, grants);
        Ok(register(web, &endpoint, &request).await?.client(redirect))
    }

    fn request(&self, server: &ServerMetadata, redirect: Option<&Url>, grants: &[&str]) -> Value {
        let known = server.grant_types_supported.as_deref();
        let grants: Vec<_> = grants
            .iter()
            .filter(|grant| known.is_none_or(|known| known.iter().any(|name| name == *grant)))
            .collect();
        let mut request = json!({
            "client_name": self.name,
            "grant_types": grants,
            "token_endpoint_auth_method": method(server),
            "application_type": match self.application_type.unwrap_or_else(|| kind(redirect)) {
                ApplicationType::Native => "native",
                ApplicationType::Web => "web",
            },
        });
        if let Some(redirect) = redirect {
            request["redirect_uris"] = json!([redirect.as_str()]);
            request["response_types"] = json!(["code"]);
        }
        if self.dpop {
            request["dpop_bound_access_tokens"] = true.into();
        }
        request
    }
}

async fn register(web: &Web, endpoint: &Url, request: &Value) -> Result<Answer, AuthError> {
    let answer = web.post_json(WHAT, endpoint, request).await?;
    if !answer.status().is_success() {
        let refusal: Refusal = web::parse(answer.body()).unwrap_or_default();
        return Err(AuthError::RegistrationRefused {
            endpoint: shown(endpoint),
            status: answer.status(),
            code: quote(&refusal.error),
            description: refusal.error_description.as_deref().map(quote),
        });
    }
    web::parse(answer.body()).map_err(|source| AuthError::Document {
        what: "the registration response",
        url: shown(endpoint),
        source,
    })
}

fn document(url: &Url, key: Option<SigningKey>) -> Client {
    Client {
        id: url.to_string(),
        secret: None,
        method: None,
        source: Source::Document,
        redirect: None,
        expires_at: None,
        key,
    }
}

/// Whether what was registered before can be used again.
fn reusable(known: &Client, redirect: Option<&Url>) -> bool {
    known.source == Source::Dynamic
        && known.redirect.as_deref() == redirect.map(Url::as_str)
        && known.expires_at.is_none_or(|at| at > now())
}

/// Nothing to lose is best on someone's machine.
fn method(server: &ServerMetadata) -> &'static str {
    let Some(known) = &server.token_endpoint_auth_methods_supported else { return "none" };
    let choices = ["none", "client_secret_basic", "client_secret_post"];
    choices.into_iter().find(|choice| known.iter().any(|name| name == choice)).unwrap_or("none")
}

fn kind(redirect: Option<&Url>) -> ApplicationType {
    match redirect {
        Some(url) if url.scheme() == "https" && !is_loopback(url) => ApplicationType::Web,
        _ => ApplicationType::Native,
    }
}

#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    error_description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    client_id: String,
    client_secret: Option<Secret>,
    client_secret_expires_at: Option<u64>,
    token_endpoint_auth_method: Option<String>,
}

impl Answer {
    fn client(self, redirect: Option<&Url>) -> Client {
        Client {
            id: self.client_id,
            secret: self.client_secret.filter(|secret| !secret.expose().is_empty()),
            method: self.token_endpoint_auth_method,
            source: Source::Dynamic,
            redirect: redirect.map(Url::to_string),
            // Zero stands for never.
            expires_at: self.client_secret_expires_at.filter(|at| *at > 0),
            key: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_application_follows_the_redirect() {
        let check = |redirect: &str, expect| assert_eq!(kind(Some(&Url::parse(redirect).unwrap())), expect);
        check("http://127.0.0.1:1/callback", ApplicationType::Native);
        check("http://localhost:1/callback", ApplicationType::Native);
        check("com.example.app:/callback", ApplicationType::Native);
        check("https://app.example/callback", ApplicationType::Web);
    }

    #[test]
    fn a_registration_is_used_again_for_the_same_redirect_until_it_ends() {
        let redirect = Url::parse("http://127.0.0.1:1/callback").unwrap();
        let answer = |expires: &str| {
            let text =
                format!(r#"{{"client_id":"a","client_secret":"b","client_secret_expires_at":{expires}}}"#);
            serde_json::from_str::<Answer>(&text).unwrap().client(Some(&redirect))
        };
        let other = Url::parse("http://127.0.0.1:2/callback").unwrap();
        assert!(reusable(&answer("0"), Some(&redirect)));
        assert!(reusable(&answer("null"), Some(&redirect)));
        assert!(reusable(&answer("4000000000"), Some(&redirect)));
        assert!(!reusable(&answer("1"), Some(&redirect)));
        assert!(!reusable(&answer("0"), Some(&other)));
        assert!(!reusable(&Client { source: Source::Document, ..answer("0") }, Some(&redirect)));
    }

    #[test]
    fn requests_follow_what_the_server_knows() {
        let registration = Registration { name: "app".into(), ..Registration::default() };
        let server = ServerMetadata::parse(
            br#"{"issuer":"https://a","grant_types_supported":["authorization_code"],
                 "token_endpoint_auth_methods_supported":["client_secret_post"]}"#,
        );
        let redirect = Url::parse("http://127.0.0.1:1/callback").unwrap();
        let grants = ["authorization_code", "refresh_token"];
        let request = registration.request(&server.unwrap(), Some(&redirect), &grants);
        assert_eq!(
            request,
            json!({
                "client_name": "app", "grant_types": ["authorization_code"], "response_types": ["code"],
                "redirect_uris": ["http://127.0.0.1:1/callback"], "application_type": "native",
                "token_endpoint_auth_method": "client_secret_post",
            })
        );
    }
}
