//! Proofs that a client has a key (RFC 9449).

use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::Value;
use url::Url;

use crate::error::{Internal, Refusal};
use crate::jose::{Compact, Jwk};
use crate::random;
use crate::replay::Replay;

/// Seconds that a proof is taken, either way: clocks differ.
const WINDOW: u64 = 60;
/// Seconds that a nonce is given out; it is taken as long again.
const NONCE: u64 = 300;

/// Checks proofs, each of which is good once.
#[derive(Debug)]
pub(crate) struct Proofs {
    seen: Replay,
    /// Where nonces are wanted: the one that is given out, the one before, and when that changed.
    nonces: Option<Mutex<Nonces>>,
}

#[derive(Default)]
struct Nonces {
    current: String,
    previous: String,
    since: u64,
}

impl Proofs {
    pub(crate) fn new(nonces: bool) -> Self {
        Self { seen: Replay::new(2 * WINDOW + 1), nonces: nonces.then(Mutex::default) }
    }

    /// The nonce for the next proof, where one is wanted.
    pub(super) fn nonce(&self, now: u64) -> Result<Option<String>, Internal> {
        let Some(nonces) = &self.nonces else { return Ok(None) };
        let mut nonces = nonces.lock();
        if nonces.current.is_empty() || now >= nonces.since + NONCE {
            let fresh = random::token::<16>()?;
            // What is older than both is not taken any more.
            let recent = now < nonces.since + 2 * NONCE;
            nonces.previous = if recent { std::mem::take(&mut nonces.current) } else { String::new() };
            nonces.current = fresh;
            nonces.since = now;
        }
        Ok(Some(nonces.current.clone()))
    }

    /// The name of the key that a request to this endpoint proves; none if it has no proof.
    pub(super) fn check(&self, headers: &HeaderMap, url: &str, now: u64) -> Result<Option<String>, Refusal> {
        let mut all = headers.get_all("dpop").iter();
        let Some(proof) = all.next() else { return Ok(None) };
        let wrong = |text: &'static str| Refusal::new("invalid_dpop_proof", text);
        if all.next().is_some() {
            return Err(wrong("there is more than one DPoP header"));
        }
        let proof = proof.to_str().ok().and_then(Compact::parse);
        let proof = proof.ok_or_else(|| wrong("the proof cannot be read"))?;
        if proof.header("typ") != Some("dpop+jwt") {
            return Err(wrong("the typ of the proof is dpop+jwt"));
        }
        let key = proof.header.get("jwk").cloned().unwrap_or(Value::Null);
        let key = Jwk::try_from(key).map_err(wrong)?;
        if !proof.is_signed_by(&key) {
            return Err(wrong("the signature of the proof does not fit its jwk"));
        }
        if proof.claim("htm") != Some("POST") {
            return Err(wrong("the htm of the proof is POST"));
        }
        if !proof.claim("htu").is_some_and(|found| is_same(found, url)) {
            return Err(wrong("the htu of the proof is the token endpoint"));
        }
        let fresh =
            proof.time("iat").is_some_and(|iat| iat.saturating_add(WINDOW) >= now && iat <= now + WINDOW);
        if !fresh {
            return Err(wrong("the iat of the proof is more than a minute away"));
        }
        let thumbprint = key.thumbprint();
        self.check_nonce(proof.claim("nonce"), now)?;
        match proof.claim("jti") {
            Some(jti) if jti.len() <= 256 && self.seen.is_new(&format!("{thumbprint} {jti}"), now) => {
                Ok(Some(thumbprint))
            }
            Some(_) => Err(wrong("the proof was seen before, or its jti is too long")),
            None => Err(wrong("the proof has no jti")),
        }
    }

    fn check_nonce(&self, found: Option<&str>, now: u64) -> Result<(), Refusal> {
        // Asking for it may replace it.
        let Some(current) = self.nonce(now)? else { return Ok(()) };
        let known = self.nonces.as_ref().is_some_and(|nonces| {
            let nonces = nonces.lock();
            found.is_some_and(|found| {
                !found.is_empty() && (found == nonces.current || found == nonces.previous)
            })
        });
        if known {
            return Ok(());
        }
        let text = "the proof needs the nonce of the header DPoP-Nonce";
        Err(Refusal { nonce: Some(current), ..Refusal::new("use_dpop_nonce", text) })
    }
}

/// Whether both are the same endpoint, whatever is spelled differently. Query and fragment do not count.
fn is_same(found: &str, url: &str) -> bool {
    let normal = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    normal(found).is_some_and(|found| Some(found) == normal(url))
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::jose::{Algorithm, Signer, sign};

    const URL: &str = "https://as.example/token";
    const NOW: u64 = 1_800_000_000;

    struct Client(Signer);

    impl Client {
        fn new() -> Self {
            Self(Signer::read(Algorithm::Es256, &Algorithm::Es256.generate().unwrap()).unwrap())
        }

        /// A good proof, but for these members of its header and claims; null takes one away.
        fn proof(&self, header: &Value, claims: &Value) -> String {
            let good = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.0.public().public() });
            let fresh = random::token::<8>().unwrap();
            let usual = json!({ "jti": fresh, "htm": "POST", "htu": URL, "iat": NOW });
            sign(&self.0, &changed(good, header), &changed(usual, claims)).unwrap()
        }
    }

    fn changed(mut good: Value, with: &Value) -> Value {
        for (name, value) in with.as_object().unwrap() {
            good[name] = value.clone();
        }
        good.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        good
    }

    fn headers(proofs: &[&str]) -> HeaderMap {
        proofs
            .iter()
            .map(|proof| (http::HeaderName::from_static("dpop"), HeaderValue::from_str(proof).unwrap()))
            .collect()
    }

    #[test]
    fn only_a_fresh_proof_for_this_endpoint_is_taken() {
        let (client, proofs) = (Client::new(), Proofs::new(false));
        let check = |header: &Value, claims: &Value| {
            proofs.check(&headers(&[&client.proof(header, claims)]), URL, NOW)
        };
        let none = || json!({});
        assert_eq!(check(&none(), &none()).unwrap(), Some(client.0.public().thumbprint()));
        for claims in [
            json!({ "htu": "https://AS.example:443/token?x#y" }),
            json!({ "iat": NOW - 60 }),
            json!({ "iat": NOW + 60 }),
            json!({ "nonce": "whatever" }),
        ] {
            assert!(check(&none(), &claims).is_ok(), "{claims}");
        }
        let other = Client::new().0.public().public();
        let mut private = client.0.public().public();
        private["d"] = "AAAA".into();
        for header in [
            json!({ "typ": "JWT" }),
            json!({ "typ": null }),
            json!({ "alg": "none" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "RS256" }),
            json!({ "alg": null }),
            json!({ "jwk": null }),
            json!({ "jwk": other }),
            json!({ "jwk": private }),
            json!({ "jwk": { "kty": "oct", "k": "AAAA" } }),
            json!({ "crit": ["exp"] }),
        ] {
            assert_eq!(check(&header, &none()).unwrap_err().code, "invalid_dpop_proof", "{header}");
        }
        for claims in [
            json!({ "htm": "GET" }),
            json!({ "htm": null }),
            json!({ "htu": "https://as.example/authorize" }),
            json!({ "htu": "http://as.example/token" }),
            json!({ "htu": "https://evil.example/token" }),
            json!({ "htu": null }),
            json!({ "iat": NOW - 61 }),
            json!({ "iat": NOW + 61 }),
            json!({ "iat": u64::MAX }),
            json!({ "iat": "now" }),
            json!({ "iat": null }),
            json!({ "jti": null }),
            json!({ "jti": "x".repeat(257) }),
        ] {
            assert_eq!(check(&none(), &claims).unwrap_err().code, "invalid_dpop_proof", "{claims}");
        }
        for text in ["", "x", "a.b.c", "e30.e30.e30"] {
            assert!(proofs.check(&headers(&[text]), URL, NOW).is_err(), "{text}");
        }
        let (one, two) = (client.proof(&none(), &none()), client.proof(&none(), &none()));
        assert!(proofs.check(&headers(&[&one, &two]), URL, NOW).is_err());
        assert_eq!(proofs.check(&HeaderMap::new(), URL, NOW).unwrap(), None);
    }

    #[test]
    fn a_proof_is_good_once() {
        let (client, proofs) = (Client::new(), Proofs::new(false));
        let proof = client.proof(&json!({}), &json!({ "iat": NOW + 60 }));
        assert!(proofs.check(&headers(&[&proof]), URL, NOW).is_ok());
        // As long as it would be taken otherwise.
        for now in [NOW, NOW + 60, NOW + 120] {
            assert!(proofs.check(&headers(&[&proof]), URL, now).is_err(), "{now}");
        }
    }

    #[test]
    fn nonces_are_wanted_and_follow_each_other() {
        let (client, proofs) = (Client::new(), Proofs::new(true));
        let check = |nonce: Option<&str>, now: u64| {
            let proof = client.proof(&json!({}), &json!({ "nonce": nonce, "iat": now }));
            proofs.check(&headers(&[&proof]), URL, now)
        };
        let refused = check(None, NOW).unwrap_err();
        assert_eq!(refused.code, "use_dpop_nonce");
        let first = refused.nonce.unwrap();
        assert!(check(Some(&first), NOW).is_ok() && check(Some(""), NOW).is_err());
        let second = proofs.nonce(NOW + 300).unwrap().unwrap();
        assert_ne!(first, second);
        assert!(check(Some(&first), NOW + 300).is_ok() && check(Some(&second), NOW + 300).is_ok());
        let third = check(Some(&first), NOW + 600).unwrap_err().nonce.unwrap();
        assert!(check(Some(&second), NOW + 600).is_ok() && check(Some(&third), NOW + 600).is_ok());
        // After a long silence nothing old is taken.
        assert!(check(Some(&third), NOW + 5000).is_err());
    }
}
