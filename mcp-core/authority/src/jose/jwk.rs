//! Public keys of clients (RFC 7517), and their names (RFC 7638).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random::sha256_text;

/// How clients may sign.
pub(crate) const ALGORITHMS: [&str; 4] = ["ES256", "EdDSA", "RS256", "PS256"];
/// Members that only a private or symmetric key has.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// A public key that can be used here: P-256, Ed25519 or RSA of at least 2048 bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub(crate) struct Jwk {
    id: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    P256 { x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl TryFrom<Value> for Jwk {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        if PRIVATE.iter().any(|name| value.get(name).is_some()) {
            return Err("the key is not public");
        }
        let coordinate = |name: &str| bytes(name).filter(|bytes| bytes.len() == 32);
        let kind = match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => {
                coordinate("x").zip(coordinate("y")).map(|(x, y)| Kind::P256 { x, y })
            }
            (Some("OKP"), Some("Ed25519")) => coordinate("x").map(|x| Kind::Ed25519 { x }),
            (Some("RSA"), _) => bytes("n").zip(bytes("e")).map(|(n, e)| Kind::Rsa { n, e }),
            _ => None,
        };
        let kind = kind.filter(is_sound).ok_or("the key is none of P-256, Ed25519 and RSA from 2048 bits")?;
        Ok(Self { id: text("kid").map(str::to_owned), kind })
    }
}

/// Numbers are in their shortest form: each key has one name.
fn is_sound(kind: &Kind) -> bool {
    match kind {
        Kind::Rsa { n, e } => {
            (256..=1024).contains(&n.len()) && (1..=8).contains(&e.len()) && n[0] != 0 && e[0] != 0
        }
        _ => true,
    }
}

impl From<Jwk> for Value {
    fn from(key: Jwk) -> Self {
        let mut value = key.public();
        if let Some(id) = key.id {
            value["kid"] = id.into();
        }
        value
    }
}

impl Jwk {
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) const fn p256(x: Vec<u8>, y: Vec<u8>) -> Self {
        Self { id: None, kind: Kind::P256 { x, y } }
    }

    pub(super) const fn ed25519(x: Vec<u8>) -> Self {
        Self { id: None, kind: Kind::Ed25519 { x } }
    }

    pub(super) const fn rsa(n: Vec<u8>, e: Vec<u8>) -> Self {
        Self { id: None, kind: Kind::Rsa { n, e } }
    }

    /// The members that make the key, in the order of RFC 7638.
    pub(crate) fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.kind {
            Kind::P256 { x, y } => json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) }),
            Kind::Ed25519 { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": text(x) }),
            Kind::Rsa { n, e } => json!({ "e": text(e), "kty": "RSA", "n": text(n) }),
        }
    }

    /// The name of the key.
    pub(crate) fn thumbprint(&self) -> String {
        sha256_text(self.public().to_string().as_bytes())
    }

    /// Whether the algorithm fits the key, and the signature both.
    pub(crate) fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let done = match (&self.kind, algorithm) {
            (Kind::P256 { x, y }, "ES256") => {
                let point = [&[4u8][..], x, y].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Kind::Ed25519 { x }, "EdDSA" | "Ed25519") => {
                UnparsedPublicKey::new(&ED25519, x).verify(message, signature)
            }
            (Kind::Rsa { n, e }, "RS256") => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Kind::Rsa { n, e }, "PS256") => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            _ => return false,
        };
        done.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_keys_of_known_kinds_are_read() {
        let check = |value: Value, ok: bool| assert_eq!(Jwk::try_from(value.clone()).is_ok(), ok, "{value}");
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        check(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x }), true);
        check(json!({ "kty": "OKP", "crv": "Ed25519", "x": x }), true);
        check(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x, "d": x }), false);
        check(json!({ "kty": "EC", "crv": "P-384", "x": x, "y": x }), false);
        check(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": "AA" }), false);
        check(json!({ "kty": "oct", "k": x }), false);
        check(json!({ "kty": "RSA", "n": x, "e": "AQAB" }), false);
        check(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([1; 256]), "e": "AQAB" }), true);
        check(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0; 256]), "e": "AQAB" }), false);
        check(json!("EC"), false);
        check(json!([]), false);
    }

    #[test]
    fn names_are_those_of_the_standard() {
        // The example of RFC 7638, section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK\
                 RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAt\
                 aSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPks\
                 INHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = Jwk::try_from(json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256" })).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
