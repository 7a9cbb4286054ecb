//! What a store holds.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::scope::Scopes;

/// A client that registered itself.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredClient {
    /// Its identifier.
    pub id: String,
    /// What it registered, as JSON of this crate.
    pub document: String,
    /// Of its secret, if it has one.
    pub secret: Option<Digest>,
    /// When it registered.
    pub issued: u64,
    /// When it is forgotten, unless it is used.
    pub expires: u64,
}

/// What a person gave to a client: the root of a family of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// Its name, which is no secret.
    pub id: String,
    /// Who may use it.
    pub client: String,
    /// The organisation.
    pub org: String,
    /// The person.
    pub user: String,
    /// What for.
    pub scopes: Scopes,
    /// Where.
    pub resource: String,
    /// The name of the key that its tokens are bound to.
    pub key: Option<String>,
    /// When it ends, whatever is refreshed.
    pub expires: u64,
}

/// A code that waits for its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Code {
    /// What it is worth.
    pub grant: Grant,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The SHA-256 of the verifier, in base64url (RFC 7636).
    pub challenge: String,
    /// When it is worth nothing any more. It is remembered longer.
    pub expires: u64,
}

/// A refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Of the token.
    pub digest: Digest,
    /// When it expires.
    pub expires: u64,
}

/// What came of using a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used now, and the grant lives.
    Fresh,
    /// It was used before.
    Used,
    /// There is none, or no longer.
    Unknown,
}

/// What came of using a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The new token is good.
    Rotated,
    /// The old token had been used before: the grant is revoked.
    Reused,
    /// Token or grant is over.
    Ended,
}

/// A private key that signs tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name.
    pub id: String,
    /// `ES256`, `EdDSA` or `RS256`.
    pub algorithm: String,
    /// The key: PKCS#8, or what encryption made of it.
    pub body: Vec<u8>,
    /// The name of the store key that it is encrypted under; none if it is not.
    pub sealed: Option<String>,
    /// When it was made.
    pub created: u64,
    /// When another one took over.
    pub retired: Option<u64>,
}

impl fmt::Debug for StoredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredClient").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("StoredKey");
        shown.field("id", &self.id).field("algorithm", &self.algorithm).field("created", &self.created);
        shown.field("sealed", &self.sealed).field("retired", &self.retired).finish_non_exhaustive()
    }
}
