//! Clients that sign: which assertions show who they are.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use mcp_authority::{Client, Person};
use serde_json::{Value, json};

use super::world::{ISSUER, World, builder};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn pair() -> (EncodingKey, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let public = json!({ "kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65) });
    (EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()), public)
}

#[tokio::test]
async fn only_a_fresh_assertion_of_the_client_for_this_server_is_taken() {
    let ((key, public), (other, _)) = (pair(), pair());
    let signer = Client::with_keys("signer", &json!({ "keys": [public] }).to_string()).unwrap();
    let world = World::of(builder().client(signer.acts_as(Person::new("acme", "signer")))).await;
    let now = world.time();
    let good = |id: &str| json!({ "iss": "signer", "sub": "signer", "aud": ISSUER, "jti": id, "iat": now, "exp": now + 60 });
    let send = async |header: &Header, claims: &Value, key: &EncodingKey| {
        // So that wrong attempts are not counted together.
        world.pass(300);
        let mut claims = claims.clone();
        for time in ["exp", "nbf"] {
            if let Some(at) = claims[time].as_u64() {
                claims[time] = (at + world.time() - now).into();
            }
        }
        let assertion = encode(header, &claims, key).unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", KIND),
            ("client_assertion", &assertion),
        ];
        (world.post("/token", &form).await.status, assertion)
    };
    let es256 = Header::new(Algorithm::ES256);
    let named = |kid: &str| Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
    let (status, assertion) = send(&es256, &good("1"), &key).await;
    assert_eq!(status, StatusCode::OK);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", KIND),
        ("client_assertion", &*assertion),
    ];
    assert_eq!(world.post("/token", &form).await.status, StatusCode::UNAUTHORIZED, "it is good once");
    assert_eq!(send(&named("k"), &good("2"), &key).await.0, StatusCode::OK);
    assert_eq!(send(&named("x"), &good("3"), &key).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&es256, &good("4"), &other).await.0, StatusCode::UNAUTHORIZED);
    for (at, (name, value, ok)) in [
        ("aud", json!([ISSUER, "https://other.example"]), true),
        ("aud", json!(format!("{ISSUER}/token")), true),
        ("aud", json!("https://other.example"), false),
        ("aud", Value::Null, false),
        ("iss", json!("robot"), false),
        ("sub", json!("robot"), false),
        ("exp", json!(now - 31), false),
        ("exp", json!(now + 601), false),
        ("exp", Value::Null, false),
        ("nbf", json!(now + 31), false),
        ("nbf", json!(now), true),
        ("jti", Value::Null, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = good(&format!("row-{at}"));
        claims[name] = value.clone();
        let expect = if ok { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(send(&es256, &claims, &key).await.0, expect, "{name}: {value}");
    }
    // The secret of another kind of client does not help.
    let form = [("grant_type", "client_credentials"), ("client_id", "signer"), ("client_secret", "signer")];
    assert_eq!(world.post("/token", &form).await.status, StatusCode::UNAUTHORIZED);
}
