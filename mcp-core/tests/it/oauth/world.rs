//! An MCP server that wants tokens, and authorization servers that give them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use mcp_core::auth::client::consent::{self, Consent};
use mcp_core::auth::client::{AuthError, OAuth, OAuthBuilder};
use mcp_core::client::http::{Authorize, AuthorizeError, HttpClient, Next};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use super::host::{Host, Log, Reply, Seen, json as ok, status};

pub const REDIRECT: &str = "http://localhost:3000/callback";

type Answers = Arc<Mutex<BTreeMap<String, Box<dyn FnMut(&Seen) -> Reply + Send>>>>;

/// An authorization server. Each path has a script; there are good ones at first.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    pub metadata: Arc<Mutex<Value>>,
    /// Tokens that were issued, with their scopes.
    pub issued: Arc<Mutex<BTreeMap<String, String>>>,
    answers: Answers,
    _host: Arc<Host>,
}

impl Provider {
    pub async fn start(name: &'static str, log: &Log) -> Self {
        let answers = Answers::default();
        let scripts = Arc::clone(&answers);
        let host = Host::start(name, log, |_| {
            move |seen: &Seen| {
                scripts.lock().get_mut(&seen.path).map_or_else(|| status(404), |script| script(seen))
            }
        })
        .await;
        let url = host.url.clone();
        let metadata = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"), "registration_endpoint": format!("{url}/register"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        let new = Self {
            url,
            metadata: Arc::new(Mutex::new(metadata)),
            issued: Arc::default(),
            answers,
            _host: Arc::new(host),
        };
        new.be_good(name);
        new
    }

    fn be_good(&self, name: &'static str) {
        let metadata = Arc::clone(&self.metadata);
        self.on("/.well-known/oauth-authorization-server", move |_| ok(&metadata.lock()));
        let mut registered = 0;
        self.on("/register", move |_| {
            registered += 1;
            ok(&json!({ "client_id": format!("{name}-client-{registered}") })).status(201)
        });
        let (metadata, scopes) = (Arc::clone(&self.metadata), Arc::new(Mutex::new(String::new())));
        let asked = Arc::clone(&scopes);
        self.on("/authorize", move |seen| {
            asked.lock().clone_from(&seen.query("scope").to_owned());
            let issuer = metadata.lock()["issuer"].as_str().unwrap().to_owned();
            redirect(seen, &[("code", "the-code"), ("state", seen.query("state")), ("iss", &issuer)])
        });
        let (issued, mut count) = (Arc::clone(&self.issued), 0);
        self.on("/token", move |seen| {
            count += 1;
            let (token, mut scope) = (format!("{name}-access-{count}"), scopes.lock().clone());
            if let Some(wanted) = seen.form.get("scope") {
                scope.clone_from(wanted);
            }
            issued.lock().insert(token.clone(), scope);
            ok(&json!({
                "access_token": token, "token_type": "Bearer", "expires_in": 3600,
                "refresh_token": format!("{name}-refresh-{count}"),
            }))
        });
    }

    /// Scripts a path.
    pub fn on(&self, path: &str, script: impl FnMut(&Seen) -> Reply + Send + 'static) {
        self.answers.lock().insert(path.to_owned(), Box::new(script));
    }

    /// Changes the metadata; null takes a field away.
    pub fn change(&self, fields: Value) {
        let mut metadata = self.metadata.lock();
        for (name, value) in fields.as_object().unwrap() {
            if value.is_null() {
                metadata.as_object_mut().unwrap().shift_remove(name);
            } else {
                metadata[name] = value.clone();
            }
        }
    }

    /// Refuses the next requests for tokens until it is scripted anew.
    pub fn refuse(&self, status: u16, error: &'static str) {
        self.on("/token", move |_| ok(&json!({ "error": error, "error_description": "no" })).status(status));
    }
}

/// Back to the client, with these parameters.
pub fn redirect(seen: &Seen, parameters: &[(&str, &str)]) -> Reply {
    let mut url = Url::parse(seen.query("redirect_uri")).unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    status(302).with("location", url)
}

pub fn challenge(text: impl Into<String>) -> Reply {
    status(401).with("www-authenticate", text)
}

/// An MCP server at `/mcp` and its authorization server, both in good order.
pub struct World {
    pub log: Log,
    pub provider: Provider,
    pub server: Url,
    /// The resource metadata, by path.
    pub documents: Arc<Mutex<BTreeMap<String, Value>>>,
    /// What the MCP server says to a request; unless set, it wants a token of a provider.
    pub guard: Arc<Mutex<Box<dyn FnMut(&Seen) -> Option<Reply> + Send>>>,
    _host: Host,
}

impl World {
    pub async fn start() -> Self {
        let log = Log::default();
        let provider = Provider::start("as", &log).await;
        let documents: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
        let guard: Arc<Mutex<Box<dyn FnMut(&Seen) -> Option<Reply> + Send>>> =
            Arc::new(Mutex::new(Box::new(|_| None)));
        let (known, guarded) = (Arc::clone(&documents), Arc::clone(&guard));
        let host = Host::start("mcp", &log, |_| {
            move |seen: &Seen| match seen.path.as_str() {
                "/mcp" => guarded.lock()(seen).unwrap_or_else(|| status(200)),
                path => known.lock().get(path).map_or_else(|| status(404), ok),
            }
        })
        .await;
        let server = Url::parse(&format!("{}/mcp", host.url)).unwrap();
        let world = Self { log, provider, server, documents, guard, _host: host };
        world.publish("/.well-known/oauth-protected-resource/mcp", json!({}));
        let issued = world.provider.issued.clone();
        let bearer = format!("Bearer resource_metadata=\"{}\"", world.metadata_url());
        world.guard(move |seen| {
            let token = seen.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
            (!issued.lock().contains_key(token)).then(|| challenge(bearer.clone()))
        });
        world
    }

    pub fn metadata_url(&self) -> String {
        self.server.join("/.well-known/oauth-protected-resource/mcp").unwrap().to_string()
    }

    pub fn guard(&self, guard: impl FnMut(&Seen) -> Option<Reply> + Send + 'static) {
        *self.guard.lock() = Box::new(guard);
    }

    /// Publishes resource metadata at this path alone, with these fields.
    pub fn publish(&self, path: &str, fields: Value) {
        let mut document =
            json!({ "resource": self.server.as_str(), "authorization_servers": [self.provider.url] });
        for (name, value) in fields.as_object().unwrap() {
            document[name] = value.clone();
        }
        *self.documents.lock() = BTreeMap::from([(path.to_owned(), document)]);
    }

    /// A client of this world, whose person agrees to everything.
    pub fn client(&self) -> OAuthBuilder {
        OAuth::builder(self.server.clone()).client_name("test").consent(agreeing())
    }

    /// One request to the MCP server.
    pub async fn call(&self, oauth: &OAuth) -> Result<StatusCode, Arc<AuthError>> {
        call(oauth, &self.server).await
    }

    /// The scopes of each authorization.
    pub fn asked_scopes(&self) -> Vec<String> {
        self.log.of("as", "/authorize").iter().map(|seen| seen.query("scope").to_owned()).collect()
    }

    pub fn grants(&self) -> Vec<String> {
        self.log.of("as", "/token").iter().map(|seen| seen.form("grant_type").to_owned()).collect()
    }
}

/// Follows the authorization URL as a browser would, whose person agrees.
pub fn agreeing() -> impl Consent {
    consent::with(Url::parse(REDIRECT).unwrap(), |url| async move {
        let request = Request::get(url.as_str()).body(Bytes::new())?;
        let response = HttpClient::default().send(request).await?;
        let location = response.headers().get("location").ok_or("no redirect")?;
        Ok(Url::parse(location.to_str()?)?)
    })
}

/// What a transport does with each request.
pub async fn call(oauth: &OAuth, url: &Url) -> Result<StatusCode, Arc<AuthError>> {
    let http = HttpClient::default();
    for attempt in 0..20 {
        let mut request = Request::post(url.as_str()).body(Bytes::from_static(b"{}")).unwrap();
        oauth.authorize(&Method::POST, url, request.headers_mut()).await.map_err(cause)?;
        let response = http.send(request).await.unwrap();
        let (status, headers): (_, &HeaderMap) = (response.status(), response.headers());
        let next = oauth.answered(&Method::POST, url, status, headers, attempt).await.map_err(cause)?;
        if next == Next::Accept {
            return Ok(status);
        }
    }
    panic!("the client never gives up");
}

pub fn cause(error: AuthorizeError) -> Arc<AuthError> {
    Arc::clone(error.0.downcast_ref::<Arc<AuthError>>().unwrap())
}
