//! The OAuth client of mcp-core gets tokens, over real sockets, for an MCP server that checks them.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::jwk::{JwkSet, ThumbprintHash};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use mcp_authority::{AuthorityBuilder, Client, Event, Person};
use mcp_core::auth::client::{OAuth, OAuthBuilder, Registered, SigningKey, consent};
use mcp_core::client::http::{Authorize as _, HttpClient, Next};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::{Url, form_urlencoded};

use super::world::SECRET;

const REDIRECT: &str = "http://localhost:3000/callback";

/// An authority and an MCP server, on ports of their own.
struct Town {
    issuer: String,
    server: Url,
    /// Tokens that the MCP server does not take any more.
    refused: Arc<Mutex<HashSet<String>>>,
    /// The claims of each token that it took.
    taken: Arc<Mutex<Vec<Value>>>,
    events: Arc<Mutex<Vec<Event>>>,
    /// Documents that the MCP server has at other paths.
    documents: Arc<Mutex<BTreeMap<String, Value>>>,
    _stop: oneshot::Sender<()>,
}

impl Town {
    async fn start(adapt: impl FnOnce(AuthorityBuilder) -> AuthorityBuilder) -> Self {
        let (mine, theirs) = (bind().await, bind().await);
        let place = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let (issuer, server) = (place(&mine), Url::parse(&format!("{}/mcp", place(&theirs))).unwrap());
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let seen = Arc::clone(&events);
        let builder = mcp_authority::Authority::builder(&issuer)
            .resource(server.as_str())
            .default_scope("tools:read", "See the tools")
            .scope("tools:call", "Call the tools")
            .development(Person::new("acme", "ada").role("admin"))
            .observer(move |event: &Event| seen.lock().push(event.clone()));
        let authority = adapt(builder).build().await.unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(mcp_authority::serve(authority, mine, async move { _ = stopped.await }));
        let town = Self {
            issuer,
            server,
            refused: Arc::default(),
            taken: Arc::default(),
            events,
            documents: Arc::default(),
            _stop: stop,
        };
        town.guard(theirs);
        town
    }

    /// The MCP server.
    fn guard(&self, listener: TcpListener) {
        let metadata = json!({ "resource": self.server.as_str(), "authorization_servers": [self.issuer] });
        let path = "/.well-known/oauth-protected-resource/mcp".to_owned();
        let challenge = format!("Bearer resource_metadata=\"{}\"", self.server.join(&path).unwrap());
        self.documents.lock().insert(path, metadata);
        let (documents, refused, taken) =
            (Arc::clone(&self.documents), Arc::clone(&self.refused), Arc::clone(&self.taken));
        let (issuer, resource) = (self.issuer.clone(), self.server.to_string());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (documents, refused, taken) =
                    (Arc::clone(&documents), Arc::clone(&refused), Arc::clone(&taken));
                let (issuer, resource, challenge) = (issuer.clone(), resource.clone(), challenge.clone());
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let document = documents.lock().get(request.uri().path()).cloned();
                    let (issuer, resource, challenge) = (issuer.clone(), resource.clone(), challenge.clone());
                    let (refused, taken) = (Arc::clone(&refused), Arc::clone(&taken));
                    async move {
                        let reply = Response::builder().header("content-type", "application/json");
                        if let Some(document) = document {
                            return Ok::<_, Infallible>(
                                reply.body(Full::new(Bytes::from(document.to_string()))).unwrap(),
                            );
                        }
                        let refused = refused.lock().clone();
                        let claims = verified(request.headers(), &issuer, &resource, &refused).await;
                        let (status, found) = (if claims.is_some() { 200 } else { 401 }, claims.is_some());
                        taken.lock().extend(claims);
                        let reply = reply.status(status);
                        let reply = if found { reply } else { reply.header("www-authenticate", challenge) };
                        Ok(reply.body(Full::default()).unwrap())
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    }

    /// A client whose person agrees.
    fn client(&self) -> OAuthBuilder {
        let ask = consent::with(Url::parse(REDIRECT).unwrap(), |url| async move { Ok(agree(&url).await) });
        OAuth::builder(self.server.clone()).client_name("test").consent(ask)
    }

    /// One request to the MCP server, as a transport makes it.
    async fn call(&self, oauth: &OAuth) -> StatusCode {
        let http = HttpClient::default();
        for attempt in 0..10 {
            let mut request = Request::post(self.server.as_str()).body(Bytes::from_static(b"{}")).unwrap();
            oauth.authorize(&Method::POST, &self.server, request.headers_mut()).await.unwrap();
            let response = http.send(request).await.unwrap();
            let (status, headers) = (response.status(), response.headers());
            let next = oauth.answered(&Method::POST, &self.server, status, headers, attempt).await;
            if next.unwrap_or_else(|error| panic!("{}: {:?}", error.0, self.events.lock())) == Next::Accept {
                return status;
            }
        }
        panic!("the client never gives up");
    }

    fn last(&self) -> Value {
        self.taken.lock().last().unwrap().clone()
    }

    /// By which grants tokens were issued.
    fn grants(&self) -> Vec<&'static str> {
        let events = self.events.lock();
        events
            .iter()
            .filter_map(|event| if let Event::Issued { grant, .. } = event { Some(*grant) } else { None })
            .collect()
    }

    fn suspicious(&self) -> bool {
        self.events.lock().iter().any(Event::is_suspicious)
    }
}

pub async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A place for documents that has a certificate: its URL, the certificate, and the documents by path.
async fn secured() -> (Url, String, Arc<Mutex<BTreeMap<String, Value>>>) {
    let listener = bind().await;
    let url = format!("https://localhost:{}/client.json", listener.local_addr().unwrap().port());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let documents: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    let known = Arc::clone(&documents);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let known = Arc::clone(&known);
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let document = known.lock().get(request.uri().path()).cloned();
                let status = if document.is_some() { 200 } else { 404 };
                let reply = Response::builder().status(status).header("content-type", "application/json");
                let body = document.unwrap_or_default().to_string();
                async move { Ok::<_, Infallible>(reply.body(Full::new(Bytes::from(body))).unwrap()) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (Url::parse(&url).unwrap(), made.cert.pem(), documents)
}

/// The claims of a good token; bound ones need a proof of their key.
async fn verified(
    headers: &HeaderMap,
    issuer: &str,
    resource: &str,
    refused: &HashSet<String>,
) -> Option<Value> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, token) = text("authorization").split_once(' ')?;
    if refused.contains(token) {
        return None;
    }
    let keys = Request::get(format!("{issuer}/jwks")).body(Bytes::new()).unwrap();
    let keys =
        HttpClient::default().send(keys).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let keys: JwkSet = serde_json::from_slice(&keys).unwrap();
    let header = decode_header(token).ok()?;
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[resource]);
    rules.set_issuer(&[issuer]);
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref()?)?).unwrap();
    let mut claims = decode::<Value>(token, &key, &rules).ok()?.claims;
    let bound = claims["cnf"]["jkt"].as_str().map(str::to_owned);
    let proved = decode_header(text("dpop"))
        .ok()
        .and_then(|header| header.jwk?.thumbprint(ThumbprintHash::SHA256).ok());
    claims["token"] = token.into();
    (bound == proved && scheme == if bound.is_some() { "DPoP" } else { "Bearer" }).then_some(claims)
}

/// A person in a browser: reads the page, and presses Allow.
pub async fn agree(url: &Url) -> Url {
    let http = HttpClient::default();
    let page = http.send(Request::get(url.as_str()).body(Bytes::new()).unwrap()).await.unwrap();
    let (head, body) = page.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let Some(cookie) = head.headers.get("set-cookie") else { panic!("{}: {body}", head.status) };
    let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
    let part = |mark: &str| body.split_once(mark).unwrap().1.split_once('"').unwrap().0.to_owned();
    let ticket = part("name=\"request\" value=\"");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("request", &*ticket), ("decision", "allow")])
        .finish();
    let request = Request::post(part("action=\""))
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form));
    let answer = http.send(request.unwrap()).await.unwrap();
    Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_client_registers_and_a_person_agrees() {
    let town = Town::start(|builder| builder.registration(true)).await;
    let oauth = town.client().scopes(["tools:call"]).build().unwrap();
    assert_eq!(town.call(&oauth).await, StatusCode::OK);
    let claims = town.last();
    assert_eq!(
        (&claims["sub"], &claims["orgId"], &claims["role"], &claims["aud"]),
        (&json!("ada"), &json!("acme"), &json!("admin"), &json!(town.server.as_str()))
    );
    assert!(claims["scope"].as_str().unwrap().contains("tools:call"));
    assert!(
        town.events
            .lock()
            .iter()
            .any(|event| matches!(event, Event::Registered { address: Some(at), .. } if at == "127.0.0.1"))
    );
    // The server takes the token no longer: it is refreshed, and nobody is asked again.
    for _ in 0..3 {
        town.refused.lock().insert(town.last()["token"].as_str().unwrap().to_owned());
        assert_eq!(town.call(&oauth).await, StatusCode::OK);
    }
    assert_eq!(town.grants(), ["authorization_code", "refresh_token", "refresh_token", "refresh_token"]);
    assert!(!town.suspicious());
}

#[tokio::test]
async fn a_document_is_enough() {
    let (id, pem, documents) = secured().await;
    let town = Town::start(|builder| builder.loopback_documents(true).document_root(pem)).await;
    let document = json!({
        "client_id": id.as_str(), "client_name": "Documented", "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    });
    documents.lock().insert("/client.json".into(), document);
    let oauth = town.client().client_id_metadata(id.clone()).build().unwrap();
    assert_eq!(town.call(&oauth).await, StatusCode::OK);
    assert_eq!(town.last()["client_id"], id.as_str());
    town.refused.lock().insert(town.last()["token"].as_str().unwrap().to_owned());
    // It is kept: nobody asks for it again.
    documents.lock().remove("/client.json");
    assert_eq!(town.call(&oauth).await, StatusCode::OK);
    assert_eq!(town.grants(), ["authorization_code", "refresh_token"]);
    assert!(!town.suspicious());
}

/// A private key as PEM, and its public half as a key set.
fn key() -> (SigningKey, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        STANDARD.encode(pkcs8.as_ref())
    );
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let public = json!({ "kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65) });
    assert_eq!(pair.private_key().as_be_bytes().unwrap().as_ref().len(), 32);
    (SigningKey::from_pem(&pem).unwrap(), json!({ "keys": [public] }))
}

#[tokio::test]
async fn a_document_may_name_a_key() {
    let (id, pem, documents) = secured().await;
    let strict = |builder: AuthorityBuilder| builder.loopback_documents(true).public_clients(false);
    let town = Town::start(|builder| strict(builder).document_root(pem)).await;
    let (private, public) = key();
    let document = json!({
        "client_id": id.as_str(), "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": public,
    });
    documents.lock().insert("/client.json".into(), document);
    let oauth = town.client().client_id_metadata_with_key(id, private).build().unwrap();
    assert_eq!(town.call(&oauth).await, StatusCode::OK);
    assert!(!town.suspicious());
}

#[tokio::test]
async fn a_client_acts_for_itself_with_a_secret_or_a_key() {
    let (private, public) = key();
    let itself = |name: &str| Person::new("acme", name).role("service");
    let keys = Client::with_keys("keyed", &public.to_string()).unwrap().acts_as(itself("keyed"));
    let town = Town::start(|builder| {
        builder.client(Client::confidential("robot", &SECRET.into()).acts_as(itself("robot"))).client(keys)
    })
    .await;
    for client in [Registered::with_secret("robot", SECRET), Registered::with_key("keyed", private)] {
        let oauth = OAuth::builder(town.server.clone()).client_credentials(client).build().unwrap();
        assert_eq!(town.call(&oauth).await, StatusCode::OK);
        let claims = town.last();
        assert_eq!((&claims["sub"], &claims["role"]), (&claims["client_id"], &json!("service")));
    }
    assert_eq!(town.grants(), ["client_credentials", "client_credentials"]);
    assert!(!town.suspicious());
    // Another key is not that client's.
    let other = Registered::with_key("keyed", key().0);
    let oauth = OAuth::builder(town.server.clone()).client_credentials(other).build().unwrap();
    let request = Request::post(town.server.as_str()).body(Bytes::new()).unwrap();
    let refused = HttpClient::default().send(request).await.unwrap();
    let answered = oauth.answered(&Method::POST, &town.server, refused.status(), refused.headers(), 0).await;
    assert!(answered.is_err());
    assert!(
        town.events
            .lock()
            .iter()
            .any(|event| matches!(event, Event::ClientRefused { client, .. } if client == "keyed"))
    );
}

#[tokio::test]
async fn tokens_are_bound_to_a_key() {
    for nonces in [false, true] {
        let town = Town::start(|builder| builder.registration(true).dpop_nonces(nonces)).await;
        let oauth = town.client().dpop().build().unwrap();
        assert_eq!(town.call(&oauth).await, StatusCode::OK);
        assert!(town.last()["cnf"]["jkt"].as_str().is_some_and(|name| name.len() == 43));
        town.refused.lock().insert(town.last()["token"].as_str().unwrap().to_owned());
        assert_eq!(town.call(&oauth).await, StatusCode::OK);
        assert_eq!(town.grants(), ["authorization_code", "refresh_token"]);
        assert!(!town.suspicious());
    }
}
