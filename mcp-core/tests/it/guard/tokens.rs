//! The matrix: every way in which a token can be wrong, and who a good one makes its bearer.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mcp_core::auth::server::{ClaimNames, Keys, Rejection, ResourceServer, Verifier};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Clock, ISSUER, NOW, RESOURCE, Signer, claims, guard, outcome, run, verifier};
use crate::support::client::Client;

async fn verdict(verifier: &Verifier, token: &str) -> String {
    match verifier.verify(token).await {
        Ok(principal) => format!("{}/{}", principal.org, principal.user),
        Err(rejection) => format!("{}: {rejection}", rejection.kind()),
    }
}

#[tokio::test]
async fn claims_are_checked_one_by_one() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let verifier = verifier(&signer, &clock).build();
    let cases: [(Value, &str); 29] = [
        (json!({}), "acme/ada"),
        (json!({ "userId": null }), "acme/u-1"),
        (json!({ "aud": ["https://other.example", RESOURCE] }), "acme/ada"),
        (json!({ "scope": null, "scp": ["a"] }), "acme/ada"),
        (json!({ "exp": NOW }), "acme/ada"),
        (json!({ "exp": NOW - 29 }), "acme/ada"),
        (json!({ "exp": NOW - 30 }), "expired: the credential has expired"),
        (json!({ "exp": (NOW - 3600) as f64 + 0.5 }), "expired: the credential has expired"),
        (json!({ "exp": null }), "invalid: the token has no `exp`"),
        (json!({ "exp": "soon" }), "malformed: the claim `exp` is no time"),
        (json!({ "exp": -1 }), "malformed: the claim `exp` is no time"),
        (json!({ "nbf": NOW + 30 }), "acme/ada"),
        (json!({ "nbf": NOW + 31 }), "invalid: the token is not good yet"),
        (json!({ "iat": NOW + 31 }), "invalid: the token is from the future"),
        (json!({ "iss": "https://evil.example" }), "invalid: the token is from another issuer"),
        (json!({ "iss": format!("{ISSUER}/") }), "invalid: the token is from another issuer"),
        (json!({ "iss": null }), "invalid: the token is from another issuer"),
        (json!({ "iss": [ISSUER] }), "invalid: the token is from another issuer"),
        (json!({ "aud": "https://other.example" }), "invalid: the token is for another audience"),
        (json!({ "aud": format!("{RESOURCE}/") }), "invalid: the token is for another audience"),
        (json!({ "aud": [] }), "invalid: the token is for another audience"),
        (json!({ "aud": null }), "invalid: the token is for another audience"),
        (json!({ "aud": { "0": RESOURCE } }), "invalid: the token is for another audience"),
        (json!({ "orgId": null }), "invalid: the token has no claim `orgId`"),
        (json!({ "orgId": "" }), "invalid: the token has no claim `orgId`"),
        (json!({ "orgId": 7 }), "malformed: the claim `orgId` is no string"),
        (json!({ "userId": null, "sub": null }), "invalid: the token has neither `userId` nor `sub`"),
        (json!({ "scope": 5 }), "malformed: the claim `scope` is no list of scopes"),
        (json!({ "cnf": { "jwk": {} } }), "invalid: the token is bound in a way that is not known here"),
    ];
    for (changes, expect) in cases {
        assert_eq!(verdict(&verifier, &signer.sign(&claims(changes.clone()))).await, expect, "{changes}");
    }
}

#[tokio::test]
async fn headers_and_signatures_are_checked() {
    let (signer, other, clock) = (Signer::new("k1"), Signer::new("k1"), Clock::new());
    let verifier = verifier(&signer, &clock).build();
    let good = signer.sign(&claims(json!({})));
    let header = |change: fn(&mut Header)| {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k1".into());
        change(&mut header);
        signer.sign_as(&header, &claims(json!({})))
    };
    // The public key, taken for a shared secret by whoever believes the token's own word on its algorithm.
    let confused = |secret: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("k1".into());
        encode(&header, &claims(json!({})), &EncodingKey::from_secret(secret)).unwrap()
    };
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    // A letter in the middle: in the last there are bits that stand for nothing.
    let (front, back) = good.split_at(good.len() - 40);
    let other_signature = format!("{front}{}{}", if back.starts_with('A') { 'B' } else { 'A' }, &back[1..]);
    let [_, body, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let with_header = |text: &str, signature: &str| format!("{}.{body}.{signature}", base64(text));
    let cases = [
        (good.clone(), "acme/ada"),
        (header(|header| header.typ = Some("JWT".into())), "acme/ada"),
        (header(|header| header.typ = None), "acme/ada"),
        (header(|header| header.kid = None), "acme/ada"),
        (header(|header| header.typ = Some("dpop+jwt".into())), "invalid: the token is of another kind"),
        (
            header(|header| header.kid = Some("k2".into())),
            "invalid: the token is signed with a key that its issuer does not publish",
        ),
        (other.sign(&claims(json!({}))), "invalid: the token's signature is wrong"),
        (other_signature, "invalid: the token's signature is wrong"),
        (
            confused(signer.pair.public_key_pem().as_bytes()),
            "invalid: the token is signed with a key that its issuer does not publish",
        ),
        (
            confused(signer.pair.public_key_raw()),
            "invalid: the token is signed with a key that its issuer does not publish",
        ),
        (with_header(r#"{"alg":"none","kid":"k1"}"#, ""), "invalid: the token's algorithm is not accepted"),
        (with_header(r#"{"alg":"NONE"}"#, signature), "invalid: the token's algorithm is not accepted"),
        (
            with_header(r#"{"alg":"ES384","kid":"k1"}"#, signature),
            "invalid: the token is signed with a key that its issuer does not publish",
        ),
        (
            with_header(r#"{"alg":"ES256","kid":"k1","crit":["x"]}"#, signature),
            "malformed: the token needs an extension that is not known here",
        ),
        (
            with_header(r#"{"alg":"ES256","kid":"k1","jku":"https://evil.example"}"#, signature),
            "invalid: the token's signature is wrong",
        ),
        (format!("{body}.{signature}"), "malformed: the token is no signed JSON web token"),
        (String::new(), "malformed: the token is no signed JSON web token"),
        ("...".into(), "malformed: the token is no signed JSON web token"),
        (format!("{good}.x"), "malformed: the token is no signed JSON web token"),
    ];
    for (token, expect) in cases {
        assert_eq!(verdict(&verifier, &token).await, expect, "{token}");
    }
}

#[tokio::test]
async fn each_kind_of_key_signs_and_weak_ones_do_not() {
    let secret = [7; 32];
    let shared = Verifier::builder(RESOURCE)
        .issuer(ISSUER, Keys::secret(&secret).unwrap())
        .clock(Clock::new().reading());
    let shared = shared.build();
    let sign =
        |algorithm, key: &EncodingKey| encode(&Header::new(algorithm), &claims(json!({})), key).unwrap();
    let key = EncodingKey::from_secret(&secret);
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(verdict(&shared, &sign(algorithm, &key)).await, "acme/ada");
    }
    assert!(
        verdict(&shared, &sign(Algorithm::HS256, &EncodingKey::from_secret(&[8; 32])))
            .await
            .starts_with("invalid")
    );
    assert_eq!(
        Keys::secret(b"hunter2").unwrap_err().to_string(),
        "the secret has 7 bytes; at least 32 are needed: `openssl rand -base64 32` makes some"
    );
    for (kind, algorithms) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, &[Algorithm::ES256][..]),
        (&rcgen::PKCS_ECDSA_P384_SHA384, &[Algorithm::ES384]),
        (&rcgen::PKCS_ED25519, &[Algorithm::EdDSA]),
        (&rcgen::PKCS_RSA_SHA256, &[Algorithm::RS256, Algorithm::PS512]),
    ] {
        let pair = rcgen::KeyPair::generate_for(kind).unwrap();
        let pem = pair.serialize_pem();
        let verifier = Verifier::builder(RESOURCE)
            .issuer(ISSUER, Keys::pem(&pair.public_key_pem()).unwrap())
            .clock(Clock::new().reading())
            .build();
        for algorithm in algorithms {
            let key = match algorithm {
                Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem.as_bytes()),
                Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
                _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
            };
            assert_eq!(
                verdict(&verifier, &sign(*algorithm, &key.unwrap())).await,
                "acme/ada",
                "{algorithm:?}"
            );
        }
        assert!(Keys::pem(&pem).is_err(), "a private key is no public key");
    }
    let octets = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }] });
    assert_eq!(
        Keys::jwks(&octets.to_string()).unwrap_err().to_string(),
        "no key of the set can verify signatures (RSA from 2048 bits, P-256, P-384, Ed25519)"
    );
    let for_encryption = {
        let mut jwk = Signer::new("k").jwk();
        jwk["use"] = "enc".into();
        json!({ "keys": [jwk] })
    };
    assert!(Keys::jwks(&for_encryption.to_string()).is_err());
    assert!(Keys::jwks("{}").is_err() && Keys::jwks("[").is_err() && Keys::pem("").is_err());
}

#[tokio::test]
async fn a_token_that_was_good_is_refused_when_its_time_is_over() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let verifier = verifier(&signer, &clock).build();
    let token = signer.sign(&claims(json!({})));
    assert_eq!(verdict(&verifier, &token).await, "acme/ada");
    clock.advance(329);
    assert_eq!(verdict(&verifier, &token).await, "acme/ada");
    let lookups = verifier.lookups();
    assert_eq!((lookups.known, lookups.anew), (1, 1));
    verifier.forget();
    assert_eq!(verdict(&verifier, &token).await, "acme/ada");
    assert_eq!(verifier.lookups().anew, 2);
    clock.advance(1);
    let rejection: Rejection = verifier.verify(&token).await.unwrap_err();
    assert_eq!(
        (rejection.kind(), rejection.org.as_deref(), rejection.user.as_deref()),
        ("expired", Some("acme"), Some("ada"))
    );
}

#[tokio::test]
async fn a_token_says_who_its_bearer_is() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let one = verifier(&signer, &clock).build();
    let principal = one.verify(&signer.sign(&claims(json!({ "scp": ["x"] })))).await.unwrap();
    assert_eq!((&*principal.issuer, &*principal.org, &*principal.user), (ISSUER, "acme", "ada"));
    assert_eq!((principal.role.as_deref(), principal.plan.as_deref()), (Some("editor"), Some("pro")));
    assert_eq!(
        principal.scopes.iter().map(String::as_str).collect::<Vec<_>>(),
        ["mcp:use", "notes:read", "x"]
    );
    let names = ClaimNames { org: "tenant".into(), user: "sub".into(), ..ClaimNames::default() };
    let other = verifier(&signer, &clock).claims(names).default_org("main").build();
    let principal = other.verify(&signer.sign(&claims(json!({ "role": null })))).await.unwrap();
    assert_eq!((&*principal.org, &*principal.user, principal.role.as_deref()), ("main", "u-1", None));
    let principal = other.verify(&signer.sign(&claims(json!({ "tenant": "t" })))).await.unwrap();
    assert_eq!(principal.org, "t");
}

#[tokio::test]
async fn over_http_the_challenge_says_what_to_do() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let guard: ResourceServer = guard().require_scope("mcp:use").accept(verifier(&signer, &clock).build());
    let running = run(guard).await;
    let mut client = Client::connect(running.address).await;
    let metadata = r#"resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp""#;
    let bearer = |changes: Value| format!("Bearer {}", signer.sign(&claims(changes)));
    assert_eq!(outcome(&mut client, &[("authorization", &bearer(json!({})))]).await, Ok("ada".into()));
    let cases = [
        (String::new(), 401, format!(r#"Bearer scope="mcp:use", {metadata}"#)),
        (
            bearer(json!({ "exp": NOW - 60 })),
            401,
            format!(
                r#"Bearer error="invalid_token", error_description="the credential has expired", scope="mcp:use", {metadata}"#
            ),
        ),
        (
            "Bearer a\"b".into(),
            401,
            format!(
                r#"Bearer error="invalid_token", error_description="credentials of this kind are not accepted here", scope="mcp:use", {metadata}"#
            ),
        ),
        (
            "Bearer nonsense".into(),
            401,
            format!(
                r#"Bearer error="invalid_token", error_description="credentials of this kind are not accepted here", scope="mcp:use", {metadata}"#
            ),
        ),
        (
            "Basic dTpw".into(),
            401,
            format!(
                r#"Bearer error="invalid_token", error_description="credentials of this kind are not accepted here", scope="mcp:use", {metadata}"#
            ),
        ),
        (
            bearer(json!({ "scope": "notes:read" })),
            403,
            format!(
                r#"Bearer error="insufficient_scope", error_description="this needs the scope 'mcp:use'", scope="mcp:use", {metadata}"#
            ),
        ),
    ];
    for (authorization, status, challenge) in cases {
        let expect = Err((status, challenge.replace("the scope 'mcp:use'", "the scope `mcp:use`")));
        let headers = [("authorization", authorization.as_str())];
        let headers = if authorization.is_empty() { &headers[..0] } else { &headers[..] };
        assert_eq!(outcome(&mut client, headers).await, expect, "{authorization}");
    }
    running.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    /// Whatever stands between the dots: no panic, and never a caller.
    #[test]
    fn no_rubbish_is_a_token(header in ".{0,60}", body in ".{0,60}", signature in "[A-Za-z0-9_-]{0,90}", raw in any::<bool>()) {
        use base64::Engine as _;
        let part = |text: &str| if raw { text.to_owned() } else { base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text) };
        let token = format!("{}.{}.{signature}", part(&header), part(&body));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let verifier = Verifier::builder(RESOURCE).issuer(ISSUER, Keys::secret(&[1; 32]).unwrap()).build();
        prop_assert!(runtime.block_on(verifier.verify(&token)).is_err());
    }

    /// One changed byte anywhere makes it another token.
    #[test]
    fn no_changed_byte_goes_unnoticed(at in 0usize..400, byte in 0x21u8..0x7f) {
        let claims = claims(json!({}));
        let token = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&[1; 32])).unwrap();
        let verifier = Verifier::builder(RESOURCE).issuer(ISSUER, Keys::secret(&[1; 32]).unwrap()).clock(Clock::new().reading()).build();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert!(runtime.block_on(verifier.verify(&token)).is_ok());
        let mut bytes = token.clone().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(runtime.block_on(verifier.verify(&changed)).is_err(), "{changed}");
    }
}
