//! The keys that an issuer signs with.

mod remote;
mod set;

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::Algorithm;
use url::Url;

pub use remote::RemoteKeys;

pub(super) use self::set::{KeySet, public};
use super::Rejection;

/// The keys that an issuer signs with: fixed, or fetched and followed as they rotate.
#[derive(Clone)]
pub struct Keys(Source);

#[derive(Clone)]
enum Source {
    Fixed(Arc<KeySet>),
    Remote(Arc<RemoteKeys>),
}

/// Keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A shared secret that can be guessed.
    #[error("the secret has {found} bytes; at least 32 are needed: `openssl rand -base64 32` makes some")]
    ShortSecret {
        /// How many there are.
        found: usize,
    },
    /// The text is no public key in PEM.
    #[error(
        "the text holds no public key in PEM that can verify signatures (RSA from 2048 bits, P-256, P-384, Ed25519)"
    )]
    Pem,
    /// The text is no key set.
    #[error("the text is no JSON Web Key Set")]
    Set(#[source] serde_json::Error),
    /// Nothing in the set can verify signatures.
    #[error("no key of the set can verify signatures (RSA from 2048 bits, P-256, P-384, Ed25519)")]
    Empty,
}

impl Keys {
    /// A secret that issuer and server share (HS256, HS384, HS512): at least 32 random bytes.
    ///
    /// # Errors
    /// It is shorter.
    pub fn secret(secret: &[u8]) -> Result<Self, KeysError> {
        Ok(Self::fixed(KeySet::secret(secret)?))
    }

    /// A public key in PEM: RSA from 2048 bits, P-256, P-384 or Ed25519.
    ///
    /// # Errors
    /// The text holds none.
    pub fn pem(pem: &str) -> Result<Self, KeysError> {
        Ok(Self::fixed(KeySet::pem(pem)?))
    }

    /// A JSON Web Key Set (RFC 7517) that does not change. What cannot verify signatures is left out.
    ///
    /// # Errors
    /// The text is none, or no key in it is of use.
    pub fn jwks(text: &str) -> Result<Self, KeysError> {
        let set = KeySet::parse(text.as_bytes()).map_err(KeysError::Set)?;
        if set.is_empty() { Err(KeysError::Empty) } else { Ok(Self::fixed(set)) }
    }

    /// The key set at a URL, fetched when it is first needed and followed as it changes.
    #[must_use]
    pub fn at(url: Url) -> RemoteKeys {
        RemoteKeys::at(url)
    }

    /// The key set that an issuer's metadata names (RFC 8414, OpenID Connect).
    #[must_use]
    pub fn of_issuer(issuer: &str) -> RemoteKeys {
        RemoteKeys::of_issuer(issuer)
    }

    fn fixed(set: KeySet) -> Self {
        Self(Source::Fixed(Arc::new(set)))
    }

    /// The set in which the key of a token should be.
    pub(super) async fn set(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<KeySet>, Rejection> {
        match &self.0 {
            Source::Fixed(set) => Ok(Arc::clone(set)),
            Source::Remote(remote) => remote.set(id, algorithm).await,
        }
    }

    /// Which set is in force: what was verified with another may not be good any more.
    pub(super) fn generation(&self) -> u64 {
        match &self.0 {
            Source::Fixed(_) => 0,
            Source::Remote(remote) => remote.generation(),
        }
    }
}

impl From<RemoteKeys> for Keys {
    fn from(remote: RemoteKeys) -> Self {
        Self(Source::Remote(Arc::new(remote)))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(_) => f.write_str("Keys::Fixed"),
            Source::Remote(remote) => remote.fmt(f),
        }
    }
}
