//! Signing keys change, and tokens stay good.

use std::sync::Arc;

use http::StatusCode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use mcp_authority::store::MemoryStore;
use mcp_authority::{Algorithm, Event};
use serde_json::Value;

use super::world::{RESOURCE, World, builder};

/// Verifies as a resource server does: by the published key that the token names.
async fn verified(world: &World, token: &str) -> bool {
    let set: JwkSet = serde_json::from_str(&world.get("/jwks").await.body).unwrap();
    let header = decode_header(token).unwrap();
    let Some(key) = set.find(header.kid.as_deref().unwrap()) else { return false };
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[RESOURCE]);
    rules.validate_exp = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).is_ok()
}

async fn count(world: &World) -> usize {
    world.get("/jwks").await.json()["keys"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_new_key_signs_and_the_old_one_stays_while_its_tokens_live() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let world = World::of(builder().algorithm(algorithm)).await;
        let (old, _) = world.tokens().await;
        assert!(verified(&world, &old).await);
        world.authority.rotate_key().await.unwrap();
        let (new, _) = world.tokens().await;
        assert_ne!(decode_header(&old).unwrap().kid, decode_header(&new).unwrap().kid);
        assert!(verified(&world, &old).await && verified(&world, &new).await);
        assert_eq!(world.introspect(&old).await["active"], true);
        assert_eq!(count(&world).await, 2);
        // Ten minutes for the last token, five for clocks.
        world.pass(901);
        assert_eq!(count(&world).await, 1);
        assert!(!verified(&world, &old).await && verified(&world, &new).await);
    }
}

#[tokio::test]
async fn keys_are_replaced_with_age_and_no_private_part_is_published() {
    let world = World::start().await;
    let before = world.get("/jwks").await.json();
    world.pass(30 * 24 * 3600);
    world.tokens().await;
    let after = world.get("/jwks").await.json();
    assert_ne!(before["keys"][0]["kid"], after["keys"][0]["kid"]);
    assert!(world.events.lock().iter().any(|event| matches!(event, Event::KeyRotated { .. })));
    for key in after["keys"].as_array().unwrap() {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["crv", "kty", "x", "y", "kid", "alg", "use"]);
    }
}

#[tokio::test]
async fn keys_outlive_the_process_and_another_algorithm_takes_over() {
    let store = Arc::new(MemoryStore::new());
    let world = World::of(builder().shared_store(store.clone())).await;
    let (token, _) = world.tokens().await;
    let again = World::of(builder().shared_store(store.clone())).await;
    assert!(verified(&again, &token).await);
    assert_eq!(count(&again).await, 1);
    let other = World::of(builder().shared_store(store).algorithm(Algorithm::EdDsa)).await;
    assert!(verified(&other, &token).await);
    assert_eq!(decode_header(&other.tokens().await.0).unwrap().alg, jsonwebtoken::Algorithm::EdDSA);
    assert_eq!(other.get("/jwks").await.status, StatusCode::OK);
}
