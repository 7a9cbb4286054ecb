//! The life of tokens: refreshing, waiting for each other, storing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::{HeaderMap, Method, StatusCode};
use mcp_core::auth::client::{AuthError, FileStore, MemoryStore, consent};
use mcp_core::client::http::Authorize;
use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use url::Url;

use super::host::{json as ok, status};
use super::world::{REDIRECT, World, agreeing, call};

/// Tokens that end at once, each with the next refresh token; old refresh tokens are refused.
fn short_lived(world: &World) {
    let (issued, mut count) = (world.provider.issued.clone(), 0);
    world.provider.on("/token", move |seen| {
        let refresh = seen.form("grant_type") == "refresh_token";
        if refresh && seen.form("refresh_token") != format!("refresh-{count}") {
            return ok(&json!({ "error": "invalid_grant" })).status(400);
        }
        count += 1;
        // The first one ends at once, so that it is refreshed before it is used again.
        let expires_in = if count == 1 { 0 } else { 3600 };
        let token = format!("access-{count}");
        issued.lock().insert(token.clone(), String::new());
        ok(&json!({
            "access_token": token, "token_type": "Bearer", "expires_in": expires_in,
            "refresh_token": format!("refresh-{count}"),
        }))
    });
}

#[tokio::test]
async fn many_callers_refresh_once() {
    let world = World::start().await;
    short_lived(&world);
    let oauth = world.client().build().unwrap();
    // The token of the first call ends while it is used; the retry renews it already.
    world.call(&oauth).await.unwrap();
    assert_eq!(world.grants(), ["authorization_code", "refresh_token"]);
    let store = Arc::new(MemoryStore::new());
    let world = World::start().await;
    short_lived(&world);
    let oauth = world.client().shared_store(store.clone()).build().unwrap();
    let mut headers = HeaderMap::new();
    // An authorization whose token nobody has used yet.
    let refused = super::world::challenge(format!("Bearer resource_metadata=\"{}\"", world.metadata_url()));
    for (name, value) in refused.headers {
        headers.insert(name, value.parse().unwrap());
    }
    oauth.answered(&Method::POST, &world.server, StatusCode::UNAUTHORIZED, &headers, 0).await.unwrap();
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let (oauth, url) = (oauth.clone(), world.server.clone());
            tokio::spawn(async move { call(&oauth, &url).await.unwrap() })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(world.grants(), ["authorization_code", "refresh_token"]);
    let refresh = &world.log.of("as", "/token")[1];
    assert_eq!(refresh.form("refresh_token"), "refresh-1");
    assert_eq!(refresh.form("resource"), world.server.as_str());
    assert_eq!(refresh.form("client_id"), "as-client-1");
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_refreshed_with_rotation() {
    let world = World::start().await;
    let oauth = world.client().build().unwrap();
    for round in 1..=3 {
        world.call(&oauth).await.unwrap();
        let newest = world.log.of("mcp", "/mcp").last().unwrap().header("authorization").to_owned();
        assert_eq!(newest, format!("Bearer as-access-{round}"));
        world.provider.issued.lock().clear();
    }
    assert_eq!(world.grants(), ["authorization_code", "refresh_token", "refresh_token"]);
    let used: Vec<_> =
        world.log.of("as", "/token").iter().map(|seen| seen.form("refresh_token").to_owned()).collect();
    assert_eq!(used, ["", "as-refresh-1", "as-refresh-2"]);
}

#[tokio::test]
async fn a_refresh_token_stays_if_no_other_comes() {
    let world = World::start().await;
    let issued = world.provider.issued.clone();
    let mut count = 0;
    world.provider.on("/token", move |seen| {
        count += 1;
        let token = format!("access-{count}");
        issued.lock().insert(token.clone(), String::new());
        let mut answer = json!({ "access_token": token, "token_type": "bearer" });
        if seen.form("grant_type") == "authorization_code" {
            answer["refresh_token"] = "keep".into();
        }
        ok(&answer)
    });
    let oauth = world.client().build().unwrap();
    for _ in 0..3 {
        world.call(&oauth).await.unwrap();
        world.provider.issued.lock().clear();
    }
    let used: Vec<_> =
        world.log.of("as", "/token").iter().map(|seen| seen.form("refresh_token").to_owned()).collect();
    assert_eq!(used, ["", "keep", "keep"]);
}

/// Refuses refreshing with this error, and gives tokens for codes.
async fn after_refusal(error: &'static str) -> World {
    let world = World::start().await;
    let oauth = world.client().build().unwrap();
    world.call(&oauth).await.unwrap();
    let issued = world.provider.issued.clone();
    issued.lock().clear();
    world.provider.on("/token", move |seen| {
        if seen.form("grant_type") == "refresh_token" {
            return ok(&json!({ "error": error })).status(if error == "invalid_client" { 401 } else { 400 });
        }
        issued.lock().insert("again".into(), String::new());
        ok(&json!({ "access_token": "again", "token_type": "Bearer" }))
    });
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.grants(), ["authorization_code", "refresh_token", "authorization_code"]);
    world
}

#[tokio::test]
async fn when_refreshing_ends_the_person_is_asked_again() {
    let world = after_refusal("invalid_grant").await;
    assert_eq!(world.log.of("as", "/register").len(), 1);
    assert_eq!(world.log.of("as", "/token")[2].form("client_id"), "as-client-1");
}

#[tokio::test]
async fn a_client_that_is_no_longer_known_registers_again() {
    let world = after_refusal("invalid_client").await;
    assert_eq!(world.log.of("as", "/register").len(), 2);
    assert_eq!(world.log.of("as", "/token")[2].form("client_id"), "as-client-2");
}

#[tokio::test]
async fn a_server_in_trouble_does_not_end_a_grant() {
    let world = World::start().await;
    let oauth = world.client().build().unwrap();
    world.call(&oauth).await.unwrap();
    world.provider.issued.lock().clear();
    for trouble in [503, 429] {
        world.provider.on("/token", move |_| status(trouble));
        let error = world.call(&oauth).await.unwrap_err();
        assert!(matches!(&*error, AuthError::Status { .. } | AuthError::TokenRefused { .. }), "{error}");
    }
    assert_eq!(world.log.of("as", "/authorize").len(), 1);
}

#[tokio::test]
async fn a_person_is_asked_once_for_all_callers_and_their_no_counts_for_all() {
    for agrees in [true, false] {
        let world = World::start().await;
        let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (waits, count, inner) = (gate.clone(), asked.clone(), Arc::new(agreeing()));
        let consent = consent::with(Url::parse(REDIRECT).unwrap(), move |url| {
            let (waits, count, inner) = (waits.clone(), count.clone(), inner.clone());
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                waits.acquire().await?.forget();
                if !agrees {
                    return Err("they closed the window".into());
                }
                use mcp_core::auth::client::consent::Consent as _;
                inner.begin().await?.ask(&url).await
            }
        });
        let oauth = world.client().consent(consent).build().unwrap();
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let (oauth, url) = (oauth.clone(), world.server.clone());
                tokio::spawn(async move { call(&oauth, &url).await })
            })
            .collect();
        // All have been told to authorize before the person answers.
        while world.log.of("mcp", "/mcp").len() < 16 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        for caller in callers {
            match caller.await.unwrap() {
                Ok(status) => assert!(agrees && status == StatusCode::OK),
                Err(error) => assert!(!agrees && matches!(&*error, AuthError::Consent(_)), "{error}"),
            }
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn an_authorization_outlives_a_caller_that_gives_up() {
    let world = World::start().await;
    let (started, go) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (start, wait, inner) = (started.clone(), go.clone(), Arc::new(agreeing()));
    let consent = consent::with(Url::parse(REDIRECT).unwrap(), move |url| {
        let (start, wait, inner) = (start.clone(), wait.clone(), inner.clone());
        async move {
            use mcp_core::auth::client::consent::Consent as _;
            start.notify_one();
            wait.acquire().await?.forget();
            inner.begin().await?.ask(&url).await
        }
    });
    let oauth = world.client().consent(consent).build().unwrap();
    tokio::select! {
        _ = world.call(&oauth) => panic!("nobody agreed yet"),
        () = started.notified() => {}
    }
    go.add_permits(1);
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.log.of("as", "/authorize").len(), 1);
}

#[tokio::test]
async fn the_last_clone_takes_a_running_authorization_with_it() {
    struct Gone(Arc<Notify>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let world = World::start().await;
    let (started, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (start, end) = (started.clone(), gone.clone());
    let consent = consent::with(Url::parse(REDIRECT).unwrap(), move |_| {
        let (start, guard) = (start.clone(), Gone(end.clone()));
        async move {
            let _guard = guard;
            start.notify_one();
            std::future::pending().await
        }
    });
    let oauth = world.client().consent(consent).build().unwrap();
    tokio::select! {
        _ = world.call(&oauth) => panic!("nobody agreed yet"),
        () = started.notified() => {}
    }
    drop(oauth);
    gone.notified().await;
}

#[tokio::test]
async fn a_person_who_never_answers_is_not_waited_for_for_ever() {
    let world = World::start().await;
    let consent = consent::with(Url::parse(REDIRECT).unwrap(), |_| std::future::pending());
    let oauth = world.client().consent(consent).consent_timeout(Duration::from_millis(1)).build().unwrap();
    let error = world.call(&oauth).await.unwrap_err();
    assert_eq!(error.to_string(), "nobody agreed within 1ms");
}

#[tokio::test]
async fn tokens_and_registrations_outlive_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let store = || FileStore::new(folder.path().join("tokens"), &[1; 32]);
    let world = World::start().await;
    world.call(&world.client().store(store()).account("ann").build().unwrap()).await.unwrap();
    // The next run has a token from the start.
    let oauth = world.client().store(store()).account("ann").build().unwrap();
    world.call(&oauth).await.unwrap();
    assert_eq!(world.grants(), ["authorization_code"]);
    // It refreshes as the client that it was.
    world.provider.issued.lock().clear();
    world.call(&oauth).await.unwrap();
    assert_eq!(world.grants(), ["authorization_code", "refresh_token"]);
    assert_eq!(world.log.of("as", "/token")[1].form("client_id"), "as-client-1");
    // Somebody else has nothing yet.
    world.call(&world.client().store(store()).account("bob").build().unwrap()).await.unwrap();
    assert_eq!(world.grants().len(), 3);
    // Forgetting is for good.
    oauth.forget().await.unwrap();
    world.call(&world.client().store(store()).account("ann").build().unwrap()).await.unwrap();
    assert_eq!(world.grants().len(), 4);
    assert_eq!(world.log.of("as", "/register").len(), 3);
    // A wrong key is told, and nothing is sent.
    let sent = world.log.paths().len();
    let wrong = FileStore::new(folder.path().join("tokens"), &[2; 32]);
    let error = world.call(&world.client().store(wrong).account("ann").build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::Store(_)), "{error}");
    assert_eq!(world.log.paths().len(), sent);
}

#[tokio::test]
async fn a_stored_token_that_ended_is_refreshed_where_the_challenge_leads() {
    let world = World::start().await;
    // Only the header says where the metadata is.
    world.publish("/custom/metadata.json", json!({}));
    let url = world.server.join("/custom/metadata.json").unwrap();
    let issued = world.provider.issued.clone();
    world.guard(move |seen| {
        let token = seen.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let header = format!("Bearer resource_metadata=\"{url}\"");
        (!issued.lock().contains_key(token)).then(|| super::world::challenge(header))
    });
    let issued = world.provider.issued.clone();
    world.provider.on("/token", move |seen| {
        let token = format!("by-{}", seen.form("grant_type"));
        issued.lock().insert(token.clone(), String::new());
        let lives = if token == "by-refresh_token" { 3600 } else { 0 };
        ok(&json!({ "access_token": token, "token_type": "Bearer", "refresh_token": "r", "expires_in": lives }))
    });
    let store = Arc::new(MemoryStore::new());
    let first = world.client().shared_store(store.clone()).build().unwrap();
    let mut headers = HeaderMap::new();
    let header =
        format!("Bearer resource_metadata=\"{}\"", world.server.join("/custom/metadata.json").unwrap());
    headers.insert("www-authenticate", header.parse().unwrap());
    first.answered(&Method::POST, &world.server, StatusCode::UNAUTHORIZED, &headers, 0).await.unwrap();
    world.provider.issued.lock().clear();
    // The next run.
    let oauth = world.client().shared_store(store).build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.grants(), ["authorization_code", "refresh_token"]);
    assert_eq!(world.log.of("as", "/token")[1].form("client_id"), "as-client-1");
}

#[tokio::test]
async fn programs_that_share_a_store_share_what_one_refreshed() {
    let world = World::start().await;
    short_lived(&world);
    let store = Arc::new(MemoryStore::new());
    let one = world.client().shared_store(store.clone()).build().unwrap();
    world.call(&one).await.unwrap();
    let two = world.client().shared_store(store).build().unwrap();
    world.call(&two).await.unwrap();
    // Both have the same token; it ends, and each refresh token is good once.
    for oauth in [&one, &two] {
        world.provider.issued.lock().retain(|token, _| token == "access-3");
        assert_eq!(world.call(oauth).await.unwrap(), StatusCode::OK);
    }
    assert_eq!(world.grants(), ["authorization_code", "refresh_token", "refresh_token"]);
}

#[tokio::test]
async fn tokens_are_for_the_server_alone() {
    let world = World::start().await;
    let oauth = world.client().build().unwrap();
    world.call(&oauth).await.unwrap();
    let mut headers = HeaderMap::new();
    let other = Url::parse(&world.provider.url).unwrap();
    oauth.authorize(&Method::GET, &other, &mut headers).await.unwrap();
    assert!(headers.is_empty());
    oauth.authorize(&Method::GET, &world.server.join("/messages").unwrap(), &mut headers).await.unwrap();
    assert_eq!(headers["authorization"], "Bearer as-access-1");
}
