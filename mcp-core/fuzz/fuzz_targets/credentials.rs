//! Credentials that strangers send: nobody is let in, nothing panics, and each refusal has a challenge that clients
//! can read. An input is a request: `authorization`, `dpop` and `x-api-key`, a line each, then a certificate; or, after
//! `keys:`, the key set or PEM of an issuer.
#![no_main]

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use mcp_core::auth::client::Challenge;
use mcp_core::auth::server::{
    ApiKeys, Certificates, Keys, MemoryApiKeys, PeerCertificate, Rejection, ResourceServer, Verifier,
};

const RESOURCE: &str = "https://mcp.example.com/mcp";
const ISSUER: &str = "https://issuer.example";

static GUARD: LazyLock<ResourceServer> = LazyLock::new(|| {
    let tokens = Verifier::builder(RESOURCE)
        .issuer(ISSUER, Keys::secret(&[7; 32]).expect("a long secret"))
        .dpop_nonces()
        .build();
    ResourceServer::new(RESOURCE)
        .expect("a URL")
        .authorization_server(ISSUER)
        .require_scope("mcp:use")
        .accept(tokens)
        .accept(ApiKeys::new(MemoryApiKeys::default(), &[9; 32]))
        .accept(Certificates::new(|_| None))
});

/// Nothing here waits for anything.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fuzz_target!(|data: &[u8]| {
    if let Some(keys) = data.strip_prefix(b"keys:") {
        let text = String::from_utf8_lossy(keys);
        if let (Err(set), Err(pem)) = (Keys::jwks(&text), Keys::pem(&text)) {
            assert!(!set.to_string().is_empty() && !pem.to_string().is_empty());
        }
        return;
    }
    let mut parts = data.splitn(4, |byte| *byte == b'\n');
    let mut request = Request::post("/mcp").header("host", "mcp.example.com").body(()).expect("a request");
    for name in ["authorization", "dpop", "x-api-key"] {
        let value = parts.next().filter(|value| !value.is_empty());
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value).ok()) {
            request.headers_mut().insert(name, value);
        }
    }
    if let Some(certificate) = parts.next().filter(|bytes| !bytes.is_empty()) {
        let shown = PeerCertificate::new(certificate.to_vec());
        assert!(shown.names().uris.iter().chain(&shown.names().hosts).all(|name| !name.is_empty()));
        request.extensions_mut().insert(shown);
    }
    let (head, ()) = request.into_parts();
    let rejection: Rejection = now(GUARD.admit(&head)).expect_err("nobody has a credential");
    assert!(rejection.status().is_client_error() || rejection.status().is_server_error());
    let headers = GUARD.challenge(&rejection);
    let Some(challenge) = headers.get("www-authenticate") else {
        assert_eq!(rejection.kind(), "unavailable");
        return;
    };
    let read = Challenge::parse(challenge.as_bytes());
    assert_eq!(read.len(), 1, "{challenge:?}");
    assert!(["Bearer", "DPoP"].contains(&read[0].scheme()), "{challenge:?}");
    assert_eq!(read[0].get("scope"), Some("mcp:use"));
    assert!(read[0].get("resource_metadata").is_some());
});
