//! Whatever strangers send, it is their fault and not ours: no panic, no 5xx, no redirect to where they want.

use http::{Method, Request};
use http_body_util::Full;
use proptest::prelude::*;
use url::form_urlencoded;

use super::world::{CHALLENGE, ENDPOINTS, REDIRECT, RESOURCE, SECRET, VERIFIER, World, builder};

/// Names and values that mean something, so that requests get far, and others.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "grant_type",
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "redirect_uri",
        "refresh_token",
        "scope",
        "resource",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "state",
        "token",
        "request",
        "decision",
        "login",
        "password",
        "client_assertion",
        "client_assertion_type",
        "dpop_jkt",
        "prompt",
        "response_mode",
    ];
    prop_oneof![9 => prop::sample::select(known.map(str::to_owned).to_vec()), 1 => "\\PC{0,12}"]
}

fn value() -> impl Strategy<Value = String> {
    let known = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "app",
        "robot",
        "guard",
        SECRET,
        VERIFIER,
        CHALLENGE,
        REDIRECT,
        RESOURCE,
        "code",
        "S256",
        "plain",
        "tools:read",
        "allow",
        "deny",
        "x",
        "https://127.0.0.1/c.json",
        "http://127.0.0.1:1/cb",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "eyJhbGciOiJub25lIn0.e30.",
    ];
    prop_oneof![6 => prop::sample::select(known.map(str::to_owned).to_vec()), 2 => "\\PC{0,40}", 1 => "[\\x00-\\x20%&=+]{0,20}"]
}

fn header() -> impl Strategy<Value = (String, String)> {
    let names = ["authorization", "dpop", "cookie", "origin", "content-type", "content-length"];
    let values = prop_oneof![
        "Basic [A-Za-z0-9+/=]{0,40}",
        "[ -~]{0,60}",
        "mcp_authority=[A-Za-z0-9_-]{43}",
        "eyJ[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}",
    ];
    (prop::sample::select(names.map(str::to_owned).to_vec()), values)
}

fn request() -> impl Strategy<Value = Request<Full<bytes::Bytes>>> {
    let body = prop_oneof![
        6 => fields().prop_map(|fields| encoded(&fields).into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        2 => json().prop_map(|value| value.to_string().into_bytes()),
    ];
    let kind =
        prop::sample::select(vec!["application/x-www-form-urlencoded", "application/json", "text/plain"]);
    let headers = prop::collection::vec(header(), 0..3);
    let endpoint = prop::sample::select(ENDPOINTS.to_vec());
    (endpoint, fields(), body, kind, headers).prop_map(|((path, method), fields, body, kind, headers)| {
        let uri = format!("{path}?{}", encoded(&fields));
        let mut request = Request::builder().uri(uri).header("content-type", kind);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let body = if method == Method::GET { Vec::new() } else { body };
        request.method(method).body(Full::from(body)).unwrap()
    })
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((name(), value()), 0..10)
}

fn encoded(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let names = [
        "redirect_uris",
        "grant_types",
        "response_types",
        "client_name",
        "scope",
        "jwks",
        "client_id",
        "jwks_uri",
        "token_endpoint_auth_method",
    ];
    let leaf = prop_oneof![
        "\\PC{0,20}".prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        Just(serde_json::json!(["https://a.example/cb"])),
        Just(serde_json::json!("none")),
    ];
    let value = leaf.prop_recursive(3, 20, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from)
    });
    prop::collection::btree_map(prop::sample::select(names.to_vec()), value, 0..6)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[test]
fn requests_of_strangers_are_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open = builder().max_registrations_per_hour(u32::MAX).max_registered_clients(usize::MAX);
    let world = runtime.block_on(World::of(open));
    let config = ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(request in request())| {
        let shown = format!("{request:?}");
        // So that throttles do not keep everything from being looked at.
        world.pass(301);
        let answer = runtime.block_on(world.send(request));
        prop_assert!(!answer.status.is_server_error(), "{shown}: {}", answer.body);
        let location = answer.header("location");
        let theirs = ["https://app.example/cb?", "http://127.0.0.1/cb?", "http://127.0.0.1:1/cb?"];
        prop_assert!(location.is_empty() || theirs.iter().any(|uri| location.starts_with(uri)), "{location}");
        if answer.header("content-type").starts_with("text/html") {
            prop_assert!(!answer.body.contains("<script"));
        }
    });
}

#[tokio::test]
async fn bodies_are_bounded() {
    let world = World::start().await;
    let request = Request::post("/token").header("content-type", "application/x-www-form-urlencoded");
    let answer = world.send(request.body(Full::from(vec![b'a'; 64 * 1024 + 1])).unwrap()).await;
    assert_eq!(answer.status, http::StatusCode::PAYLOAD_TOO_LARGE);
}
