//! Tokens that are bound to a key (RFC 9449) or a certificate (RFC 8705).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use mcp_core::auth::server::VerifierBuilder;
use serde_json::{Value, json};

use super::{Clock, NOW, Signer, claims, guard, outcome, run, verifier, whoami};
use crate::support::client::Client;
use crate::support::server::Running;

/// Who holds the key, the token that is bound to it, and where to go.
struct Holder {
    key: Signer,
    token: String,
    url: String,
    running: Running,
    clock: Clock,
}

fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

fn public(key: &Signer) -> Value {
    let jwk = key.jwk();
    json!({ "crv": "P-256", "kty": "EC", "x": jwk["x"], "y": jwk["y"] })
}

impl Holder {
    async fn new(configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let (signer, key, clock) = (Signer::new("k1"), Signer::new(""), Clock::new());
        let running = run(guard().accept(configure(verifier(&signer, &clock)).build())).await;
        let bound = claims(json!({ "cnf": { "jkt": sha256(public(&key).to_string().as_bytes()) } }));
        let url = format!("http://{}/mcp", running.address);
        Self { token: signer.sign(&bound), key, url, running, clock }
    }

    /// A proof, with changes to its claims and header.
    fn proof(&self, changes: Value, change: impl FnOnce(&mut Header)) -> String {
        let mut claims = json!({
            "jti": format!("{:x}", getrandom::u64().unwrap()), "htm": "POST", "htu": self.url, "iat": NOW,
            "ath": sha256(self.token.as_bytes()),
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".into());
        header.jwk = Some(serde_json::from_value(public(&self.key)).unwrap());
        change(&mut header);
        self.key.sign_as(&header, &claims)
    }

    async fn ask(&self, scheme: &str, proof: Option<&str>) -> Result<String, (u16, String)> {
        let mut client = Client::connect(self.running.address).await;
        let authorization = format!("{scheme} {}", self.token);
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        outcome(&mut client, &headers).await
    }
}

#[tokio::test]
async fn a_bound_token_needs_a_fresh_proof_for_this_request() {
    let holder = Holder::new(|builder| builder).await;
    let good = holder.proof(json!({}), |_| {});
    assert_eq!(holder.ask("DPoP", Some(&good)).await, Ok("ada".into()));
    let upper = holder.url.to_uppercase().replace("/MCP", "/mcp");
    assert_eq!(
        holder.ask("DPoP", Some(&holder.proof(json!({ "htu": upper }), |_| {}))).await,
        Ok("ada".into())
    );
    let mut cases = vec![("replay", good, "the proof was used before")];
    for (name, changes, problem) in [
        ("method", json!({ "htm": "GET" }), "the proof is for another HTTP method"),
        ("path", json!({ "htu": holder.url.replace("/mcp", "/sse") }), "the proof is for another URL"),
        ("host", json!({ "htu": "http://other.example/mcp" }), "the proof is for another URL"),
        ("no url", json!({ "htu": "mcp" }), "the proof is for another URL"),
        ("old", json!({ "iat": NOW - 61 }), "the proof was not made just now: check the clock"),
        ("early", json!({ "iat": NOW + 61 }), "the proof was not made just now: check the clock"),
        ("undated", json!({ "iat": null }), "the proof was not made just now: check the clock"),
        ("token", json!({ "ath": sha256(b"other") }), "the proof is for another token"),
        ("no token", json!({ "ath": null }), "the proof is for another token"),
        ("no jti", json!({ "jti": null }), "the proof has no `jti`"),
        ("empty jti", json!({ "jti": "" }), "the proof has no `jti`"),
    ] {
        cases.push((name, holder.proof(changes, |_| {}), problem));
    }
    let stranger = Signer::new("");
    let strange = public(&stranger);
    cases.push((
        "type",
        holder.proof(json!({}), |header| header.typ = Some("JWT".into())),
        "the proof is not of type `dpop+jwt`",
    ));
    cases.push((
        "no key",
        holder.proof(json!({}), |header| header.jwk = None),
        "the proof holds no public key",
    ));
    cases.push((
        "key of another",
        holder.proof(json!({}), |header| header.jwk = Some(serde_json::from_value(strange).unwrap())),
        "the proof's signature is wrong",
    ));
    cases.push(("rubbish", "a.b".into(), "the proof is no signed JSON web token"));
    for (name, proof, problem) in &cases {
        let (status, challenge) = holder.ask("DPoP", Some(proof)).await.unwrap_err();
        assert_eq!(status, 401, "{name}");
        let expect = format!(r#"DPoP error="invalid_dpop_proof", error_description="{problem}""#);
        assert!(challenge.starts_with(&expect), "{name}: {challenge}");
    }
    // Signed by a key that is genuine, but not the token's.
    let other = Holder {
        key: Signer::new(""),
        token: holder.token.clone(),
        url: holder.url.clone(),
        running: run(guard()).await,
        clock: Clock::new(),
    };
    let (_, challenge) = holder.ask("DPoP", Some(&other.proof(json!({}), |_| {}))).await.unwrap_err();
    assert!(challenge.contains("another key than the token"), "{challenge}");
    assert!(holder.ask("DPoP", None).await.unwrap_err().1.contains("header `DPoP` is missing"));
    assert!(holder.ask("Bearer", None).await.unwrap_err().1.contains("bound to a key"));
    let fresh = holder.proof(json!({}), |_| {});
    assert!(holder.ask("Bearer", Some(&fresh)).await.unwrap_err().1.contains("bound to a key"));
}

#[tokio::test]
async fn a_proof_stays_used_as_long_as_its_date_would_pass() {
    let holder = Holder::new(|builder| builder).await;
    let dated_ahead = holder.proof(json!({ "iat": NOW + 60 }), |_| {});
    assert_eq!(holder.ask("DPoP", Some(&dated_ahead)).await, Ok("ada".into()));
    for _ in 0..4 {
        holder.clock.advance(30);
        let (_, challenge) = holder.ask("DPoP", Some(&dated_ahead)).await.unwrap_err();
        assert!(challenge.contains("was used before"), "{challenge}");
    }
    holder.clock.advance(30);
    assert!(holder.ask("DPoP", Some(&dated_ahead)).await.unwrap_err().1.contains("not made just now"));
}

#[tokio::test]
async fn proofs_may_have_to_carry_a_nonce_of_ours() {
    let holder = Holder::new(VerifierBuilder::dpop_nonces).await;
    let mut client = Client::connect(holder.running.address).await;
    let authorization = format!("DPoP {}", holder.token);
    let proof = holder.proof(json!({}), |_| {});
    let answer = whoami(&mut client, &[("authorization", &authorization), ("dpop", &proof)]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.headers["www-authenticate"].starts_with(r#"DPoP error="use_dpop_nonce""#));
    let nonce = answer.headers["dpop-nonce"].clone();
    assert_eq!(
        holder.ask("DPoP", Some(&holder.proof(json!({ "nonce": nonce }), |_| {}))).await,
        Ok("ada".into())
    );
    // The one before is good as well, the one before that is not.
    holder.clock.advance(120);
    let later = json!({ "nonce": nonce, "iat": NOW + 120 });
    assert_eq!(holder.ask("DPoP", Some(&holder.proof(later, |_| {}))).await, Ok("ada".into()));
    holder.clock.advance(120);
    let latest = json!({ "nonce": nonce, "iat": NOW + 240 });
    assert!(
        holder
            .ask("DPoP", Some(&holder.proof(latest, |_| {})))
            .await
            .unwrap_err()
            .1
            .contains("use_dpop_nonce")
    );
}

#[tokio::test]
async fn a_plain_token_is_not_sent_with_a_proof_and_one_bound_to_a_certificate_not_without() {
    let (signer, clock) = (Signer::new("k1"), Clock::new());
    let running = run(guard().accept(verifier(&signer, &clock).build())).await;
    let mut client = Client::connect(running.address).await;
    let plain = format!("DPoP {}", signer.sign(&claims(json!({}))));
    assert!(
        outcome(&mut client, &[("authorization", &plain)]).await.unwrap_err().1.contains("bound to no key")
    );
    let bound = format!("Bearer {}", signer.sign(&claims(json!({ "cnf": { "x5t#S256": "abc" } }))));
    assert!(outcome(&mut client, &[("authorization", &bound)]).await.unwrap_err().1.contains("certificate"));
}
