//! Refresh tokens are replaced with each use, and a stolen one ends the whole family.

use http::StatusCode;
use mcp_authority::Event;
use serde_json::json;

use super::world::{RESOURCE, World, both, builder, claims};

#[tokio::test]
async fn each_use_gives_the_next_one() {
    let world = World::start().await;
    let (first_access, mut refresh) = world.tokens().await;
    let mut seen = vec![refresh.clone()];
    for _ in 0..5 {
        world.pass(3600);
        let answer = world.refresh(&refresh).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let (access, next) = both(&answer);
        assert!(!seen.contains(&next));
        assert_eq!(claims(&access)["userId"], claims(&first_access)["userId"]);
        assert_eq!(claims(&access)["aud"], RESOURCE);
        seen.push(next.clone());
        refresh = next;
    }
    assert!(world.suspicious().is_empty());
}

#[tokio::test]
async fn an_old_token_ends_the_family_and_raises_an_event() {
    let world = World::start().await;
    let (_, stolen) = world.tokens().await;
    let (_, other) = world.tokens().await;
    let (access, latest) = both(&world.refresh(&stolen).await);
    world.pass(10);
    let reuse = world.refresh(&stolen).await;
    assert_eq!((reuse.status, &*reuse.error()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    let events = world.events.lock().clone();
    let Some(Event::RefreshReused(holder)) = events.last() else { panic!("{events:?}") };
    assert_eq!((&*holder.client, &*holder.org, &*holder.user), ("app", "acme", "ada"));
    assert_eq!(world.refresh(&latest).await.error(), "invalid_grant");
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
    // What else the person allowed goes on.
    assert_eq!(world.refresh(&other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn overlapping_refreshes_both_get_tokens_that_work() {
    let world = World::start().await;
    let (_, refresh) = world.tokens().await;
    let (one, two) = tokio::join!(world.refresh(&refresh), world.refresh(&refresh));
    let (one, two) = (both(&one), both(&two));
    assert_ne!(one.1, two.1);
    world.pass(9);
    // A lost answer: the client tries again.
    let three = both(&world.refresh(&refresh).await);
    for (access, _) in [&one, &two, &three] {
        assert_eq!(world.introspect(access).await["active"], true);
    }
    for (_, refresh) in [one, two, three] {
        assert_eq!(world.refresh(&refresh).await.status, StatusCode::OK);
    }
    assert!(world.suspicious().is_empty());
}

#[tokio::test]
async fn grace_ends_when_a_successor_is_used() {
    let world = World::start().await;
    let (_, refresh) = world.tokens().await;
    let (_, next) = both(&world.refresh(&refresh).await);
    assert_eq!(world.refresh(&next).await.status, StatusCode::OK);
    assert_eq!(world.refresh(&refresh).await.error(), "invalid_grant");
    assert_eq!(world.suspicious(), ["RefreshReused"]);
}

#[tokio::test]
async fn without_grace_every_second_use_counts() {
    let world = World::of(builder().refresh_grace(std::time::Duration::ZERO)).await;
    let (_, refresh) = world.tokens().await;
    let (one, two) = tokio::join!(world.refresh(&refresh), world.refresh(&refresh));
    let mut both = [one.status, two.status];
    both.sort();
    assert_eq!(both, [StatusCode::OK, StatusCode::BAD_REQUEST]);
    assert_eq!(world.suspicious(), ["RefreshReused"]);
}

#[tokio::test]
async fn tokens_end_when_nobody_uses_them_and_grants_end_in_any_case() {
    const DAY: u64 = 24 * 3600;
    let world = World::start().await;
    let (_, refresh) = world.tokens().await;
    world.pass(30 * DAY);
    assert_eq!(world.refresh(&refresh).await.error(), "invalid_grant");
    let (_, mut refresh) = world.tokens().await;
    for _ in 0..8 {
        world.pass(20 * DAY);
        refresh = both(&world.refresh(&refresh).await).1;
    }
    world.pass(20 * DAY);
    assert_eq!(world.refresh(&refresh).await.error(), "invalid_grant");
    assert!(world.suspicious().is_empty());
}

#[tokio::test]
async fn a_token_is_for_its_client_its_resource_and_its_scopes() {
    let world = World::start().await;
    let code = world.code(&[("scope", "tools:read tools:call")]).await;
    let (_, refresh) = both(&world.exchange(&code, &[]).await);
    let send = async |changed: &[(&str, &str)]| {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
        fields.extend(changed);
        world.post("/token", &fields).await
    };
    assert_eq!(send(&[("client_id", "stranger")]).await.error(), "invalid_grant");
    assert_eq!(
        send(&[("client_id", "app"), ("resource", "https://other.example/mcp")]).await.error(),
        "invalid_target"
    );
    assert_eq!(send(&[("client_id", "app"), ("scope", "admin")]).await.error(), "invalid_scope");
    assert_eq!(world.suspicious(), ["TokenMisused"]);
    // Fewer scopes now do not mean fewer later.
    let narrow = send(&[("client_id", "app"), ("scope", "tools:read")]).await;
    assert_eq!(narrow.json()["scope"], "tools:read");
    let wide = world.refresh(&both(&narrow).1).await;
    assert_eq!(wide.json()["scope"], "tools:call tools:read");
}

#[tokio::test]
async fn an_operator_ends_everything_of_one_person() {
    let world = World::start().await;
    let (access, refresh) = world.tokens().await;
    assert_eq!(world.authority.revoke_person("other", "ada").await.unwrap(), 0);
    assert_eq!(world.introspect(&access).await["active"], true);
    assert_eq!(world.authority.revoke_person("acme", "ada").await.unwrap(), 1);
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
    assert_eq!(world.refresh(&refresh).await.error(), "invalid_grant");
}
