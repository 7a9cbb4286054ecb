//! Every route of every listener refuses whoever brings no credentials, but for those that are open on purpose.

use std::sync::Arc;

use mcp_core::service::Principal;
use parking_lot::Mutex;
use serde_json::json;

use super::{Clock, RESOURCE, Signer, claims, guard, outcome, run, verifier, whoami};
use crate::support::client::Client;

const OPEN: [&str; 4] = [
    "/health",
    "/ready",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
];

#[tokio::test]
async fn every_route_asks_for_credentials() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let running = run(guard().accept(verifier(&signer, &clock).build())).await;
    let twins = [
        "initialize",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/read",
        "prompts/list",
        "prompts/get",
        "openapi.json",
    ];
    let twins = twins.map(|name| format!("/mcp/v1/{name}"));
    let closed = [
        "/",
        "/mcp",
        "/mcp/",
        "/sse",
        "/messages",
        "/messages?session=1",
        "/mcp/v1",
        "/metrics",
        "/admin",
        "/nowhere",
        "//health",
        "/health/",
        "/HEALTH",
        "/.well-known/oauth-protected-resource/other",
        "/.well-known/",
        "/health%2f",
        "/mcp/../health",
    ];
    for path in closed.iter().copied().chain(twins.iter().map(String::as_str)) {
        for method in ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE"] {
            let mut client = Client::connect(running.address).await;
            let headers = [("content-type", "application/json"), ("accept", "*/*"), ("connection", "close")];
            client.send(method, path, &headers, b"{}").await;
            assert_eq!(client.head().await.status, 401, "{method} {path}");
            // A web socket is a GET like any other.
            if method == "GET" {
                let mut client = Client::connect(running.address).await;
                let upgrade = [
                    ("connection", "upgrade"),
                    ("upgrade", "websocket"),
                    ("sec-websocket-version", "13"),
                    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ];
                client.send(method, path, &upgrade, b"").await;
                assert_eq!(client.head().await.status, 401, "upgrade of {path}");
            }
        }
    }
    for path in OPEN {
        let mut client = Client::connect(running.address).await;
        assert_eq!(client.ask("GET", path, &[], b"").await.status, 200, "{path}");
    }
    // A stranger's origin is refused before anything else; ours may ask what it may send.
    let mut client = Client::connect(running.address).await;
    let origin = format!("http://{}", running.address);
    let preflight = client.ask("OPTIONS", "/mcp", &[("origin", &origin)], b"").await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.headers["access-control-allow-headers"].contains("dpop"));
    running.stop().await;
}

#[tokio::test]
async fn good_credentials_open_every_kind_of_route_and_nothing_leaks_between_callers() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let running = run(guard().accept(verifier(&signer, &clock).build())).await;
    let bearer = |user: &str| format!("Bearer {}", signer.sign(&claims(json!({ "userId": user }))));
    let (ada, bob) = (bearer("ada"), bearer("bob"));
    let mut client = Client::connect(running.address).await;
    // One connection, many callers: each request stands for itself.
    for (token, user) in [(&ada, "ada"), (&bob, "bob"), (&ada, "ada")] {
        assert_eq!(outcome(&mut client, &[("authorization", token)]).await, Ok(user.into()));
        assert_eq!(outcome(&mut client, &[]).await.unwrap_err().0, 401);
    }
    let headers = [("content-type", "application/json"), ("authorization", ada.as_str())];
    let twin =
        client.ask("POST", "/mcp/v1/tools/call", &headers, br#"{"name":"whoami","arguments":{}}"#).await;
    assert_eq!((twin.status, twin.json()["content"][0]["text"].as_str()), (200, Some("ada by nobody")));
    // A session belongs to whoever opened it.
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
    }});
    let usual = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("authorization", ada.as_str()),
    ];
    let opened = client.ask("POST", "/mcp", &usual, initialize.to_string().as_bytes()).await;
    let session = opened.headers["mcp-session-id"].clone();
    let list = br#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#;
    for (token, status) in [(Some(&ada), 200), (Some(&bob), 404), (None, 401)] {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-session-id", session.as_str()),
            ("mcp-protocol-version", "2025-11-25"),
        ];
        headers.extend(token.map(|token| ("authorization", token.as_str())));
        assert_eq!(client.ask("POST", "/mcp", &headers, list).await.status, status);
    }
    running.stop().await;
}

#[tokio::test]
async fn refusals_are_told_and_have_the_request_s_identifier() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let told = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&told);
    let guard = guard().accept(verifier(&signer, &clock).build()).on_refused(move |refused| {
        let correlation = refused.correlation.unwrap_or_default().to_owned();
        record.lock().push((
            refused.rejection.kind(),
            refused.path.to_owned(),
            refused.rejection.user.clone(),
            correlation,
        ));
    });
    let running = run(guard).await;
    let mut client = Client::connect(running.address).await;
    let answer = whoami(&mut client, &[("x-request-id", "req-1")]).await;
    assert_eq!((answer.status, answer.headers["x-request-id"].as_str()), (401, "req-1"));
    let late = format!("Bearer {}", signer.sign(&claims(json!({ "exp": super::NOW - 60 }))));
    let answer = whoami(&mut client, &[("x-request-id", "not sound!"), ("authorization", &late)]).await;
    let made = answer.headers["x-request-id"].clone();
    assert_eq!(made.len(), 32);
    let good = format!("Bearer {}", signer.sign(&claims(json!({}))));
    assert_eq!(whoami(&mut client, &[("authorization", &good)]).await.status, 200);
    assert_eq!(
        *told.lock(),
        [
            ("missing", "/mcp".to_owned(), None, "req-1".to_owned()),
            ("expired", "/mcp".to_owned(), Some("ada".into()), made),
        ]
    );
    running.stop().await;
}

#[tokio::test]
async fn the_metadata_says_where_tokens_come_from() {
    let running = run(guard().require_scope("mcp:use").scope("notes:read").name("Notes")).await;
    let mut client = Client::connect(running.address).await;
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        let answer = client.ask("GET", path, &[], b"").await;
        assert_eq!(
            answer.json(),
            json!({
                "resource": RESOURCE, "resource_name": "Notes", "authorization_servers": [super::ISSUER],
                "bearer_methods_supported": ["header"], "scopes_supported": ["mcp:use", "notes:read"],
            })
        );
        assert_eq!(
            client.ask("POST", path, &[("content-type", "application/json")], b"{}").await.status,
            405
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn a_principal_from_in_front_does_not_count() {
    // What a layer in front put among the extensions was not established here.
    use mcp_core::transport::http::Http;
    use tower::ServiceExt as _;
    let (server, _said) = crate::support::server::server();
    let service = Http::new(server).authenticate(guard()).build();
    let mut request = http::Request::post("/mcp")
        .header("host", "localhost")
        .body(http_body_util::Full::new(bytes::Bytes::new()))
        .unwrap();
    request.extensions_mut().insert(Arc::new(Principal::new("acme", "mallory")));
    assert_eq!(service.oneshot(request).await.unwrap().status(), 401);
}
