//! Public keys by name (RFC 7517), each with the algorithms it may be used for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::KeysError;

/// More keys than any issuer publishes; the rest is left out.
const MOST: usize = 64;
/// Bytes of an RSA modulus: 2048 bits and more.
const SMALLEST_MODULUS: usize = 256;
const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];
const SHARED: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// The keys of an issuer at one time.
pub(in super::super) struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    id: Option<String>,
    key: DecodingKey,
    /// INVARIANT: all of one family. That a token names its algorithm must never choose how a key is used:
    /// a public key taken for a shared secret would let anybody sign.
    algorithms: Vec<Algorithm>,
}

impl KeySet {
    pub(super) const fn empty() -> Self {
        Self { keys: Vec::new() }
    }

    pub(super) fn secret(secret: &[u8]) -> Result<Self, KeysError> {
        if secret.len() < 32 {
            return Err(KeysError::ShortSecret { found: secret.len() });
        }
        let key = DecodingKey::from_secret(secret);
        Ok(Self { keys: vec![Key { id: None, key, algorithms: SHARED.to_vec() }] })
    }

    pub(super) fn pem(pem: &str) -> Result<Self, KeysError> {
        let bytes = pem.as_bytes();
        // The length tells the curve: a mark and two coordinates.
        let curve = |key: &DecodingKey| match key.try_get_as_bytes().map(<[u8]>::len) {
            Ok(65) => Some(Algorithm::ES256),
            Ok(97) => Some(Algorithm::ES384),
            _ => None,
        };
        let ec = || {
            let key = DecodingKey::from_ec_pem(bytes).ok()?;
            Some((vec![curve(&key)?], key))
        };
        let ed = || Some((vec![Algorithm::EdDSA], DecodingKey::from_ed_pem(bytes).ok()?));
        let rsa = || {
            let key = DecodingKey::from_rsa_pem(bytes).ok()?;
            // The encoding holds the modulus and little else.
            let is_large = key.try_get_as_bytes().is_ok_and(|der| der.len() > SMALLEST_MODULUS);
            is_large.then(|| (RSA.to_vec(), key))
        };
        let is_public = pem.contains("PUBLIC KEY");
        let found = if is_public { ec().or_else(ed).or_else(rsa) } else { None };
        let (algorithms, key) = found.ok_or(KeysError::Pem)?;
        Ok(Self { keys: vec![Key { id: None, key, algorithms }] })
    }

    /// Reads a set. What cannot verify signatures here is left out: sets hold keys for other purposes too.
    pub(super) fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Map<String, Value>>,
        }
        let document: Document = serde_json::from_slice(text)?;
        Ok(Self { keys: document.keys.iter().filter_map(read).take(MOST).collect() })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that may have made a signature: the one that is named, or all that fit where none is.
    pub(in super::super) fn candidates(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &DecodingKey> {
        let fits = move |key: &&Key| {
            key.algorithms.contains(&algorithm)
                // A key without a name may be any.
                && (id.is_none() || key.id.is_none() || key.id.as_deref() == id)
        };
        self.keys.iter().filter(fits).map(|key| &key.key)
    }
}

/// A public key in JSON, if it may verify signatures.
fn read(key: &Map<String, Value>) -> Option<Key> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    if let Some(operations) = key.get("key_ops").and_then(Value::as_array)
        && !operations.iter().any(|operation| operation == "verify")
    {
        return None;
    }
    let (mut algorithms, decoding) = public(key)?;
    if let Some(named) = text("alg") {
        algorithms.retain(|algorithm| named.parse() == Ok(*algorithm));
    }
    let id = text("kid").map(str::to_owned);
    (!algorithms.is_empty()).then_some(Key { id, key: decoding, algorithms })
}

/// The key itself, and what it can be used for. Shared secrets are no public keys.
pub(in super::super) fn public(key: &Map<String, Value>) -> Option<(Vec<Algorithm>, DecodingKey)> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let length = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().map(|bytes| bytes.len());
    match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (n, e) = (text("n")?, text("e")?);
            let decoding = DecodingKey::from_rsa_components(n, e).ok()?;
            (length("n")? >= SMALLEST_MODULUS).then(|| (RSA.to_vec(), decoding))
        }
        ("EC", Some(curve)) => {
            let (algorithm, size) = match curve {
                "P-256" => (Algorithm::ES256, 32),
                "P-384" => (Algorithm::ES384, 48),
                _ => return None,
            };
            if length("x") != Some(size) || length("y") != Some(size) {
                return None;
            }
            Some((vec![algorithm], DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?))
        }
        ("OKP", Some("Ed25519")) if length("x") == Some(32) => {
            Some((vec![Algorithm::EdDSA], DecodingKey::from_ed_components(text("x")?).ok()?))
        }
        _ => None,
    }
}
