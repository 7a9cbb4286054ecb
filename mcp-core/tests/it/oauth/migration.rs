//! The server moves to another authorization server.

use hyper::StatusCode;
use mcp_core::auth::client::{AuthError, Registered};
use serde_json::json;

use super::world::{Provider, World, challenge};

/// Takes only tokens of `provider` from now on, and says so.
fn move_to(world: &World, provider: &Provider) {
    world.publish(
        "/.well-known/oauth-protected-resource/mcp",
        json!({ "authorization_servers": [provider.url] }),
    );
    let (issued, url) = (provider.issued.clone(), world.metadata_url());
    world.guard(move |seen| {
        let token = seen.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let header = format!("Bearer resource_metadata=\"{url}\"");
        (!issued.lock().contains_key(token)).then(|| challenge(header))
    });
}

#[tokio::test]
async fn each_authorization_server_has_its_own_registration() {
    let world = World::start().await;
    let other = Provider::start("as2", &world.log).await;
    let oauth = world.client().build().unwrap();
    world.call(&oauth).await.unwrap();
    move_to(&world, &other);
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.log.of("as2", "/register").len(), 1);
    let tokens = world.log.of("as2", "/token");
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    assert_eq!(tokens[0].form("grant_type"), "authorization_code");
    assert_eq!(tokens[0].form("client_id"), "as2-client-1");
    // Back again: the first registration is still good there.
    world.provider.issued.lock().clear();
    move_to(&world, &world.provider);
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert_eq!(world.log.of("as", "/register").len(), 1);
    assert_eq!(world.log.of("as", "/token").last().unwrap().form("client_id"), "as-client-1");
    for seen in world.log.of("as2", "/token").iter().chain(&world.log.of("as2", "/authorize")) {
        assert!(!format!("{seen:?}").contains("as-"), "{seen:?}");
    }
}

#[tokio::test]
async fn credentials_that_were_given_stay_where_they_belong() {
    for bound in [true, false] {
        let world = World::start().await;
        let other = Provider::start("as2", &world.log).await;
        let mut registered = Registered::with_secret("me", "hunter2");
        if bound {
            registered = registered.at(world.provider.url.clone());
        }
        let oauth = world.client().registered(registered).build().unwrap();
        world.call(&oauth).await.unwrap();
        move_to(&world, &other);
        let error = world.call(&oauth).await.unwrap_err();
        let AuthError::IssuerChanged { registered, found } = &*error else { panic!("{error:?}") };
        assert_eq!((registered, found), (&world.provider.url, &other.url));
        assert!(world.log.of("as2", "/token").is_empty() && world.log.of("as2", "/authorize").is_empty());
    }
}

#[tokio::test]
async fn of_several_servers_the_one_that_knows_us_is_taken() {
    let world = World::start().await;
    let other = Provider::start("as2", &world.log).await;
    let both = json!({ "authorization_servers": [other.url, world.provider.url] });
    world.publish("/.well-known/oauth-protected-resource/mcp", both);
    let registered = Registered::public("me").at(world.provider.url.clone());
    let oauth = world.client().registered(registered).build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    assert!(world.log.paths().iter().all(|path| !path.contains("as2")));
}
