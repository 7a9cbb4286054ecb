//! Tokens that only their owner can use (RFC 9449): every request carries a fresh proof.

use std::collections::HashMap;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use super::{AuthError, KeyError, Secret, ServerMetadata, jws, random};

pub(super) const PROOF: HeaderName = HeaderName::from_static("dpop");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Servers that gave nonces; there are two in a usual life.
const MAX_NONCES: usize = 16;

/// The key of a client, and what servers want in its proofs.
pub(super) struct Proofs {
    key: EcdsaKeyPair,
    /// PKCS#8, to be stored with the tokens that are bound to it.
    stored: Secret,
    public: Value,
    /// By origin.
    nonces: Mutex<HashMap<String, String>>,
}

impl Proofs {
    /// A new key.
    pub(super) fn generate() -> Result<Self, AuthError> {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self::of(key.map_err(|_| KeyError::Sign)?.as_ref())
    }

    /// The key that was stored.
    pub(super) fn restore(stored: &Secret) -> Result<Self, AuthError> {
        Self::of(&STANDARD.decode(stored.expose()).map_err(|_| KeyError::Unreadable)?)
    }

    fn of(pkcs8: &[u8]) -> Result<Self, AuthError> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
        let key = key.map_err(|_| KeyError::Unreadable)?;
        // An uncompressed point: a mark, then both coordinates.
        let point = key.public_key().as_ref();
        let coordinate = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
        let public = json!({ "crv": "P-256", "kty": "EC", "x": coordinate(1..33), "y": coordinate(33..65) });
        let stored = Secret::new(STANDARD.encode(pkcs8));
        Ok(Self { key, stored, public, nonces: Mutex::default() })
    }

    pub(super) const fn stored(&self) -> &Secret {
        &self.stored
    }

    /// The name of the key (RFC 7638): its members are in order already.
    pub(super) fn thumbprint(&self) -> String {
        random::sha256(&self.public.to_string())
    }

    /// A proof for one request, with a hash of the token where there is one.
    pub(super) fn proof(
        &self,
        method: &Method,
        url: &Url,
        token: Option<&Secret>,
    ) -> Result<HeaderValue, AuthError> {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut claims = json!({
            "jti": random::token::<16>()?, "htm": method.as_str(), "htu": target.as_str(), "iat": now,
        });
        if let Some(token) = token {
            claims["ath"] = random::sha256(token.expose()).into();
        }
        if let Some(nonce) = self.nonces.lock().get(&origin(url)) {
            claims["nonce"] = nonce.as_str().into();
        }
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.public });
        let proof = jws::compact(&header, &claims, |message| {
            let signature = self.key.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Sign)?;
            Ok(signature.as_ref().to_vec())
        })?;
        HeaderValue::try_from(proof).map_err(|_| KeyError::Sign.into())
    }

    /// Keeps the nonce of an answer for the next proofs. True if there was a new one.
    pub(super) fn learn(&self, url: &Url, headers: &HeaderMap) -> bool {
        let Some(nonce) = headers.get(NONCE).and_then(|nonce| nonce.to_str().ok()) else { return false };
        let (mut nonces, origin) = (self.nonces.lock(), origin(url));
        if nonces.len() >= MAX_NONCES && !nonces.contains_key(&origin) {
            nonces.clear();
        }
        nonces.insert(origin, nonce.to_owned()).is_none_or(|known| known != nonce)
    }
}

/// Refuses a server that lists algorithms without ours. What lists none may still know proofs.
pub(super) fn check(server: &ServerMetadata) -> Result<(), AuthError> {
    match &server.dpop_signing_alg_values_supported {
        Some(known) if !known.iter().any(|name| name == "ES256") => {
            Err(AuthError::NoDpop { issuer: server.issuer.clone() })
        }
        _ => Ok(()),
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proofs")
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

    use super::*;

    fn read(proof: &HeaderValue) -> (Value, Jwk) {
        let proof = proof.to_str().unwrap();
        let header = decode_header(proof).unwrap();
        assert_eq!(header.typ.as_deref(), Some("dpop+jwt"));
        let jwk = header.jwk.unwrap();
        let mut rules = Validation::new(Algorithm::ES256);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        let claims = decode::<Value>(proof, &DecodingKey::from_jwk(&jwk).unwrap(), &rules).unwrap().claims;
        (claims, jwk)
    }

    #[test]
    fn proofs_are_fresh_and_bound() {
        let proofs = Proofs::generate().unwrap();
        let url = Url::parse("https://mcp.example:8443/mcp?secret=1#x").unwrap();
        let token = Secret::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let (first, jwk) = read(&proofs.proof(&Method::POST, &url, Some(&token)).unwrap());
        let (second, _) = read(&proofs.proof(&Method::GET, &url, None).unwrap());
        assert_eq!(first["htm"], "POST");
        assert_eq!(first["htu"], "https://mcp.example:8443/mcp");
        // The example of RFC 9449, section 7.1.
        assert_eq!(first["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(second["htm"], "GET");
        assert_eq!(second.get("ath"), None);
        assert_eq!(second.get("nonce"), None);
        assert_ne!(first["jti"], second["jti"]);
        assert_eq!(jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), proofs.thumbprint());
        assert!(!serde_json::to_string(&jwk).unwrap().contains("\"d\""));
    }

    #[test]
    fn keys_come_back_and_are_not_shown() {
        let proofs = Proofs::generate().unwrap();
        let again = Proofs::restore(proofs.stored()).unwrap();
        assert_eq!(proofs.thumbprint(), again.thumbprint());
        assert_eq!(format!("{proofs:?}"), "Proofs");
        assert!(Proofs::restore(&"bm8=".into()).is_err() && Proofs::restore(&"!".into()).is_err());
    }

    #[test]
    fn each_server_has_its_nonce() {
        let proofs = Proofs::generate().unwrap();
        let [one, two] =
            ["https://one.example/a", "https://two.example/b"].map(|url| Url::parse(url).unwrap());
        let nonce = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(NONCE, HeaderValue::from_static(text));
            headers
        };
        assert!(!proofs.learn(&one, &HeaderMap::new()));
        assert!(proofs.learn(&one, &nonce("n1")));
        assert!(!proofs.learn(&one, &nonce("n1")));
        assert!(proofs.learn(&two, &nonce("n2")));
        assert!(proofs.learn(&two, &nonce("n3")));
        let claims = |url| read(&proofs.proof(&Method::POST, url, None).unwrap()).0;
        assert_eq!(claims(&one)["nonce"], "n1");
        assert_eq!(claims(&two)["nonce"], "n3");
    }
}
