//! Who we are to an authorization server, and how we show it.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::web::Form;
use super::{AuthError, KeyError, Secret, ServerMetadata, SigningKey, random};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is good for.
const ASSERTION_SECONDS: u64 = 60;

/// A client that was registered by hand.
#[derive(Debug, Clone)]
#[must_use]
pub struct Registered {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) key: Option<SigningKey>,
    pub(super) issuer: Option<String>,
}

impl Registered {
    /// A client without credentials of its own, such as a program on someone's machine.
    pub fn public(id: impl Into<String>) -> Self {
        Self { id: id.into(), secret: None, key: None, issuer: None }
    }

    /// A client with a password.
    pub fn with_secret(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { secret: Some(secret.into()), ..Self::public(id) }
    }

    /// A client that signs assertions (`private_key_jwt`).
    pub fn with_key(id: impl Into<String>, key: SigningKey) -> Self {
        Self { key: Some(key), ..Self::public(id) }
    }

    /// The authorization server that knows the client. Unless set, the first one that is met; no other
    /// gets to see the credentials after that.
    pub fn at(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }
}

/// Where a client identifier comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// It was registered by hand.
    Registered,
    /// It is the URL of a metadata document.
    Document,
    /// The authorization server made it up for us.
    Dynamic,
}

/// A client identifier and what belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    /// How the authorization server wants us to authenticate, if it said so.
    pub(super) method: Option<String>,
    pub(super) source: Source,
    /// The redirect it was registered with.
    pub(super) redirect: Option<String>,
    /// When the secret ends, in seconds of the epoch.
    pub(super) expires_at: Option<u64>,
    /// Never stored.
    #[serde(skip)]
    pub(super) key: Option<SigningKey>,
}

impl From<Registered> for Client {
    fn from(registered: Registered) -> Self {
        Self {
            id: registered.id,
            secret: registered.secret,
            method: None,
            source: Source::Registered,
            redirect: None,
            expires_at: None,
            key: registered.key,
        }
    }
}

impl Client {
    pub(super) fn registered(registered: &Registered) -> Self {
        registered.clone().into()
    }

    /// Whether its credentials come from the application.
    pub(super) fn is_given(&self) -> bool {
        self.source == Source::Registered
    }

    /// Shows who we are, in a way that the server takes.
    pub(super) fn authenticate(
        &self,
        server: &ServerMetadata,
        headers: &mut HeaderMap,
        form: &mut Form,
    ) -> Result<(), AuthError> {
        let method = self.choose(server)?;
        let secret = self.secret.as_ref().map(Secret::expose).unwrap_or_default();
        match method {
            Method::Key(key) => {
                form.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
                form.push(("client_assertion", self.assertion(key, &server.issuer)?));
            }
            Method::Basic => {
                headers.insert(AUTHORIZATION, basic(&self.id, secret)?);
            }
            Method::Post => {
                form.push(("client_id", self.id.clone()));
                form.push(("client_secret", secret.to_owned()));
            }
            Method::Public => form.push(("client_id", self.id.clone())),
        }
        Ok(())
    }

    fn choose(&self, server: &ServerMetadata) -> Result<Method<'_>, AuthError> {
        let supported = server.token_endpoint_auth_methods_supported.as_deref();
        let takes = |name: &str| supported.is_none_or(|all| all.iter().any(|known| known == name));
        let refuse = |have| AuthError::MethodUnsupported {
            issuer: server.issuer.clone(),
            supported: supported.unwrap_or_default().to_vec(),
            have,
        };
        if let Some(key) = &self.key {
            return if takes("private_key_jwt") { Ok(Method::Key(key)) } else { Err(refuse("a key")) };
        }
        if self.secret.is_none() {
            // Some list only how clients with secrets may authenticate.
            return Ok(Method::Public);
        }
        match self.method.as_deref() {
            Some("client_secret_basic") => Ok(Method::Basic),
            Some("client_secret_post") => Ok(Method::Post),
            Some("none") => Ok(Method::Public),
            // Basic is what a server takes that says nothing.
            _ if takes("client_secret_basic") => Ok(Method::Basic),
            _ if takes("client_secret_post") => Ok(Method::Post),
            _ if takes("none") => Ok(Method::Public),
            _ => Err(refuse("a secret")),
        }
    }

    fn assertion(&self, key: &SigningKey, issuer: &str) -> Result<String, AuthError> {
        let now = now();
        Ok(key.sign(&json!({
            "iss": self.id, "sub": self.id, "aud": issuer, "jti": random::token::<16>()?,
            "iat": now, "exp": now + ASSERTION_SECONDS,
        }))?)
    }
}

enum Method<'a> {
    Key(&'a SigningKey),
    Basic,
    Post,
    Public,
}

/// Both parts are form-encoded first (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str) -> Result<HeaderValue, AuthError> {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    let mut value = HeaderValue::try_from(format!("Basic {pair}")).map_err(|_| KeyError::Sign)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Seconds of the epoch.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(methods: &str) -> ServerMetadata {
        let document =
            format!(r#"{{"issuer":"https://a","token_endpoint_auth_methods_supported":{methods}}}"#);
        ServerMetadata::parse(document.as_bytes()).unwrap()
    }

    fn shown(client: &Client, methods: &str) -> String {
        let (mut headers, mut form) = (HeaderMap::new(), Form::new());
        match client.authenticate(&server(methods), &mut headers, &mut form) {
            Err(error) => error.to_string(),
            Ok(()) => {
                let header = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
                let form = form.iter().map(|(name, value)| format!("{name}={value}"));
                header.into_iter().chain(form).collect::<Vec<_>>().join("&")
            }
        }
    }

    #[test]
    fn the_way_to_authenticate_follows_the_metadata() {
        let secret = Client::registered(&Registered::with_secret("i d", "s:1"));
        let basic = format!("Basic {}", STANDARD.encode("i+d:s%3A1"));
        assert_eq!(shown(&secret, "null"), basic);
        assert_eq!(shown(&secret, r#"["client_secret_post","client_secret_basic"]"#), basic);
        assert_eq!(shown(&secret, r#"["client_secret_post"]"#), "client_id=i d&client_secret=s:1");
        assert_eq!(shown(&secret, r#"["none"]"#), "client_id=i d");
        let refused = shown(&secret, r#"["private_key_jwt"]"#);
        assert_eq!(
            refused,
            r#"the authorization server `https://a` takes ["private_key_jwt"], and the client has a secret"#
        );
        let chosen = Client { method: Some("client_secret_post".into()), ..secret };
        assert_eq!(shown(&chosen, "null"), "client_id=i d&client_secret=s:1");
        let public = Client::registered(&Registered::public("me"));
        for methods in ["null", r#"["none"]"#, r#"["client_secret_basic"]"#] {
            assert_eq!(shown(&public, methods), "client_id=me");
        }
    }

    #[test]
    fn stored_clients_come_back_without_being_shown() {
        let client = Client::registered(&Registered::with_secret("me", "hunter2"));
        assert!(!format!("{client:?}").contains("hunter2"));
        let again: Client = serde_json::from_value(serde_json::to_value(&client).unwrap()).unwrap();
        assert_eq!(again.secret.unwrap().expose(), "hunter2");
    }
}
