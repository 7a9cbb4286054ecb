//! Tokens that are bound to a key.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use mcp_core::auth::client::{AuthError, MemoryStore};
use serde_json::{Value, json};

use super::host::{Seen, json as ok, status};
use super::world::World;

/// The claims of a proof that is signed with the key it names, and the name of that key.
fn proof(seen: &Seen) -> Option<(Value, String)> {
    let proof = seen.header("dpop");
    let header = decode_header(proof).ok()?;
    let jwk = header.jwk.filter(|_| header.typ.as_deref() == Some("dpop+jwt"))?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    let claims = decode::<Value>(proof, &DecodingKey::from_jwk(&jwk).ok()?, &rules).ok()?.claims;
    Some((claims, jwk.thumbprint(ThumbprintHash::SHA256).ok()?))
}

/// Both servers check proofs; with `nonces` they want theirs in them.
fn bind(world: &World, nonces: bool) {
    world.provider.change(json!({ "dpop_signing_alg_values_supported": ["ES256"] }));
    let endpoint = format!("{}/token", world.provider.url);
    let mut count = 0;
    world.provider.on("/token", move |seen| {
        let Some((claims, key)) = proof(seen) else {
            return ok(&json!({ "error": "invalid_dpop_proof" })).status(400);
        };
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], endpoint);
        if nonces && claims["nonce"] != "as-nonce" {
            return ok(&json!({ "error": "use_dpop_nonce" })).status(400).with("dpop-nonce", "as-nonce");
        }
        count += 1;
        ok(&json!({ "access_token": format!("{key}.{count}"), "token_type": "DPoP", "refresh_token": "r" }))
    });
    let (url, server, mut count) = (world.metadata_url(), world.server.to_string(), 0);
    world.guard(move |seen| {
        let Some(token) = seen.header("authorization").strip_prefix("DPoP ") else {
            return Some(status(401).with("www-authenticate", format!("DPoP resource_metadata=\"{url}\"")));
        };
        let (claims, key) = proof(seen).expect("a proof");
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], server);
        assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
        assert!(token.starts_with(&key));
        count += 1;
        // The nonce changes now and then.
        let nonce = format!("rs-nonce-{}", count / 3);
        (nonces && claims["nonce"] != nonce).then(|| {
            let header = format!("DPoP error=\"use_dpop_nonce\", resource_metadata=\"{url}\"");
            status(401).with("www-authenticate", header).with("dpop-nonce", nonce)
        })
    });
}

fn check_fresh(world: &World) {
    let mut seen = world.log.of("mcp", "/mcp");
    seen.extend(world.log.of("as", "/token"));
    let proofs: Vec<_> = seen.iter().filter_map(proof).collect();
    let names: BTreeSet<_> = proofs.iter().map(|(claims, _)| claims["jti"].as_str().unwrap()).collect();
    assert_eq!(names.len(), proofs.len());
    let keys: BTreeSet<_> = proofs.iter().map(|(_, key)| key).collect();
    assert_eq!(keys.len(), 1);
    let asked = &world.log.of("as", "/authorize")[0];
    assert_eq!(Some(asked.query("dpop_jkt")), keys.first().map(|key| key.as_str()));
}

#[tokio::test]
async fn every_request_has_a_proof() {
    let world = World::start().await;
    bind(&world, false);
    let oauth = world.client().dpop().build().unwrap();
    for _ in 0..3 {
        assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    }
    assert_eq!(world.log.of("mcp", "/mcp").len(), 4);
    assert_eq!(world.log.of("as", "/token").len(), 1);
    assert_eq!(world.log.of("as", "/register")[0].json["dpop_bound_access_tokens"], true);
    check_fresh(&world);
}

#[tokio::test]
async fn both_servers_get_their_nonces() {
    let world = World::start().await;
    bind(&world, true);
    let oauth = world.client().dpop().build().unwrap();
    for _ in 0..5 {
        assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    }
    assert_eq!(world.log.of("as", "/token").len(), 2);
    assert_eq!(world.log.of("as", "/authorize").len(), 1);
    check_fresh(&world);
}

#[tokio::test]
async fn the_key_is_kept_with_its_tokens() {
    let world = World::start().await;
    bind(&world, false);
    let store = Arc::new(MemoryStore::new());
    for _ in 0..2 {
        let oauth = world.client().dpop().shared_store(store.clone()).build().unwrap();
        assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    }
    assert_eq!(world.log.of("as", "/token").len(), 1);
    check_fresh(&world);
}

#[tokio::test]
async fn a_token_that_is_not_bound_is_not_taken() {
    let world = World::start().await;
    let error = world.call(&world.client().dpop().build().unwrap()).await.unwrap_err();
    assert!(
        matches!(&*error, AuthError::TokenType { wanted: "DPoP", found, .. } if found == "Bearer"),
        "{error}"
    );

    world.provider.change(json!({ "dpop_signing_alg_values_supported": ["RS256"] }));
    let error = world.call(&world.client().dpop().build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::NoDpop { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_always_wants_another_nonce_is_left() {
    let world = World::start().await;
    bind(&world, false);
    world.guard(move |seen| {
        let header = "DPoP error=\"use_dpop_nonce\"";
        let nonce = format!("{}", seen.header("dpop").len());
        let fresh =
            format!("{nonce}-{}", &seen.header("dpop")[seen.header("dpop").len().saturating_sub(8)..]);
        Some(status(401).with("www-authenticate", header).with("dpop-nonce", fresh))
    });
    assert!(world.call(&world.client().dpop().build().unwrap()).await.is_ok_and(|status| status == 401));
}
