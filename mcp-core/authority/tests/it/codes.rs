//! A person agrees, and the code becomes tokens.

use http::StatusCode;
use mcp_authority::Event;
use serde_json::json;

use super::world::{REDIRECT, RESOURCE, SECRET, World, claims};

#[tokio::test]
async fn a_code_becomes_tokens() {
    let world = World::start().await;
    let back = world.consent(&[("scope", "tools:read tools:call offline_access")], "allow").await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert_eq!(back.sent("state").as_deref(), Some("the-state"));
    assert_eq!(back.sent("iss").as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!(back.header("cache-control"), "no-store");
    let answer = world.exchange(&back.sent("code").unwrap(), &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("Bearer"), &json!(600), &json!("tools:call tools:read"))
    );
    let access = body["access_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(access).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let mut found = claims(access);
    let id = found["jti"].take();
    assert!(id.as_str().unwrap().len() > 40);
    assert_eq!(
        found,
        json!({
            "iss": "http://127.0.0.1:9000", "sub": "ada", "aud": RESOURCE, "client_id": "app", "iat": world.time(),
            "exp": world.time() + 600, "jti": null, "scope": "tools:call tools:read", "orgId": "acme", "userId": "ada",
            "role": "admin", "plan": "pro",
        })
    );
    let events = world.events.lock().clone();
    assert!(
        matches!(&events[..], [Event::Allowed(a), Event::Issued { holder: b, grant: "authorization_code" }]
        if a == b && a.user == "ada" && a.client == "app"),
        "{events:?}"
    );
}

#[tokio::test]
async fn who_asks_for_no_scope_gets_the_usual_ones_and_who_does_not_agree_gets_nothing() {
    let world = World::start().await;
    let answer = world.exchange(&world.code(&[]).await, &[]).await;
    assert_eq!(answer.json()["scope"], "tools:read");
    let back = world.consent(&[], "deny").await;
    assert_eq!(back.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(back.sent("state").as_deref(), Some("the-state"));
    assert!(back.sent("iss").is_some() && back.sent("code").is_none());
    assert!(matches!(world.events.lock().last(), Some(Event::Denied { client }) if client == "app"));
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_ends_what_it_gave() {
    let world = World::start().await;
    let code = world.code(&[]).await;
    let first = world.exchange(&code, &[]).await;
    let (access, refresh) = super::world::both(&first);
    assert_eq!(world.introspect(&access).await["active"], true);
    let second = world.exchange(&code, &[]).await;
    assert_eq!((second.status, &*second.error()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert_eq!(world.suspicious(), ["CodeReused"]);
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
    assert_eq!(world.refresh(&refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn two_uses_at_once_are_not_both_good() {
    let world = World::start().await;
    let code = world.code(&[]).await;
    let (one, two) = tokio::join!(world.exchange(&code, &[]), world.exchange(&code, &[]));
    let mut both = [one.status, two.status];
    both.sort();
    assert_eq!(both, [StatusCode::OK, StatusCode::BAD_REQUEST]);
}

#[tokio::test]
async fn a_code_that_was_not_used_in_time_is_worth_nothing() {
    let world = World::start().await;
    let code = world.code(&[]).await;
    world.pass(60);
    assert_eq!(world.exchange(&code, &[]).await.error(), "invalid_grant");
    assert!(world.suspicious().is_empty());
}

#[tokio::test]
async fn wrong_attempts_are_refused_and_leave_the_code_to_its_client() {
    let world = World::start().await;
    let code = world.code(&[]).await;
    let wrong = "A".repeat(43);
    for (changed, expect) in [
        (("code_verifier", &*wrong), "invalid_grant"),
        (("code_verifier", "short"), "invalid_request"),
        (("code_verifier", ""), "invalid_request"),
        (("redirect_uri", "https://app.example/other"), "invalid_grant"),
        (("resource", "https://other.example/mcp"), "invalid_target"),
        (("resource", "https://evil.example/mcp"), "invalid_target"),
        (("client_id", "stranger"), "invalid_grant"),
        (("client_id", "nobody"), "invalid_client"),
        (("client_id", "robot"), "invalid_client"),
        (("code", "x"), "invalid_grant"),
    ] {
        let answer = world.exchange(&code, &[changed]).await;
        assert_eq!(answer.error(), expect, "{changed:?}: {}", answer.body);
    }
    assert_eq!(world.suspicious(), ["TokenMisused", "ClientRefused", "ClientRefused"]);
    // OAuth 2.1 has no redirect URI here.
    let answer = world.exchange(&code, &[("redirect_uri", ""), ("resource", "")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn loopback_redirects_may_use_any_port() {
    let world = World::start().await;
    let redirect = [("redirect_uri", "http://127.0.0.1:54321/cb")];
    let code = world.code(&redirect).await;
    assert_eq!(
        world.exchange(&code, &[("redirect_uri", "http://127.0.0.1:54322/cb")]).await.error(),
        "invalid_grant"
    );
    assert_eq!(world.exchange(&code, &redirect).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_acts_for_itself() {
    let world = World::start().await;
    let fields = [("grant_type", "client_credentials"), ("scope", "tools:call"), ("resource", RESOURCE)];
    let basic = "Basic cm9ib3Q6cm9ib3Qtc2VjcmV0LTAxMjM0NTY3ODk=";
    let answer = world.post_with("/token", &fields, &[("authorization", basic)]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body.get("refresh_token"), None);
    let found = claims(body["access_token"].as_str().unwrap());
    for (name, expect) in [
        ("sub", "robot"),
        ("orgId", "acme"),
        ("userId", "robot"),
        ("role", "service"),
        ("scope", "tools:call"),
    ] {
        assert_eq!(found[name], expect, "{name}");
    }
    let app = [("grant_type", "client_credentials"), ("client_id", "app")];
    assert_eq!(world.post("/token", &app).await.error(), "unauthorized_client");
}

#[tokio::test]
async fn a_client_that_gives_a_token_back_has_it_no_longer() {
    let world = World::start().await;
    let (access, refresh) = world.tokens().await;
    let revoke = async |token: &str, client: &str| {
        world.post("/revoke", &[("token", token), ("client_id", client)]).await
    };
    // Others cannot, and are not told.
    for token in [&access, &refresh, "unknown"] {
        assert_eq!(revoke(token, "stranger").await.status, StatusCode::OK);
    }
    assert_eq!(world.introspect(&access).await["active"], true);
    assert_eq!(revoke(&access, "app").await.status, StatusCode::OK);
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
    let next = world.refresh(&refresh).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.body);
    let (access, refresh) = super::world::both(&next);
    assert_eq!(revoke(&refresh, "app").await.status, StatusCode::OK);
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
    assert_eq!(world.refresh(&refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn only_those_who_may_are_told_about_tokens() {
    let world = World::start().await;
    let (access, refresh) = world.tokens().await;
    let found = world.introspect(&access).await;
    assert_eq!(
        (&found["active"], &found["sub"], &found["token_type"]),
        (&json!(true), &json!("ada"), &json!("Bearer"))
    );
    assert_eq!(world.introspect(&refresh).await["client_id"], "app");
    for token in ["", "x", "a.b.c", &format!("{access}x"), &access[..access.len() - 2]] {
        let fields = [
            ("token", if token.is_empty() { "-" } else { token }),
            ("client_id", "guard"),
            ("client_secret", SECRET),
        ];
        assert_eq!(world.post("/introspect", &fields).await.json(), json!({ "active": false }), "{token}");
    }
    let robot = [("token", &*access), ("client_id", "robot"), ("client_secret", SECRET)];
    assert_eq!(world.post("/introspect", &robot).await.json(), json!({ "active": false }));
    let app = [("token", &*access), ("client_id", "app")];
    assert_eq!(world.post("/introspect", &app).await.status, StatusCode::UNAUTHORIZED);
    world.pass(600);
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
}
