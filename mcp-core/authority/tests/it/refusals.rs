//! Bad requests, and what is said to them. A change of the table is a change of contract.

use std::fmt::Write as _;

use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::world::{Answer, SECRET, World, builder};

/// The error of an answer, wherever it is.
fn shown(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    if answer.status == StatusCode::SEE_OTHER {
        let text = |name| answer.sent(name).unwrap_or_default();
        return format!("{status} redirect {}: {}", text("error"), text("error_description"));
    }
    if answer.header("content-type").starts_with("text/html") {
        let text = answer.body.split_once("role=\"alert\">").unwrap().1.split_once("</p>").unwrap().0;
        return format!("{status} page: {text}");
    }
    let body = answer.json();
    format!("{status} {}: {}", body["error"].as_str().unwrap(), body["error_description"].as_str().unwrap())
}

#[tokio::test]
async fn authorization_requests() {
    let world = World::start().await;
    let cases: &[&[(&str, &str)]] = &[
        &[("client_id", "")],
        &[("client_id", "nobody")],
        &[("client_id", "https://127.0.0.1/client.json")],
        &[("client_id", "https://localhost/client.json")],
        &[("client_id", "https://169.254.169.254/client.json")],
        &[("client_id", "https://app.example/")],
        &[("redirect_uri", "")],
        &[("redirect_uri", "https://evil.example/cb")],
        &[("redirect_uri", "https://app.example/cb/")],
        &[("redirect_uri", "http://127.0.0.1:1@evil.example/cb")],
        &[("redirect_uri", "javascript:alert(1)")],
        &[("response_type", "")],
        &[("response_type", "token")],
        &[("response_mode", "fragment")],
        &[("code_challenge", "")],
        &[("code_challenge", "short")],
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[("resource", "https://evil.example/mcp")],
        &[("scope", "admin")],
        &[("scope", "tools:read \"")],
        &[("request", "x")],
        &[("request_uri", "https://app.example/r")],
        &[("prompt", "none")],
        &[("dpop_jkt", "x")],
        &[("client_id", "guard"), ("redirect_uri", "")],
    ];
    let mut table = String::new();
    for case in cases {
        let answer = world.authorize(case).await;
        writeln!(table, "{case:?}\n    {}", shown(&answer)).unwrap();
        assert_eq!(answer.header("cache-control"), "no-store");
        // Nobody is sent anywhere before the place is known to be the client's.
        let told = answer.header("location");
        assert!(told.is_empty() || told.starts_with("https://app.example/cb?error="), "{told}");
        assert!(told.is_empty() || (told.contains("state=the-state") && told.contains("iss=")), "{told}");
    }
    let twice = world.get(&format!("/authorize?{}&state=b", super::world::query(&[]))).await;
    writeln!(table, "state twice\n    {}", shown(&twice)).unwrap();
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn token_requests() {
    let world = World::start().await;
    let mut table = String::new();
    let form: &[&[(&str, &str)]] = &[
        &[],
        &[("grant_type", "password"), ("client_id", "app")],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "authorization_code"), ("client_id", "app")],
        &[("grant_type", "authorization_code"), ("client_id", "app"), ("code", "x")],
        &[("grant_type", "authorization_code"), ("client_id", "nobody"), ("code", "x")],
        &[("grant_type", "authorization_code"), ("client_id", "robot"), ("code", "x")],
        &[("grant_type", "authorization_code"), ("client_id", "app"), ("client_secret", "x"), ("code", "x")],
        &[("grant_type", "refresh_token"), ("client_id", "app")],
        &[("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", "x")],
        &[("grant_type", "client_credentials"), ("client_id", "app")],
        &[("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", "wrong")],
        &[
            ("grant_type", "client_credentials"),
            ("client_id", "robot"),
            ("client_secret", SECRET),
            ("scope", "x"),
        ],
        &[
            ("grant_type", "client_credentials"),
            ("client_id", "robot"),
            ("client_secret", SECRET),
            ("resource", "x"),
        ],
        &[("grant_type", "client_credentials"), ("client_assertion", "x"), ("client_assertion_type", "x")],
        &[("grant_type", "client_credentials"), ("client_assertion", "x"), ("client_secret", "x")],
        &[
            ("grant_type", "client_credentials"),
            ("client_assertion", "x"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ],
    ];
    for case in form {
        let answer = world.post("/token", case).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        writeln!(table, "{case:?}\n    {}", shown(&answer)).unwrap();
    }
    let basic = |pair: &str| {
        use base64::Engine as _;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    };
    let grant = [("grant_type", "client_credentials")];
    for header in
        [basic("robot:wrong"), basic("nobody:x"), basic("robot"), "Bearer x".into(), "Basic !".into()]
    {
        let answer = world.post_with("/token", &grant, &[("authorization", &header)]).await;
        writeln!(table, "{header}\n    {} ({})", shown(&answer), answer.header("www-authenticate")).unwrap();
    }
    let both = [("grant_type", "client_credentials"), ("client_secret", SECRET)];
    let answer = world.post_with("/token", &both, &[("authorization", &basic("robot:x"))]).await;
    writeln!(table, "two ways\n    {}", shown(&answer)).unwrap();
    let other = [("grant_type", "client_credentials"), ("client_id", "app")];
    let answer = world.post_with("/token", &other, &[("authorization", &basic("robot:x"))]).await;
    writeln!(table, "two clients\n    {}", shown(&answer)).unwrap();
    let json =
        Request::post("/token").header("content-type", "application/json").body(Full::from("{}")).unwrap();
    writeln!(table, "JSON\n    {}", shown(&world.send(json).await)).unwrap();
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn registrations() {
    let world = World::start().await;
    let mut table = String::new();
    let good = json!(["https://a.example/cb"]);
    for document in [
        json!({}),
        json!([]),
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": "https://a.example/cb" }),
        json!({ "redirect_uris": ["http://a.example/cb"] }),
        json!({ "redirect_uris": ["https://a.example/cb#x"] }),
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "redirect_uris": ["app:/cb"] }),
        json!({ "redirect_uris": good, "grant_types": ["implicit"] }),
        json!({ "redirect_uris": good, "grant_types": ["client_credentials"] }),
        json!({ "redirect_uris": good, "response_types": ["token"] }),
        json!({ "redirect_uris": good, "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "redirect_uris": good, "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "redirect_uris": good, "jwks_uri": "https://a.example/jwks" }),
        json!({ "redirect_uris": good, "scope": "admin" }),
    ] {
        writeln!(table, "{document}\n    {}", shown(&world.register(&document).await)).unwrap();
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_tries_too_often_waits() {
    let world = World::start().await;
    let wrong = [("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", "wrong")];
    for _ in 0..10 {
        assert_eq!(world.post("/token", &wrong).await.status, StatusCode::UNAUTHORIZED);
    }
    let right = [("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", SECRET)];
    let answer = world.post("/token", &right).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "300"));
    assert_eq!(world.suspicious().last().unwrap(), "Throttled");
    world.pass(300);
    assert_eq!(world.post("/token", &right).await.status, StatusCode::OK);

    let world = World::of(builder().max_registrations_per_hour(2).max_registered_clients(3)).await;
    let document = json!({ "redirect_uris": ["https://a.example/cb"] });
    let register = async || world.register(&document).await;
    assert_eq!(register().await.status, StatusCode::CREATED);
    assert_eq!(register().await.status, StatusCode::CREATED);
    assert_eq!(register().await.header("retry-after"), "3600");
    world.pass(3600);
    assert_eq!(register().await.status, StatusCode::CREATED);
    let full = register().await;
    assert_eq!((full.status, &*full.error()), (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"));
    // Registrations that nobody used make room after a day.
    world.pass(24 * 3600);
    assert_eq!(register().await.status, StatusCode::CREATED);
}
