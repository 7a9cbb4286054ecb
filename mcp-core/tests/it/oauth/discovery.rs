//! Finding out who issues tokens.

use hyper::StatusCode;
use mcp_core::auth::client::AuthError;
use serde_json::{Value, json};

use super::host::{json as ok, status};
use super::world::{World, challenge};

/// Moves metadata around, and says which paths were asked.
async fn paths(resource: &str, in_header: bool, server: &str, tenant: &str) -> Vec<String> {
    let world = World::start().await;
    let issuer = format!("{}{tenant}", world.provider.url);
    let root = resource == "/.well-known/oauth-protected-resource";
    let id = if root { world.server.join("/").unwrap() } else { world.server.clone() };
    world.publish(resource, json!({ "authorization_servers": [issuer], "resource": id.as_str() }));
    world.provider.change(json!({ "issuer": issuer }));
    let metadata = world.provider.metadata.clone();
    world.provider.on("/.well-known/oauth-authorization-server", |_| status(404));
    world.provider.on(server, move |_| ok(&metadata.lock()));
    let header = format!("Bearer resource_metadata=\"{}\"", world.server.join(resource).unwrap());
    let (issued, header) = (world.provider.issued.clone(), if in_header { header } else { "Bearer".into() });
    world.guard(move |_| issued.lock().is_empty().then(|| challenge(header.clone())));
    assert_eq!(world.call(&world.client().build().unwrap()).await.unwrap(), StatusCode::OK);
    let paths =
        world.log.paths().into_iter().filter(|path| path.starts_with("GET") && !path.contains("/authorize"));
    paths.map(|path| path.replace("oauth-protected-resource", "R").replace(".well-known/", "")).collect()
}

#[tokio::test]
async fn metadata_is_found_where_it_may_be() {
    let (path, root) = ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource");
    let oauth = "/.well-known/oauth-authorization-server";
    assert_eq!(paths(path, true, oauth, "").await, ["GET mcp/R/mcp", "GET as/oauth-authorization-server"]);
    assert_eq!(
        paths(path, false, "/.well-known/openid-configuration", "").await,
        ["GET mcp/R/mcp", "GET as/oauth-authorization-server", "GET as/openid-configuration"]
    );
    let tenant = "/.well-known/oauth-authorization-server/tenant1";
    assert_eq!(
        paths(root, false, tenant, "/tenant1").await,
        ["GET mcp/R/mcp", "GET mcp/R", "GET as/oauth-authorization-server/tenant1"]
    );
    assert_eq!(
        paths("/custom/metadata.json", true, "/tenant1/.well-known/openid-configuration", "/tenant1").await,
        [
            "GET mcp/custom/metadata.json",
            "GET as/oauth-authorization-server/tenant1",
            "GET as/openid-configuration/tenant1",
            "GET as/tenant1/openid-configuration",
        ]
    );
}

/// How an authorization fails, without anybody being asked.
async fn failure(change: impl FnOnce(&World)) -> String {
    let world = World::start().await;
    change(&world);
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert!(world.log.of("as", "/authorize").is_empty() && world.log.of("as", "/register").is_empty());
    let (server, issuer) = (world.server.origin().ascii_serialization(), &world.provider.url);
    error.to_string().replace(&server, "SERVER").replace(issuer, "ISSUER")
}

fn publish(fields: Value) -> impl FnOnce(&World) {
    move |world| world.publish("/.well-known/oauth-protected-resource/mcp", fields)
}

#[tokio::test]
async fn metadata_of_others_is_refused() {
    let at = "SERVER/.well-known/oauth-protected-resource/mcp";
    let found = failure(publish(json!({ "resource": "https://evil.example.com/mcp" }))).await;
    assert_eq!(
        found,
        format!(
            "the metadata at `{at}` is for the resource `https://evil.example.com/mcp`, not for `SERVER/mcp`: \
             do not connect, or mend its `resource`"
        )
    );
    let found = failure(|world| world.provider.change(json!({ "issuer": "https://evil.example.com" }))).await;
    assert_eq!(
        found,
        "the metadata at `ISSUER/.well-known/oauth-authorization-server` is of the issuer \
         `https://evil.example.com`, not of `ISSUER`"
    );
    let slash =
        |world: &World| world.provider.change(json!({ "issuer": format!("{}/", world.provider.url) }));
    assert_eq!(
        failure(slash).await,
        "the metadata at `ISSUER/.well-known/oauth-authorization-server` is of the issuer `ISSUER/`, not of `ISSUER`"
    );
}

#[tokio::test]
async fn broken_metadata_is_named() {
    let at = "SERVER/.well-known/oauth-protected-resource/mcp";
    let found = failure(publish(json!({ "authorization_servers": [] }))).await;
    assert_eq!(found, format!("the metadata at `{at}` names no server in `authorization_servers`"));
    let found = failure(publish(json!({ "resource": 1 }))).await;
    assert_eq!(found, format!("the protected resource metadata at `{at}` is not valid"));
    let found = failure(publish(json!({ "authorization_servers": ["http://as.example.com"] }))).await;
    assert_eq!(found, "the issuer `http://as.example.com` is not used: it is not `https`");
    let found = failure(|world| world.documents.lock().clear()).await;
    assert_eq!(found, format!("the protected resource metadata answered 404 Not Found at `{at}`"));
    let found = failure(|world| {
        world.provider.on("/.well-known/oauth-authorization-server", |_| status(404));
    });
    assert_eq!(found.await, "the authorization server `ISSUER` has no metadata at its well-known URLs");
    let found = failure(|world| {
        world.provider.on("/.well-known/oauth-authorization-server", |_| status(503));
    });
    assert_eq!(
        found.await,
        "the authorization server metadata answered 503 Service Unavailable at \
         `ISSUER/.well-known/oauth-authorization-server`"
    );
    for field in ["authorization_endpoint", "registration_endpoint"] {
        let url = "http://10.0.0.1/x";
        let found = failure(|world| world.provider.change(json!({ (field): url }))).await;
        assert_eq!(found, format!("{field} `{url}` is not used: it is not `https`"));
    }
    let huge = "x".repeat(300_000);
    let found = failure(|world| world.provider.change(json!({ "more": huge }))).await;
    assert_eq!(found, "the authorization server metadata could not be asked");
}

#[tokio::test]
async fn a_token_endpoint_without_tls_gets_no_code() {
    let world = World::start().await;
    world.provider.change(json!({ "token_endpoint": "http://10.0.0.1/token" }));
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::Url { what: "token_endpoint", .. }), "{error}");
}

#[tokio::test]
async fn servers_of_2025_03_26_are_their_own_authorization_servers() {
    // Metadata at the root, endpoints elsewhere.
    let world = World::start().await;
    let origin = world.server.origin().ascii_serialization();
    let metadata = json!({
        "issuer": origin, "authorization_endpoint": format!("{}/authorize", world.provider.url),
        "token_endpoint": format!("{}/token", world.provider.url),
        "registration_endpoint": format!("{}/register", world.provider.url),
        "code_challenge_methods_supported": ["S256"],
    });
    *world.documents.lock() = [("/.well-known/oauth-authorization-server".to_owned(), metadata)].into();
    let issued = world.provider.issued.clone();
    world.guard(move |_| issued.lock().is_empty().then(|| status(401)));
    world.provider.on("/authorize", |seen| {
        super::world::redirect(seen, &[("code", "the-code"), ("state", seen.query("state"))])
    });
    assert_eq!(world.call(&world.client().build().unwrap()).await.unwrap(), StatusCode::OK);
    assert_eq!(world.log.of("as", "/authorize")[0].query("resource"), world.server.as_str());

    // No metadata at all: the default endpoints, at the origin.
    let world = World::start().await;
    world.documents.lock().clear();
    world.guard(|_| Some(status(401)));
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    let paths = world.log.paths();
    assert_eq!(paths.last().map(String::as_str), Some("POST mcp/register"), "{error} {paths:?}");

    // Metadata of somebody else.
    let world = World::start().await;
    *world.documents.lock() =
        [("/.well-known/oauth-authorization-server".to_owned(), world.provider.metadata.lock().clone())]
            .into();
    world.guard(|_| Some(status(401)));
    let error = world.call(&world.client().build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::IssuerMismatch { .. }), "{error}");
}
