//! Signed JSON (RFC 7515): assertions of the client and proofs of possession.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use super::KeyError;

/// A private key that signs for the client.
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<Key>,
    algorithm: &'static str,
    id: Option<String>,
}

enum Key {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl SigningKey {
    /// Reads PEM (PKCS#8, PKCS#1 or SEC1) of a P-256, P-384, RSA or Ed25519 key.
    ///
    /// # Errors
    /// The text is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::Unreadable)?;
        let (key, algorithm) = read(&der).ok_or(KeyError::Unreadable)?;
        Ok(Self { key: Arc::new(key), algorithm, id: None })
    }

    /// Signs with this algorithm instead of the usual one of the key: RSA keys can do `RS256` and `PS256`.
    ///
    /// # Errors
    /// The key cannot.
    pub fn algorithm(mut self, name: &str) -> Result<Self, KeyError> {
        if name == self.algorithm {
            return Ok(self);
        }
        let refuse = || KeyError::Algorithm(name.to_owned());
        let key = Arc::try_unwrap(self.key).map_err(|_| refuse())?;
        let (key, algorithm) = match (key, name) {
            (Key::Rsa(pair, _), "RS256") => (Key::Rsa(pair, &RSA_PKCS1_SHA256), "RS256"),
            (Key::Rsa(pair, _), "PS256") => (Key::Rsa(pair, &RSA_PSS_SHA256), "PS256"),
            _ => return Err(refuse()),
        };
        self.key = Arc::new(key);
        self.algorithm = algorithm;
        Ok(self)
    }

    /// Names the key in the header of what it signs, as the authorization server knows it.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// A JSON web token of these claims.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let mut header = serde_json::json!({ "typ": "JWT", "alg": self.algorithm });
        if let Some(id) = &self.id {
            header["kid"] = id.as_str().into();
        }
        compact(&header, claims, |message| self.key.sign(message))
    }
}

impl Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair) => {
                pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(failed)
            }
            Self::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

fn failed(_: aws_lc_rs::error::Unspecified) -> KeyError {
    KeyError::Sign
}

fn read(der: &PrivateKeyDer<'_>) -> Option<(Key, &'static str)> {
    let bytes = der.secret_der();
    let rsa = |pair| (Key::Rsa(pair, &RSA_PKCS1_SHA256), "RS256");
    let curves = [(&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256"), (&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384")];
    let found = match der {
        PrivateKeyDer::Pkcs1(_) => return RsaKeyPair::from_der(bytes).ok().map(rsa),
        PrivateKeyDer::Sec1(_) => curves.iter().find_map(|(curve, name)| {
            Some((Key::Ec(EcdsaKeyPair::from_private_key_der(curve, bytes).ok()?), *name))
        }),
        _ => curves
            .iter()
            .find_map(|(curve, name)| Some((Key::Ec(EcdsaKeyPair::from_pkcs8(curve, bytes).ok()?), *name))),
    };
    found
        .or_else(|| {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).ok().map(|pair| (Key::Ed(pair), "EdDSA"))
        })
        .or_else(|| RsaKeyPair::from_pkcs8(bytes).ok().map(rsa))
}

/// Header, claims and signature in the compact form.
pub(super) fn compact(
    header: &Value,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, KeyError>,
) -> Result<String, KeyError> {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).field("id", &self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::KeyPair;
    use base64::engine::general_purpose::STANDARD;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
    use serde_json::json;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    fn check(key: &SigningKey, public: &DecodingKey, algorithm: Algorithm) {
        let token = key.clone().id("k1").sign(&json!({ "sub": "me", "exp": 4_000_000_000u64 })).unwrap();
        let read = decode::<Value>(&token, public, &Validation::new(algorithm)).unwrap();
        assert_eq!(read.claims["sub"], "me");
        assert_eq!(read.header.kid.as_deref(), Some("k1"));
    }

    #[test]
    fn every_kind_of_key_signs_what_others_verify() {
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = DecodingKey::from_ec_der(ec.public_key().as_ref());
        let key = SigningKey::from_pem(&pem("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref())).unwrap();
        check(&key, &public, Algorithm::ES256);
        assert!(matches!(key.algorithm("RS256"), Err(KeyError::Algorithm(name)) if name == "RS256"));

        let ec = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let public = DecodingKey::from_ec_der(ec.public_key().as_ref());
        let key = SigningKey::from_pem(&pem("PRIVATE KEY", ec.to_pkcs8v1().unwrap().as_ref())).unwrap();
        check(&key, &public, Algorithm::ES384);

        let ed = Ed25519KeyPair::generate().unwrap();
        let public = DecodingKey::from_ed_der(ed.public_key().as_ref());
        let key = SigningKey::from_pem(&pem("PRIVATE KEY", ed.to_pkcs8v1().unwrap().as_ref())).unwrap();
        check(&key, &public, Algorithm::EdDSA);

        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = DecodingKey::from_rsa_der(rsa.public_key().as_ref());
        let der: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let key = SigningKey::from_pem(&pem("PRIVATE KEY", der.as_ref())).unwrap();
        check(&key, &public, Algorithm::RS256);
        check(&key.algorithm("PS256").unwrap(), &public, Algorithm::PS256);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let check = |text: &str| {
            let error = SigningKey::from_pem(text).unwrap_err();
            assert!(matches!(error, KeyError::Unreadable));
            assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
        };
        check("");
        check("c2VjcmV0");
        check(&pem("PRIVATE KEY", b"secret"));
        check(&pem("PUBLIC KEY", b"secret"));
    }
}
