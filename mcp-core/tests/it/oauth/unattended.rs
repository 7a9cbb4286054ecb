//! Grants without a person.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use mcp_core::auth::client::{AuthError, Enterprise, OAuth, Registered, Secret, SigningKey};
use serde_json::{Value, json};
use url::Url;

use super::host::json as ok;
use super::world::{Provider, World};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn unattended(world: &World) -> mcp_core::auth::client::OAuthBuilder {
    OAuth::builder(world.server.clone())
}

#[tokio::test]
async fn a_client_acts_for_itself_with_a_secret() {
    let world = World::start().await;
    world.provider.change(json!({
        "grant_types_supported": ["client_credentials"], "authorization_endpoint": null,
        "token_endpoint_auth_methods_supported": ["client_secret_basic"], "code_challenge_methods_supported": null,
    }));
    world.publish("/.well-known/oauth-protected-resource/mcp", json!({ "scopes_supported": ["a", "b"] }));
    let oauth =
        unattended(&world).client_credentials(Registered::with_secret("me", "hunter2")).build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    let token = &world.log.of("as", "/token")[0];
    assert_eq!(token.header("authorization"), "Basic bWU6aHVudGVyMg==");
    let fields: Vec<_> = token.form.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        fields,
        [("grant_type", "client_credentials"), ("resource", world.server.as_str()), ("scope", "a b")]
    );
}

#[tokio::test]
async fn a_client_acts_for_itself_with_a_key() {
    let world = World::start().await;
    world.provider.change(json!({
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    }));
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----");
    let key = SigningKey::from_pem(&pem).unwrap().algorithm("ES256").unwrap();
    let oauth = unattended(&world).client_credentials(Registered::with_key("me", key)).build().unwrap();
    assert_eq!(world.call(&oauth).await.unwrap(), StatusCode::OK);
    let token = &world.log.of("as", "/token")[0];
    assert_eq!(token.form("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert!(!token.form.contains_key("client_id"));
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[&world.provider.url]);
    rules.set_issuer(&["me"]);
    rules.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
    let public = DecodingKey::from_ec_der(pair.public_key().as_ref());
    let read = decode::<Value>(token.form("client_assertion"), &public, &rules).unwrap();
    assert_eq!(read.claims["sub"], "me");
    assert!(pair.public_key().as_der().is_ok());
}

#[tokio::test]
async fn a_grant_that_the_server_does_not_know_is_not_tried() {
    let world = World::start().await;
    let oauth =
        unattended(&world).client_credentials(Registered::with_secret("me", "hunter2")).build().unwrap();
    let error = world.call(&oauth).await.unwrap_err();
    assert!(matches!(&*error, AuthError::GrantUnsupported { grant: "client_credentials", .. }), "{error}");
    assert!(world.log.of("as", "/token").is_empty());
    // Nobody is there to be asked.
    let error = world.call(&unattended(&world).build().unwrap()).await.unwrap_err();
    assert!(matches!(&*error, AuthError::NoConsent));
}

#[tokio::test]
async fn an_identity_provider_vouches_for_a_person() {
    for by_issuer in [true, false] {
        let world = World::start().await;
        let idp = Provider::start("idp", &world.log).await;
        idp.on("/token", |_| {
            ok(&json!({
                "access_token": "the-jag", "token_type": "N_A",
                "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
            }))
        });
        world.provider.change(json!({
            "grant_types_supported": [JWT_BEARER], "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }));
        let (me, identity) = (Registered::public("me-at-idp"), Secret::new("the-id-token"));
        let enterprise = if by_issuer {
            Enterprise::at_issuer(idp.url.clone(), me, identity)
        } else {
            Enterprise::at_endpoint(Url::parse(&format!("{}/token", idp.url)).unwrap(), me, identity)
        };
        let oauth =
            unattended(&world).enterprise(enterprise).registered(Registered::with_secret("me", "hunter2"));
        assert_eq!(world.call(&oauth.build().unwrap()).await.unwrap(), StatusCode::OK);
        let exchange = &world.log.of("idp", "/token")[0];
        for (name, value) in [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"),
            ("audience", &*world.provider.url),
            ("resource", world.server.as_str()),
            ("subject_token", "the-id-token"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("client_id", "me-at-idp"),
        ] {
            assert_eq!(exchange.form(name), value, "{name}");
        }
        let token = &world.log.of("as", "/token")[0];
        assert_eq!(token.header("authorization"), "Basic bWU6aHVudGVyMg==");
        assert_eq!((token.form("grant_type"), token.form("assertion")), (JWT_BEARER, "the-jag"));
    }
}

#[tokio::test]
async fn what_is_no_grant_is_not_passed_on() {
    let world = World::start().await;
    let idp = Provider::start("idp", &world.log).await;
    world.provider.change(json!({ "grant_types_supported": [JWT_BEARER] }));
    let enterprise = Enterprise::at_issuer(idp.url.clone(), Registered::public("me"), Secret::new("id"));
    let oauth =
        unattended(&world).enterprise(enterprise).registered(Registered::public("me")).build().unwrap();
    let error = world.call(&oauth).await.unwrap_err();
    assert!(matches!(&*error, AuthError::TokenType { .. }), "{error}");
    idp.refuse(400, "invalid_grant");
    let error = world.call(&oauth).await.unwrap_err();
    assert!(error.is_refused_with("invalid_grant"), "{error}");
    assert!(world.log.of("as", "/token").is_empty());
}

#[tokio::test]
async fn a_workload_shows_what_its_platform_says() {
    for registered in [None, Some(Registered::public("workload"))] {
        let world = World::start().await;
        world
            .provider
            .change(json!({ "grant_types_supported": [JWT_BEARER], "registration_endpoint": null }));
        // A fresh one for each audience.
        let mut builder = unattended(&world)
            .workload(async |audience: String| Ok(Secret::new(format!("jwt-for-{audience}"))));
        let id = registered.as_ref().map_or("", |_| "workload");
        if let Some(registered) = registered {
            builder = builder.registered(registered);
        }
        assert_eq!(world.call(&builder.build().unwrap()).await.unwrap(), StatusCode::OK);
        let token = &world.log.of("as", "/token")[0];
        assert_eq!(token.form("grant_type"), JWT_BEARER);
        assert_eq!(token.form("assertion"), format!("jwt-for-{}", world.provider.url));
        assert_eq!(token.form("client_id"), id);
        assert_eq!(token.header("authorization"), "");
    }
}

#[tokio::test]
async fn a_workload_that_is_refused_does_not_try_again() {
    for error in ["invalid_grant", "invalid_scope", "unauthorized_client", "invalid_client"] {
        let world = World::start().await;
        world.provider.change(json!({ "grant_types_supported": [JWT_BEARER] }));
        world.provider.refuse(400, error);
        let oauth = unattended(&world).workload(Secret::new("jwt")).registered(Registered::public("w"));
        let found = world.call(&oauth.build().unwrap()).await.unwrap_err();
        assert!(found.is_refused_with(error), "{found}");
        assert_eq!(world.grants(), [JWT_BEARER]);
    }
}
