//! Our own private keys.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};

use super::Jwk;
use crate::error::Internal;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256: small tokens, and what every verifier knows.
    #[default]
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA with 2048 bits, for verifiers that know nothing else.
    Rs256,
}

impl Algorithm {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Es256, Self::EdDsa, Self::Rs256].into_iter().find(|known| known.name() == name)
    }

    /// A new key, as PKCS#8.
    pub(crate) fn generate(self) -> Result<Vec<u8>, Internal> {
        let random = SystemRandom::new();
        let failed = |_| Internal::Key;
        Ok(match self {
            Self::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Self::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).map_err(failed)?.as_ref().to_vec(),
            Self::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                der.as_ref().to_vec()
            }
        })
    }
}

/// A private key that signs.
pub(crate) struct Signer {
    pair: Pair,
    public: Jwk,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    pub(crate) fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, Internal> {
        let pair = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Pair::Ec)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::Ed),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Pair::Rsa(Box::new(pair))),
        };
        let pair = pair.map_err(|_| Internal::Key)?;
        let public = public(&pair).ok_or(Internal::Key)?;
        Ok(Self { pair, public })
    }

    pub(crate) const fn public(&self) -> &Jwk {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Internal> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => {
                pair.sign(&random, message).map(|done| done.as_ref().to_vec()).map_err(|_| Internal::Sign)
            }
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| Internal::Sign)?;
                Ok(signature)
            }
        }
    }
}

fn public(pair: &Pair) -> Option<Jwk> {
    match pair {
        Pair::Ec(pair) => {
            // An uncompressed point: a mark, then both coordinates.
            let point = pair.public_key().as_ref();
            Some(Jwk::p256(point.get(1..33)?.to_vec(), point.get(33..65)?.to_vec()))
        }
        Pair::Ed(pair) => Some(Jwk::ed25519(pair.public_key().as_ref().to_vec())),
        Pair::Rsa(pair) => {
            // RSAPublicKey of RFC 8017: a sequence of two integers.
            let (sequence, _) = element(pair.public_key().as_ref(), 0x30)?;
            let (n, rest) = element(sequence, 0x02)?;
            let (e, _) = element(rest, 0x02)?;
            let shortest = |number: &[u8]| {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                number.get(zeros..).unwrap_or_default().to_vec()
            };
            Some(Jwk::rsa(shortest(n), shortest(e)))
        }
    }
}

/// One element of DER with this tag, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::ThumbprintHash;
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::{Value, json};

    use super::super::{Compact, sign};
    use super::*;

    #[test]
    fn what_is_signed_is_verified_by_others_and_by_us() {
        let both = [
            (Algorithm::Es256, jsonwebtoken::Algorithm::ES256),
            (Algorithm::EdDsa, jsonwebtoken::Algorithm::EdDSA),
            (Algorithm::Rs256, jsonwebtoken::Algorithm::RS256),
        ];
        for (ours, theirs) in both {
            let signer = Signer::read(ours, &ours.generate().unwrap()).unwrap();
            let header = json!({ "alg": ours.name(), "typ": "JWT" });
            let token = sign(&signer, &header, &json!({ "sub": "me", "exp": 4_000_000_000u64 })).unwrap();
            let public: jsonwebtoken::jwk::Jwk = serde_json::from_value(signer.public().public()).unwrap();
            assert_eq!(public.thumbprint(ThumbprintHash::SHA256).unwrap(), signer.public().thumbprint());
            let key = DecodingKey::from_jwk(&public).unwrap();
            assert_eq!(decode::<Value>(&token, &key, &Validation::new(theirs)).unwrap().claims["sub"], "me");
            let read = Compact::parse(&token).unwrap();
            assert!(read.is_signed_by(signer.public()));
            let (rest, signature) = token.rsplit_once('.').unwrap();
            let forged = format!("{rest}.A{}", &signature[1..]);
            let other = format!("{rest}.B{}", &signature[1..]);
            assert!(
                [forged, other]
                    .iter()
                    .any(|text| !Compact::parse(text).unwrap().is_signed_by(signer.public()))
            );
            assert!(!format!("{signer:?}").contains("pkcs8"));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let key = Algorithm::Es256.generate().unwrap();
        assert!(
            Signer::read(Algorithm::EdDsa, &key).is_err() && Signer::read(Algorithm::Rs256, &[]).is_err()
        );
    }
}
