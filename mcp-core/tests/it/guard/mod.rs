//! Who may come in: tokens, keys and certificates in front of real listeners.

mod api_keys;
mod keys;
mod proofs;
mod routes;
mod tls;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mcp_core::auth::server::{Keys, ResourceServer, Verifier, VerifierBuilder};
use mcp_core::transport::http::Http;
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::support::client::{Answer, Client};
use crate::support::server::{Running, server};

pub const RESOURCE: &str = "https://mcp.example/mcp";
pub const ISSUER: &str = "https://issuer.example";
/// When the tests take place.
pub const NOW: u64 = 1_800_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(NOW.into()))
    }

    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn reading(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let time = Arc::clone(&self.0);
        move || time.load(Ordering::SeqCst)
    }
}

/// A P-256 key that signs tokens.
pub struct Signer {
    pub pair: KeyPair,
    pub id: &'static str,
}

impl Signer {
    pub fn new(id: &'static str) -> Self {
        Self { pair: KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(), id }
    }

    /// The public key as issuers publish it.
    pub fn jwk(&self) -> Value {
        use base64::Engine as _;
        let point = self.pair.public_key_raw();
        let coordinate = |range| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&point[range]);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": coordinate(1..33), "y": coordinate(33..65),
        })
    }

    pub fn sign_as(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_ec_pem(self.pair.serialize_pem().as_bytes()).unwrap())
            .unwrap()
    }

    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.id.into());
        self.sign_as(&header, claims)
    }
}

/// The claims of a good token, with changes; null takes a claim away.
pub fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "u-1", "exp": NOW + 300, "iat": NOW, "jti": "1",
        "orgId": "acme", "userId": "ada", "role": "editor", "plan": "pro", "scope": "mcp:use notes:read",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// A key set.
pub fn set<'a>(signers: impl IntoIterator<Item = &'a Signer>) -> Value {
    json!({ "keys": signers.into_iter().map(Signer::jwk).collect::<Vec<_>>() })
}

/// A verifier that knows one signer.
pub fn verifier(signer: &Signer, clock: &Clock) -> VerifierBuilder {
    let keys = Keys::jwks(&set([signer]).to_string()).unwrap();
    Verifier::builder(RESOURCE).issuer(ISSUER, keys).clock(clock.reading())
}

pub fn guard() -> ResourceServer {
    ResourceServer::new(RESOURCE).unwrap().authorization_server(ISSUER)
}

/// A server behind a guard.
pub async fn run(guard: ResourceServer) -> Running {
    let (server, _said) = server();
    Running::start(Http::new(server).correlation(true).authenticate(guard)).await
}

/// Asks `whoami` with these headers beside the usual ones.
pub async fn whoami(client: &mut Client, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "whoami", "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let usual = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "whoami"),
    ];
    let headers: Vec<_> = usual.iter().copied().chain(headers.iter().copied()).collect();
    client.ask("POST", "/mcp", &headers, body.to_string().as_bytes()).await
}

/// Who a client is, or the status and challenge that it gets.
pub async fn outcome(client: &mut Client, headers: &[(&str, &str)]) -> Result<String, (u16, String)> {
    let answer = whoami(client, headers).await;
    match answer.status {
        200 => Ok(answer.json()["result"]["content"][0]["text"].as_str().unwrap().replace(" by nobody", "")),
        status => Err((status, answer.headers.get("www-authenticate").cloned().unwrap_or_default())),
    }
}
