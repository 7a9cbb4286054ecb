//! Keys that an issuer publishes: fetched when needed, followed as they rotate, and never asked for too often.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::auth::server::{Keys, Verifier};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use super::{Clock, ISSUER, RESOURCE, Signer, claims, set};
use crate::oauth::host::{Host, Log, json as ok, status};

/// An issuer whose key set can be changed; null: it is down.
async fn issuer(log: &Log, first: Value) -> (Host, Arc<Mutex<Value>>) {
    let published = Arc::new(Mutex::new(first));
    let now = Arc::clone(&published);
    let host = Host::start("issuer", log, move |url| {
        let url = url.to_owned();
        move |seen| match seen.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                ok(&json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") }))
            }
            "/jwks" if now.lock().is_null() => status(503),
            "/jwks" => ok(&now.lock()),
            _ => status(404),
        }
    })
    .await;
    (host, published)
}

fn following(host: &Host, clock: &Clock, pause: Duration) -> Verifier {
    let keys = Keys::at(Url::parse(&format!("{}/jwks", host.url)).unwrap()).min_interval(pause);
    Verifier::builder(RESOURCE).issuer(ISSUER, keys).clock(clock.reading()).build()
}

async fn kind(verifier: &Verifier, token: &str) -> &'static str {
    verifier.verify(token).await.map_or_else(|rejection| rejection.kind(), |_| "good")
}

#[tokio::test]
async fn a_key_that_is_new_is_found_and_one_that_is_gone_is_good_no_longer() {
    let (log, clock) = (Log::default(), Clock::new());
    let (one, two) = (Signer::new("k1"), Signer::new("k2"));
    let (host, published) = issuer(&log, set([&one])).await;
    let verifier = following(&host, &clock, Duration::ZERO);
    let (first, second) = (one.sign(&claims(json!({}))), two.sign(&claims(json!({}))));
    for _ in 0..5 {
        assert_eq!(kind(&verifier, &first).await, "good");
    }
    assert_eq!(log.of("issuer", "/jwks").len(), 1, "fetched once, and not at all before it is needed");
    *published.lock() = set([&one, &two]);
    assert_eq!(kind(&verifier, &second).await, "good");
    assert_eq!(log.of("issuer", "/jwks").len(), 2);
    // The first key is withdrawn: what was verified with it before is not good any more.
    *published.lock() = set([&two]);
    assert_eq!(kind(&verifier, &Signer::new("k3").sign(&claims(json!({})))).await, "invalid");
    assert_eq!(kind(&verifier, &first).await, "invalid");
    assert_eq!(kind(&verifier, &second).await, "good");
}

#[tokio::test]
async fn strangers_cannot_make_us_ask_often() {
    let (log, clock) = (Log::default(), Clock::new());
    let signer = Signer::new("k1");
    let (host, _published) = issuer(&log, set([&signer])).await;
    let verifier = following(&host, &clock, Duration::from_secs(3600));
    assert_eq!(kind(&verifier, &signer.sign(&claims(json!({})))).await, "good");
    let forged: Vec<_> = (0..50).map(|n| Signer::new("k9").sign(&claims(json!({ "jti": n })))).collect();
    for token in &forged {
        assert_eq!(kind(&verifier, token).await, "invalid");
    }
    assert_eq!(log.of("issuer", "/jwks").len(), 1);
    assert_eq!(kind(&verifier, &signer.sign(&claims(json!({ "jti": "2" })))).await, "good");
}

#[tokio::test]
async fn concurrent_callers_share_the_first_fetch() {
    let (log, clock) = (Log::default(), Clock::new());
    let signer = Signer::new("k1");
    let (host, _published) = issuer(&log, set([&signer])).await;
    let verifier = Arc::new(following(&host, &clock, Duration::ZERO));
    let calls: Vec<_> = (0..32)
        .map(|n| {
            let (verifier, token) = (Arc::clone(&verifier), signer.sign(&claims(json!({ "jti": n }))));
            tokio::spawn(async move { verifier.verify(&token).await.is_ok() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    assert_eq!(log.of("issuer", "/jwks").len(), 1);
}

#[tokio::test]
async fn an_issuer_that_is_down_costs_nothing_but_what_is_new() {
    let (log, clock) = (Log::default(), Clock::new());
    let signer = Signer::new("k1");
    let (host, published) = issuer(&log, Value::Null).await;
    let verifier = following(&host, &clock, Duration::ZERO);
    let token = signer.sign(&claims(json!({})));
    // Nobody is let in on a guess, and nobody is told that the credentials are wrong.
    let rejection = verifier.verify(&token).await.unwrap_err();
    assert_eq!((rejection.kind(), rejection.status().as_u16()), ("unavailable", 503));
    *published.lock() = set([&signer]);
    assert_eq!(kind(&verifier, &token).await, "good");
    *published.lock() = Value::Null;
    assert_eq!(kind(&verifier, &signer.sign(&claims(json!({ "jti": "2" })))).await, "good");
    for rubbish in [json!([]), json!({ "keys": 5 }), json!("x")] {
        *published.lock() = rubbish;
        assert_eq!(kind(&verifier, &Signer::new("k7").sign(&claims(json!({})))).await, "invalid");
        assert_eq!(kind(&verifier, &token).await, "good", "the keys from before stay in use");
    }
}

#[tokio::test]
async fn the_metadata_of_an_issuer_leads_to_its_keys() {
    let (log, clock) = (Log::default(), Clock::new());
    let signer = Signer::new("k1");
    let (host, _published) = issuer(&log, set([&signer])).await;
    let keys = Keys::of_issuer(&host.url).min_interval(Duration::ZERO);
    let verifier = Verifier::builder(RESOURCE).issuer(&host.url, keys).clock(clock.reading()).build();
    assert_eq!(kind(&verifier, &signer.sign(&claims(json!({ "iss": host.url })))).await, "good");
    assert_eq!(kind(&verifier, &signer.sign(&claims(json!({})))).await, "invalid", "another issuer");
}
