//! What the server says about itself.

use http::StatusCode;
use mcp_authority::{Authority, BuildError, Client, Person};
use serde_json::json;

use super::world::{ISSUER, World, builder};

#[tokio::test]
async fn the_document_is_the_same_at_every_place_it_may_be_looked_for() {
    let world = World::start().await;
    let document = world.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.header("access-control-allow-origin"), "*");
    assert_eq!(world.get("/.well-known/openid-configuration").await.body, document.body);
    insta::assert_json_snapshot!(document.json());
}

#[tokio::test]
async fn what_is_switched_off_is_not_offered() {
    let world = World::of(builder().registration(false).public_clients(false)).await;
    let document = world.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(document.get("registration_endpoint"), None);
    assert!(!document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none")));
    assert_eq!(
        world.register(&json!({ "redirect_uris": ["https://a.example/"] })).await.status,
        StatusCode::NOT_FOUND
    );
    let page = world.authorize(&[]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("without a secret or a key"), "{}", page.body);
}

#[tokio::test]
async fn an_issuer_may_have_a_path() {
    let tenant = Authority::builder(format!("{ISSUER}/tenant/"))
        .resource("https://mcp.example/mcp")
        .client(Client::public("app").redirect("https://app.example/cb"))
        .development(Person::new("acme", "ada"));
    let world = World::of(tenant).await;
    for path in [
        "/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
    ] {
        let document = world.get(path).await;
        assert_eq!(document.status, StatusCode::OK, "{path}");
        assert_eq!(document.json()["issuer"], format!("{ISSUER}/tenant"));
        assert_eq!(document.json()["token_endpoint"], format!("{ISSUER}/tenant/token"));
    }
    for path in ["/.well-known/oauth-authorization-server", "/token", "/tenant", "/tenantx/jwks", "/"] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.get("/tenant/jwks").await.status, StatusCode::OK);
    let page = world.get(&format!("/tenant/authorize?{}", super::world::query(&[]))).await;
    assert!(page.header("set-cookie").contains("Path=/tenant;"), "{:?}", page.headers);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_reason() {
    let check = async |builder: mcp_authority::AuthorityBuilder, expect: &str| {
        let error: BuildError = builder.build().await.unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
    };
    let with = |issuer: &str| Authority::builder(issuer).resource("https://mcp.example/mcp");
    check(with("http://as.example"), "`http` is for 127.0.0.1").await;
    check(with("as.example"), "it is not a URL").await;
    check(with("https://as.example?x"), "query").await;
    check(with("https://AS.example"), "normal form").await;
    check(Authority::builder("https://as.example"), "no resource was named").await;
    check(with("https://as.example").resource("/mcp"), "`/mcp`").await;
    check(with("https://as.example").scope("a b", "x"), "`a b`").await;
    check(with("https://as.example").client(Client::public("a b")), "printable ASCII").await;
    check(with("https://as.example").client(Client::confidential("a", &"short".into())), "16 characters")
        .await;
    check(with("https://as.example").client(Client::public("a").redirect("http://a.example")), "127.0.0.1")
        .await;
    check(
        with("https://as.example").client(Client::public("a").acts_as(Person::new("o", "u"))),
        "act for itself",
    )
    .await;
    check(with("https://as.example").client(Client::public("a").scopes(["x"])), "does not know").await;
    check(with("https://as.example").client(Client::public("a")).client(Client::public("a")), "two").await;
}

#[tokio::test]
async fn methods_and_preflights() {
    let world = World::start().await;
    for (path, method) in super::world::ENDPOINTS {
        let other = if method == http::Method::GET { http::Method::DELETE } else { http::Method::GET };
        let request = http::Request::builder().method(other).uri(path).body(Default::default()).unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.header("allow"), method.as_str());
        let preflight = http::Request::options(path).body(Default::default()).unwrap();
        let open = world.send(preflight).await.header("access-control-allow-origin") == "*";
        assert_eq!(open, !["/authorize", "/consent"].contains(&path), "{path}");
    }
    let head = http::Request::head("/jwks").body(Default::default()).unwrap();
    let head = world.send(head).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
}
