//! A person agrees: registration, authorization, code.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use mcp_core::auth::client::{AuthError, Loopback, Registered, ResponseError};
use serde_json::json;
use tokio::sync::mpsc;
use url::Url;

use super::host::{json as ok, status};
use super::world::{REDIRECT, World, redirect};

#[tokio::test]
async fn a_code_is_exchanged_for_a_token() {
    let world = World::start().await;
    let oauth = world.client().build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(
        world.log.paths(),
        [
            "POST mcp/mcp",
            "GET mcp/.well-known/oauth-protected-resource/mcp",
            "GET as/.well-known/oauth-authorization-server",
            "POST as/register",
            "GET as/authorize",
            "POST as/token",
            "POST mcp/mcp",
            "POST mcp/mcp",
        ]
    );
    let register = &world.log.of("as", "/register")[0];
    assert_eq!(
        register.json,
        json!({
            "client_name": "test", "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none", "application_type": "native",
            "redirect_uris": [REDIRECT], "response_types": ["code"],
        })
    );
    let authorize = &world.log.of("as", "/authorize")[0];
    let token = &world.log.of("as", "/token")[0];
    assert_eq!(authorize.query("client_id"), "as-client-1");
    assert_eq!(authorize.query("response_type"), "code");
    assert_eq!(authorize.query("code_challenge_method"), "S256");
    assert!(!authorize.query.contains_key("scope"));
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.form("code_verifier").as_bytes()));
    assert_eq!(authorize.query("code_challenge"), challenge);
    for seen in [authorize.query("resource"), token.form("resource")] {
        assert_eq!(seen, world.server.as_str());
    }
    assert_eq!(token.form("grant_type"), "authorization_code");
    assert_eq!(token.form("code"), "the-code");
    assert_eq!(token.form("redirect_uri"), REDIRECT);
    assert_eq!(token.form("client_id"), "as-client-1");
    assert_eq!(world.log.of("mcp", "/mcp")[2].header("authorization"), "Bearer as-access-1");
}

#[tokio::test]
async fn the_url_of_a_document_identifies_the_client_where_it_may() {
    let world = World::start().await;
    let document = Url::parse("https://app.example/client.json").unwrap();
    world.provider.change(json!({ "client_id_metadata_document_supported": true }));
    let oauth = world.client().client_id_metadata(document.clone()).build().unwrap();
    world.call(&oauth).await.unwrap();
    assert_eq!(world.log.of("as", "/authorize")[0].query("client_id"), document.as_str());
    assert_eq!(world.log.of("as", "/token")[0].form("client_id"), document.as_str());
    assert!(world.log.of("as", "/register").is_empty());

    let world = World::start().await;
    let oauth = world.client().client_id_metadata(document).build().unwrap();
    world.call(&oauth).await.unwrap();
    assert_eq!(world.log.of("as", "/authorize")[0].query("client_id"), "as-client-1");
}

#[tokio::test]
async fn registered_clients_go_first_and_authenticate_as_the_server_wants() {
    for (method, header, secret) in [
        ("client_secret_basic", "Basic bWU6aHVudGVyMg==", ""),
        ("client_secret_post", "", "hunter2"),
        ("none", "", ""),
    ] {
        let world = World::start().await;
        world.provider.change(json!({
            "token_endpoint_auth_methods_supported": [method], "client_id_metadata_document_supported": true,
        }));
        let oauth = world
            .client()
            .client_id_metadata(Url::parse("https://app.example/client.json").unwrap())
            .registered(Registered::with_secret("me", "hunter2"));
        world.call(&oauth.build().unwrap()).await.unwrap();
        let token = &world.log.of("as", "/token")[0];
        assert_eq!(token.header("authorization"), header, "{method}");
        assert_eq!(token.form("client_secret"), secret, "{method}");
        assert!(world.log.of("as", "/register").is_empty());
    }
}

#[tokio::test]
async fn a_server_may_choose_how_a_new_client_authenticates() {
    let world = World::start().await;
    world.provider.change(json!({
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }));
    world.provider.on("/register", |_| {
        ok(&json!({
            "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post",
        }))
    });
    world.call(&world.client().build().unwrap()).await.unwrap();
    let register = &world.log.of("as", "/register")[0];
    assert_eq!(register.json["token_endpoint_auth_method"], "client_secret_basic");
    let token = &world.log.of("as", "/token")[0];
    assert_eq!((token.form("client_id"), token.form("client_secret")), ("c", "s"));
    assert_eq!(token.header("authorization"), "");
}

#[tokio::test]
async fn without_a_way_to_register_the_person_reads_what_to_do() {
    let world = World::start().await;
    world.provider.change(json!({ "registration_endpoint": null }));
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::NoRegistration { issuer } if *issuer == world.provider.url));
    assert!(world.log.of("as", "/authorize").is_empty());

    let world = World::start().await;
    world.provider.on("/register", |_| {
        ok(&json!({ "error": "invalid_redirect_uri", "error_description": "web clients need https" }))
            .status(400)
    });
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}/register` refused to register the client (400 Bad Request): `invalid_redirect_uri`, \
             web clients need https",
            world.provider.url
        )
    );
}

#[tokio::test]
async fn who_answers_is_checked_before_the_code_leaves() {
    let check = async |promises: serde_json::Value, iss: Option<&'static str>, accepted: bool| {
        let world = World::start().await;
        let url = world.provider.url.clone();
        world.provider.change(json!({ "authorization_response_iss_parameter_supported": promises }));
        world.provider.on("/authorize", move |seen| {
            let iss = iss.map(|iss| iss.replace("SELF", &url));
            let mut answer = vec![("code", "the-code"), ("state", seen.query("state"))];
            answer.extend(iss.as_deref().map(|iss| ("iss", iss)));
            redirect(seen, &answer)
        });
        let outcome = world.call(&world.client().build().unwrap()).await;
        assert_eq!(outcome.is_ok(), accepted, "{promises} {iss:?}");
        assert_eq!(world.log.of("as", "/token").len(), usize::from(accepted), "{promises} {iss:?}");
        if let Err(error) = outcome {
            let AuthError::Response(error) = &*error else { panic!("{error:?}") };
            assert!(matches!(error, ResponseError::Issuer { .. } | ResponseError::NoIssuer));
        }
    };
    check(json!(true), Some("SELF"), true).await;
    check(json!(true), None, false).await;
    check(json!(true), Some("https://evil.example.com"), false).await;
    check(json!(true), Some("SELF/"), false).await;
    check(json!(null), Some("SELF"), true).await;
    check(json!(null), None, true).await;
    check(json!(null), Some("https://evil.example.com"), false).await;
    check(json!(false), Some("SELF/"), false).await;
}

#[tokio::test]
async fn refusals_and_forgeries_end_the_authorization() {
    let world = World::start().await;
    let url = world.provider.url.clone();
    world.provider.on("/authorize", move |seen| {
        redirect(seen, &[("error", "access_denied"), ("state", seen.query("state")), ("iss", &url)])
    });
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::Denied { code, .. } if code == "access_denied"));
    world.provider.on("/authorize", |seen| redirect(seen, &[("code", "evil"), ("state", "guessed")]));
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::Response(ResponseError::State)));
    assert!(world.log.of("as", "/token").is_empty());
}

#[tokio::test]
async fn servers_that_do_not_protect_codes_are_refused() {
    for methods in [json!(null), json!(["plain"])] {
        let world = World::start().await;
        world.provider.change(json!({ "code_challenge_methods_supported": methods }));
        let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
        assert!(matches!(&*error, AuthError::NoPkce { .. }), "{error}");
        assert!(world.log.of("as", "/authorize").is_empty() && world.log.of("as", "/register").is_empty());
    }
}

#[tokio::test]
async fn a_browser_comes_back_to_this_machine() {
    let world = World::start().await;
    let (opened, mut seen) = mpsc::unbounded_channel::<Url>();
    let loopback = Loopback::new(move |url| Ok(opened.send(url.clone())?));
    // A browser follows the redirect to the port that the client listens on.
    let browser = tokio::spawn(async move {
        use bytes::Bytes;
        use mcp_core::client::http::HttpClient;
        let get = async |url: &str| {
            let request = hyper::Request::get(url).body(Bytes::new()).unwrap();
            HttpClient::default().send(request).await.unwrap()
        };
        let url = seen.recv().await.unwrap();
        let location = get(url.as_str()).await.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(get(&location).await.status(), StatusCode::OK);
        location
    });
    let oauth = world.client().consent(loopback).build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    let location = Url::parse(&browser.await.unwrap()).unwrap();
    let token = &world.log.of("as", "/token")[0];
    assert!(location.as_str().starts_with(token.form("redirect_uri")));
    assert_eq!(location.host_str(), Some("127.0.0.1"));
}

#[tokio::test]
async fn a_server_that_rejects_its_own_tokens_is_not_asked_for_ever() {
    let world = World::start().await;
    world.guard(|_| Some(status(401)));
    let oauth = world.client().build().unwrap();
    let error = world.call(&oauth).await.unwrap_err();
    assert!(matches!(&*error, AuthError::TokenRejected { .. }), "{error}");
    assert_eq!(world.log.of("as", "/authorize").len(), 1);
}
