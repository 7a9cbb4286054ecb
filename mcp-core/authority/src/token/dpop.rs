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
