//! What people see, and who may answer for them.

use http::{HeaderMap, StatusCode};
use mcp_authority::people::Table;
use mcp_authority::{Authority, Client, Person};

use super::world::{Answer, ISSUER, REDIRECT, RESOURCE, World, claims};

fn people() -> mcp_authority::AuthorityBuilder {
    let hash = Table::hash(&"lovelace".into()).unwrap();
    let ada = Person::new("acme", "ada").role("admin").scopes(["tools:read"]);
    let bob = Person::new("acme", "bob").scopes([]);
    let table = Table::new().unwrap().person("ada", &hash, ada).unwrap().person("bob", &hash, bob).unwrap();
    Authority::builder(ISSUER)
        .resource(RESOURCE)
        .default_scope("tools:read", "See the <tools>")
        .scope("tools:call", "Call the tools")
        .client(Client::public("app").name("The <b>app</b> & \"more\"").redirect(REDIRECT))
        .people(table)
}

/// Answers the page, with these fields instead of the right ones, and this cookie.
async fn answer(
    world: &World,
    page: &Answer,
    changed: &[(&str, &str)],
    cookie: &str,
    origin: &str,
) -> Answer {
    let ticket = page.field("request");
    let mut fields =
        vec![("request", &*ticket), ("decision", "allow"), ("login", "ada"), ("password", "lovelace")];
    fields.retain(|(name, _)| !changed.iter().any(|(changed, _)| changed == name));
    fields.extend(changed.iter().copied().filter(|(_, value)| !value.is_empty()));
    world.post_with("/consent", &fields, &[("cookie", cookie), ("origin", origin)]).await
}

fn cookie(page: &Answer) -> String {
    page.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn is_guarded(headers: &HeaderMap) {
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "style-src 'sha256-",
    ] {
        assert!(
            text("content-security-policy").contains(part),
            "{part}: {}",
            text("content-security-policy")
        );
    }
    assert!(!text("content-security-policy").contains("unsafe"));
    assert_eq!(text("x-frame-options"), "DENY");
    assert_eq!(text("x-content-type-options"), "nosniff");
    assert_eq!(text("cache-control"), "no-store");
}

#[tokio::test]
async fn the_page_says_who_asks_for_what() {
    let world = World::of(people()).await;
    let page = world.authorize(&[("scope", "tools:read tools:call")]).await;
    is_guarded(&page.headers);
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    let body = page.body.replace(&page.field("request"), "TICKET");
    let body = body.split_once("</head>").unwrap().1;
    insta::assert_snapshot!(body);
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example;"));
}

#[tokio::test]
async fn who_knows_the_password_allows_what_they_may() {
    let world = World::of(people()).await;
    let page = world.authorize(&[("scope", "tools:read tools:call")]).await;
    let back = answer(&world, &page, &[], &cookie(&page), ISSUER).await;
    let tokens = world.exchange(&back.sent("code").unwrap(), &[]).await;
    assert_eq!(tokens.json()["scope"], "tools:read");
    assert_eq!(claims(tokens.json()["access_token"].as_str().unwrap())["userId"], "ada");
    let bob = answer(&world, &page, &[("login", "bob")], &cookie(&page), ISSUER).await;
    assert_eq!(bob.sent("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn who_does_not_is_asked_again_and_not_for_ever() {
    let world = World::of(people()).await;
    let page = world.authorize(&[]).await;
    let mut again = answer(&world, &page, &[("password", "Lovelace")], &cookie(&page), ISSUER).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.body.contains("Name or password is wrong."));
    is_guarded(&again.headers);
    for _ in 1..10 {
        again = answer(&world, &again, &[("password", "Lovelace")], &cookie(&page), ISSUER).await;
        assert_eq!(again.status, StatusCode::FORBIDDEN);
    }
    let late = answer(&world, &again, &[], &cookie(&page), ISSUER).await;
    assert_eq!((late.status, late.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "300"));
    assert_eq!(world.suspicious().len(), 11);
    world.pass(300);
    assert_eq!(answer(&world, &again, &[], &cookie(&page), ISSUER).await.status, StatusCode::SEE_OTHER);
    // Who leaves a field empty has not guessed.
    for changed in [("password", ""), ("login", "")] {
        assert_eq!(
            answer(&world, &page, &[changed], &cookie(&page), ISSUER).await.status,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn nobody_answers_for_another_browser_or_from_another_site() {
    let world = World::start().await;
    let page = world.authorize(&[]).await;
    let (ours, other) = (cookie(&page), cookie(&world.authorize(&[]).await));
    assert_ne!(ours, other);
    let ticket = page.field("request");
    let other_end = if ticket.ends_with('A') { "E" } else { "A" };
    let forged = format!("{}{other_end}", &ticket[..ticket.len() - 1]);
    for (changed, cookie, origin, expect) in [
        (("", ""), &*other, ISSUER, StatusCode::BAD_REQUEST),
        (("", ""), "", ISSUER, StatusCode::BAD_REQUEST),
        (("", ""), "mcp_authority=", ISSUER, StatusCode::BAD_REQUEST),
        (("", ""), &*ours, "https://evil.example", StatusCode::FORBIDDEN),
        (("", ""), &*ours, "null", StatusCode::FORBIDDEN),
        (("request", ""), &*ours, ISSUER, StatusCode::BAD_REQUEST),
        (("request", &*forged), &*ours, ISSUER, StatusCode::BAD_REQUEST),
        (("decision", ""), &*ours, ISSUER, StatusCode::BAD_REQUEST),
        (("decision", "maybe"), &*ours, ISSUER, StatusCode::BAD_REQUEST),
    ] {
        let changed = if changed.0.is_empty() { vec![] } else { vec![changed] };
        let refused = answer(&world, &page, &changed, cookie, origin).await;
        assert_eq!(refused.status, expect, "{changed:?} {cookie} {origin}: {}", refused.body);
        assert_eq!(refused.header("location"), "");
        is_guarded(&refused.headers);
    }
    world.pass(599);
    assert_eq!(answer(&world, &page, &[], &ours, ISSUER).await.status, StatusCode::SEE_OTHER);
    world.pass(1);
    assert_eq!(answer(&world, &page, &[], &ours, ISSUER).await.status, StatusCode::BAD_REQUEST);
    // Two questions in one browser do not disturb each other.
    let request =
        http::Request::get(format!("/authorize?{}", super::world::query(&[]))).header("cookie", &ours);
    let second = world.send(request.body(Default::default()).unwrap()).await;
    assert_eq!(second.header("set-cookie"), "");
    assert_eq!(answer(&world, &second, &[], &ours, ISSUER).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn development_says_so() {
    let world = World::start().await;
    let page = world.authorize(&[]).await;
    assert!(page.body.contains("Development mode.") && !page.body.contains("type=\"password\""));
}

#[tokio::test]
async fn errors_are_text_not_html() {
    let world = World::start().await;
    let page = world.authorize(&[("client_id", "<script>alert(1)</script>")]).await;
    assert!(!page.body.contains("<script") && page.status == StatusCode::BAD_REQUEST);
    is_guarded(&page.headers);
}

#[tokio::test]
async fn nobody_can_log_in_where_there_are_no_people() {
    let none = Authority::builder(ISSUER).resource(RESOURCE).client(Client::public("app").redirect(REDIRECT));
    let world = World::of(none).await;
    let page = world.authorize(&[]).await;
    assert_eq!(answer(&world, &page, &[], &cookie(&page), ISSUER).await.status, StatusCode::FORBIDDEN);
}
