//! Which scopes are asked for, and when more.

use hyper::StatusCode;
use mcp_core::auth::client::AuthError;
use serde_json::json;

use super::host::{Reply, Seen, status};
use super::world::{World, challenge};

/// The scopes of the one authorization.
async fn scopes(header: &str, resource: serde_json::Value, server: serde_json::Value) -> String {
    let world = World::start().await;
    world.publish("/.well-known/oauth-protected-resource/mcp", json!({ "scopes_supported": resource }));
    world.provider.change(json!({ "scopes_supported": server }));
    let (issued, header) = (world.provider.issued.clone(), header.to_owned());
    world.guard(move |_| issued.lock().is_empty().then(|| challenge(header.clone())));
    world.call(&world.client().build().unwrap()).await.unwrap();
    let authorize = &world.log.of("as", "/authorize")[0];
    let prompt = authorize.query.get("prompt").map(|prompt| format!(" prompt={prompt}")).unwrap_or_default();
    format!("{}{prompt}", authorize.query("scope"))
}

#[tokio::test]
async fn scopes_come_from_the_challenge_then_from_the_metadata() {
    let none = json!(null);
    assert_eq!(scopes("Bearer scope=\"mcp:basic\"", json!(["a", "b"]), none.clone()).await, "mcp:basic");
    assert_eq!(scopes("Bearer", json!(["a", "b"]), none.clone()).await, "a b");
    assert_eq!(scopes("Bearer", none.clone(), none.clone()).await, "");
    let offline = json!(["a", "offline_access"]);
    assert_eq!(scopes("Bearer", json!(["a"]), offline.clone()).await, "a offline_access prompt=consent");
    assert_eq!(scopes("Bearer", json!(["a"]), json!(["a"])).await, "a");
    assert_eq!(scopes("Bearer", none, offline).await, "");
}

/// Wants `needed` of every token it knows, and says so with `basic` first.
fn stepping(world: &World, needed: impl Fn(&Seen) -> &'static str + Send + 'static) {
    let (issued, url) = (world.provider.issued.clone(), world.metadata_url());
    let refuse = move |status_code, scope: &str, error: &str| -> Reply {
        status(status_code)
            .with("www-authenticate", format!("Bearer {error}scope=\"{scope}\", resource_metadata=\"{url}\""))
    };
    world.guard(move |seen| {
        let token = seen.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let Some(scopes) = issued.lock().get(token).cloned() else {
            return Some(refuse(401, "mcp:basic", ""));
        };
        let wanted = needed(seen);
        let enough = scopes.split(' ').any(|scope| scope == wanted);
        (!enough).then(|| refuse(403, wanted, "error=\"insufficient_scope\", "))
    });
}

#[tokio::test]
async fn more_scopes_are_added_to_those_before() {
    let world = World::start().await;
    world
        .publish("/.well-known/oauth-protected-resource/mcp", json!({ "scopes_supported": ["mcp:profile"] }));
    stepping(&world, |_| "mcp:write");
    let oauth = world.client().build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.asked_scopes(), ["mcp:basic", "mcp:basic mcp:write"]);
    // The client is known by now, and the next step keeps all.
    stepping(&world, |_| "mcp:admin");
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.asked_scopes()[2], "mcp:basic mcp:write mcp:admin");
    assert_eq!(world.log.of("as", "/register").len(), 1);
}

#[tokio::test]
async fn scopes_that_never_help_are_given_up() {
    let world = World::start().await;
    stepping(&world, |_| "mcp:basic");
    let oauth = world.client().build().unwrap();
    world.call(&oauth).await.unwrap();
    // From now on tokens never suffice.
    let url = world.metadata_url();
    world.guard(move |_| {
        let header = format!(
            "Bearer error=\"insufficient_scope\", scope=\"mcp:admin\", resource_metadata=\"{url}\", \
             error_description=\"Scope upgrade will never succeed\""
        );
        Some(status(403).with("www-authenticate", header))
    });
    let error = world.call(&oauth).await.unwrap_err();
    assert!(matches!(&*error, AuthError::ScopeRefused { scopes, attempts: 1 } if *scopes == ["mcp:admin"]));
    assert_eq!(error.to_string(), "the server still wants the scopes `mcp:admin` after 1 authorizations");
    assert_eq!(world.asked_scopes(), ["mcp:basic", "mcp:basic mcp:admin"]);
    // The same request does not bother the person again.
    world.call(&oauth).await.unwrap_err();
    assert_eq!(world.asked_scopes().len(), 2);
}

#[tokio::test]
async fn a_403_without_a_scope_challenge_stands() {
    let world = World::start().await;
    world.guard(|_| Some(status(403).with("www-authenticate", "Bearer error=\"invalid_request\"")));
    assert_eq!(world.call(&world.client().build().unwrap()).await.unwrap(), StatusCode::FORBIDDEN);
    assert_eq!(world.log.paths(), ["POST mcp/mcp"]);
}
