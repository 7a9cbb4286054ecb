//! An authority on a clock of the test, asked without sockets; and the steps of a client.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use mcp_authority::{Authority, AuthorityBuilder, Client, Event, Person};
use parking_lot::Mutex;
use serde_json::Value;
use tower_service::Service as _;
use url::{Url, form_urlencoded};

pub const ISSUER: &str = "http://127.0.0.1:9000";
pub const RESOURCE: &str = "https://mcp.example/mcp";
pub const REDIRECT: &str = "https://app.example/cb";
/// 43 characters, and what S256 makes of them.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const SECRET: &str = "robot-secret-0123456789";

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A parameter of the redirect.
    pub fn sent(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.header("location")).ok()?;
        url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// A hidden field of the page.
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let after = self.body.split_once(&mark).unwrap_or_else(|| panic!("no `{name}` in {}", self.body)).1;
        after.split_once('"').unwrap().0.to_owned()
    }
}

/// A world in which only the test moves the clock.
#[derive(Clone)]
pub struct World {
    pub authority: Authority,
    pub events: Arc<Mutex<Vec<Event>>>,
    pub now: Arc<AtomicU64>,
}

/// With the clients `app` (public), `robot` (acts for itself) and `guard` (asks about tokens), and the person Ada.
pub fn builder() -> AuthorityBuilder {
    let robot = Client::confidential("robot", &SECRET.into())
        .redirect(REDIRECT)
        .acts_as(Person::new("acme", "robot").role("service").plan("pro"));
    Authority::builder(ISSUER)
        .resource(RESOURCE)
        .resource("https://other.example/mcp")
        .default_scope("tools:read", "See the tools")
        .scope("tools:call", "Call the tools")
        .client(
            Client::public("app").name("The <b>app</b>").redirect(REDIRECT).redirect("http://127.0.0.1/cb"),
        )
        .client(Client::public("stranger").redirect(REDIRECT))
        .client(robot)
        .client(Client::confidential("guard", &SECRET.into()).introspects())
        .development(Person::new("acme", "ada").role("admin").plan("pro"))
        .registration(true)
}

impl World {
    pub async fn start() -> Self {
        Self::of(builder()).await
    }

    pub async fn of(builder: AuthorityBuilder) -> Self {
        let (events, now) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(1_800_000_000)));
        let (seen, clock) = (Arc::clone(&events), Arc::clone(&now));
        let authority = builder
            .observer(move |event: &Event| seen.lock().push(event.clone()))
            .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)))
            .build()
            .await
            .unwrap();
        Self { authority, events, now }
    }

    pub fn time(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Names of the events that a warning is due to.
    pub fn suspicious(&self) -> Vec<String> {
        let events = self.events.lock();
        let names = events.iter().filter(|event| event.is_suspicious()).map(|event| format!("{event:?}"));
        names.map(|text| text.split([' ', '(']).next().unwrap().to_owned()).collect()
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let answer: Result<_, Infallible> = self.authority.clone().call(request).await;
        let (head, body) = answer.unwrap().into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Full::default()).unwrap()).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::from(body)).unwrap()).await
    }

    pub async fn register(&self, document: &Value) -> Answer {
        let request = Request::post("/register").header("content-type", "application/json");
        self.send(request.body(Full::from(document.to_string())).unwrap()).await
    }

    /// The authorization endpoint, with these parameters instead of the usual ones; an empty one is left out.
    pub async fn authorize(&self, changed: &[(&str, &str)]) -> Answer {
        let path = format!("/authorize?{}", query(changed));
        self.get(&path).await
    }

    /// Goes to the page and answers it in the same browser.
    pub async fn consent(&self, changed: &[(&str, &str)], decision: &str) -> Answer {
        let page = self.authorize(changed).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let cookie = page.header("set-cookie").split(';').next().unwrap();
        let fields = [("request", &*page.field("request")), ("decision", decision)];
        self.post_with("/consent", &fields, &[("cookie", cookie), ("origin", ISSUER)]).await
    }

    pub async fn code(&self, changed: &[(&str, &str)]) -> String {
        let answer = self.consent(changed, "allow").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.sent("code").unwrap_or_else(|| panic!("no code in {}", answer.header("location")))
    }

    /// Exchanges a code, with these parameters instead of the usual ones.
    pub async fn exchange(&self, code: &str, changed: &[(&str, &str)]) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("client_id", "app"),
            ("resource", RESOURCE),
        ];
        self.post("/token", &with(&usual, changed)).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post(
            "/token",
            &[("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "app")],
        )
        .await
    }

    /// Access and refresh token of a person who agreed.
    pub async fn tokens(&self) -> (String, String) {
        let answer = self.exchange(&self.code(&[]).await, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        both(&answer)
    }

    /// What the introspection endpoint says to a resource server.
    pub async fn introspect(&self, token: &str) -> Value {
        let fields = [("token", token), ("client_id", "guard"), ("client_secret", SECRET)];
        let answer = self.post("/introspect", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }
}

pub fn both(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn with<'a>(usual: &[(&'a str, &'a str)], changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all: BTreeMap<_, _> = usual.iter().copied().collect();
    all.extend(changed.iter().copied());
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

pub fn query(changed: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "the-state"),
        ("resource", RESOURCE),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(with(&usual, changed)).finish()
}

/// Endpoints and the methods they take.
pub const ENDPOINTS: [(&str, Method); 7] = [
    ("/authorize", Method::GET),
    ("/consent", Method::POST),
    ("/token", Method::POST),
    ("/register", Method::POST),
    ("/revoke", Method::POST),
    ("/introspect", Method::POST),
    ("/jwks", Method::GET),
];
