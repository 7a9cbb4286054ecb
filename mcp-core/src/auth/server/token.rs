//! Signed tokens (RFC 7515, RFC 7519): taken apart, and their signature checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Rejection;

/// A token before anything in it can be believed.
pub(super) struct Token<'a> {
    pub(super) header: Header,
    /// What is signed.
    message: &'a str,
    signature: Vec<u8>,
    payload: &'a str,
}

/// The header of a token. What is not here is not needed, and `jku` and the like are never followed.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    /// Extensions that must be understood: we know none.
    crit: Option<Value>,
    /// The public key (proofs only).
    pub(super) jwk: Option<Map<String, Value>>,
}

impl<'a> Token<'a> {
    /// Takes a compact token apart.
    pub(super) fn parse(text: &'a str) -> Result<Self, Rejection> {
        let malformed = || Rejection::malformed("the token is no signed JSON web token");
        let (message, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        if header.crit.is_some() {
            return Err(Rejection::malformed("the token needs an extension that is not known here"));
        }
        Ok(Self { header, message, signature: decode(signature)?, payload })
    }

    /// The algorithm, if it is one at all: `none` is not.
    pub(super) fn algorithm(&self) -> Result<Algorithm, Rejection> {
        self.header.alg.parse().map_err(|_| Rejection::invalid("the token's algorithm is not accepted"))
    }

    /// Whether `key` made the signature.
    pub(super) fn is_signed_by(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        // The provider is named: the process may have installed another, or none.
        (DEFAULT_PROVIDER.verifier_factory)(&algorithm, key)
            .is_ok_and(|verifier| verifier.verify(self.message.as_bytes(), &self.signature).is_ok())
    }

    /// What it says. Believe it only after the signature was checked.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, Rejection> {
        let malformed = |_| Rejection::malformed("the token's claims cannot be read");
        let payload = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| malformed(()))?;
        serde_json::from_slice(&payload).map_err(|_| malformed(()))
    }
}
