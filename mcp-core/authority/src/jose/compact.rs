//! The compact form: three parts of base64url with dots between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Jwk, Signer};
use crate::error::Internal;

/// No proof or assertion comes near.
const LONGEST: usize = 16 * 1024;

/// A signed object whose signature was not looked at yet.
#[derive(Debug)]
pub(crate) struct Compact<'a> {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    message: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let new = Self {
            header: read(header)?,
            claims: read(claims)?,
            message: message.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        };
        // Extensions that must be understood: we know none (RFC 7515, 4.1.11).
        (!new.header.contains_key("crit")).then_some(new)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whole seconds.
    pub(crate) fn time(&self, name: &str) -> Option<u64> {
        let value = self.claims.get(name)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        value.as_u64().or_else(|| value.as_f64().filter(|time| *time >= 0.0).map(|time| time as u64))
    }

    /// Whether a claim, which may be a text or a list, names one of these.
    pub(crate) fn names(&self, claim: &str, any: &[&str]) -> bool {
        match self.claims.get(claim) {
            Some(Value::String(text)) => any.contains(&text.as_str()),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(|text| any.contains(&text)),
            _ => false,
        }
    }

    /// Whether the key signed it with the algorithm of the header.
    pub(crate) fn is_signed_by(&self, key: &Jwk) -> bool {
        self.header("alg").is_some_and(|algorithm| key.verify(algorithm, self.message, &self.signature))
    }
}

/// Header, claims and signature.
pub(crate) fn sign(signer: &Signer, header: &Value, claims: &Value) -> Result<String, Internal> {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = signer.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
