//! Proofs of possession on requests (RFC 9449, section 4.3): each is good once, for one URL and token.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{HOST, HeaderName};
use http::request::Parts;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use url::Url;

use super::credential::single;
use super::keys::public;
use super::token::Token;
use super::{Reason, Rejection};

const PROOF: HeaderName = HeaderName::from_static("dpop");
/// Seconds that a proof is good before and after it was made.
const WINDOW: u64 = 60;
/// Seconds for which one nonce is handed out; the one before is good as well.
const NONCE_PERIOD: u64 = 120;
/// Proofs that are remembered at most: two windows of a thousand a second.
const MOST: usize = 120_000;

#[derive(Debug, Clone, Default)]
pub(super) struct ProofSettings {
    /// Where clients see the server, without a slash at the end.
    pub(super) origin: Option<String>,
    pub(super) nonces: bool,
}

/// Checks proofs, and remembers those it has seen.
pub(super) struct Proofs {
    settings: ProofSettings,
    nonce_key: hmac::Key,
    seen: Mutex<Seen>,
}

/// Proofs by the window in which they end.
#[derive(Default)]
struct Seen {
    /// Until when each is remembered, in seconds since 1970.
    until: HashMap<[u8; 32], u64>,
    swept: u64,
}

impl Proofs {
    pub(super) fn new(settings: ProofSettings) -> Self {
        // Nonces of another process, or of the one before a restart, are asked for anew: that costs one exchange.
        let mut key = [0; 32];
        let nonce_key = match getrandom::fill(&mut key) {
            Ok(()) => hmac::Key::new(hmac::HMAC_SHA256, &key),
            Err(error) => {
                tracing::error!(%error, "the system has no random bytes: nonces can be guessed until the next start");
                hmac::Key::new(hmac::HMAC_SHA256, &key)
            }
        };
        Self { settings, nonce_key, seen: Mutex::default() }
    }

    /// Checks the proof on a request with a token that is bound to a key.
    pub(super) fn check(&self, request: &Parts, token: &str, bound: &str, now: u64) -> Result<(), Rejection> {
        let Some(text) = single(&request.headers, &PROOF)? else {
            return Err(Rejection::proof("header `DPoP` is missing"));
        };
        let wrong = |problem: &'static str| Err(Rejection::proof(problem));
        let Ok(proof) = Token::parse(text) else { return wrong("the proof is no signed JSON web token") };
        if proof.header.typ.as_deref() != Some("dpop+jwt") {
            return wrong("the proof is not of type `dpop+jwt`");
        }
        let Some(jwk) = &proof.header.jwk else { return wrong("the proof holds no public key") };
        if jwk.contains_key("d") {
            return wrong("the proof holds a private key");
        }
        let Ok(algorithm) = proof.algorithm() else { return wrong("the proof's algorithm is not accepted") };
        let Some((algorithms, key)) = public(jwk) else { return wrong("the proof's key is not accepted") };
        if !algorithms.contains(&algorithm) || !proof.is_signed_by(&key, algorithm) {
            return wrong("the proof's signature is wrong");
        }
        if thumbprint(jwk).as_deref() != Some(bound) {
            return wrong("the proof is of another key than the token");
        }
        let Ok(claims) = proof.claims() else { return wrong("the proof's claims cannot be read") };
        self.check_claims(&claims, request, token, now)?;
        let Some(id) =
            claims.get("jti").and_then(Value::as_str).filter(|id| !id.is_empty() && id.len() <= 256)
        else {
            return wrong("the proof has no `jti`");
        };
        self.remember(bound, id, now)
    }

    fn check_claims(
        &self,
        claims: &Map<String, Value>,
        request: &Parts,
        token: &str,
        now: u64,
    ) -> Result<(), Rejection> {
        let wrong = |problem: &'static str| Err(Rejection::proof(problem));
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("htm") != request.method.as_str() {
            return wrong("the proof is for another HTTP method");
        }
        if !self.is_here(text("htu"), request) {
            return wrong("the proof is for another URL");
        }
        match claims.get("iat").and_then(Value::as_f64) {
            Some(made) if (made - now as f64).abs() <= WINDOW as f64 => {}
            _ => return wrong("the proof was not made just now: check the clock"),
        }
        let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
        if verify_slices_are_equal(text("ath").as_bytes(), expected.as_bytes()).is_err() {
            return wrong("the proof is for another token");
        }
        if self.settings.nonces
            && ![now, now.saturating_sub(NONCE_PERIOD)].iter().any(|time| {
                verify_slices_are_equal(text("nonce").as_bytes(), self.nonce(*time).as_bytes()).is_ok()
            })
        {
            return Err(Rejection::new(Reason::Nonce(self.nonce(now).into())));
        }
        Ok(())
    }

    /// The nonce of a time.
    fn nonce(&self, time: u64) -> String {
        let tag = hmac::sign(&self.nonce_key, &(time / NONCE_PERIOD).to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// Whether a URL is that of the request, but for query and fragment.
    fn is_here(&self, url: &str, request: &Parts) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        let origin = match &self.settings.origin {
            Some(origin) => origin.clone(),
            None => {
                let host = request.uri.authority().map(|authority| authority.as_str().to_owned());
                let host = host.or_else(|| Some(request.headers.get(HOST)?.to_str().ok()?.to_owned()));
                let Some(host) = host else { return false };
                // Whoever ends TLS in front of us is not seen from here.
                format!("{}://{host}", url.scheme())
            }
        };
        let Ok(here) = Url::parse(&format!("{origin}{}", request.uri.path())) else { return false };
        matches!(url.scheme(), "http" | "https") && url.origin() == here.origin() && url.path() == here.path()
    }

    /// Refuses a proof that was seen before.
    fn remember(&self, key: &str, id: &str, now: u64) -> Result<(), Rejection> {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, format!("{key}\n{id}").as_bytes()).as_ref());
        let mut seen = self.seen.lock();
        if seen.swept + WINDOW <= now || seen.until.len() >= MOST {
            seen.until.retain(|_, until| *until >= now);
            seen.swept = now;
        }
        if seen.until.len() >= MOST {
            // Forgetting one would let it be used again.
            let retry_after = std::time::Duration::from_secs(1);
            return Err(Rejection::new(Reason::Unavailable { what: "room for more proofs", retry_after }));
        }
        // A proof may be dated ahead: it is remembered until even that one is too old.
        match seen.until.insert(name, now + 2 * WINDOW) {
            None => Ok(()),
            Some(_) => Err(Rejection::proof("the proof was used before")),
        }
    }
}

/// The name of a key (RFC 7638).
pub(super) fn thumbprint(key: &Map<String, Value>) -> Option<String> {
    let members: &[&str] = match key.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let mut canonical = String::from("{");
    for (at, name) in members.iter().enumerate() {
        let separator = if at == 0 { "" } else { "," };
        canonical.push_str(&format!(
            "{separator}\"{name}\":{}",
            serde_json::to_string(key.get(*name)?.as_str()?).ok()?
        ));
    }
    canonical.push('}');
    Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())))
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs").field("settings", &self.settings).finish_non_exhaustive()
    }
}
