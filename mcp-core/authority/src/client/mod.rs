//! Clients: named by the configuration, registered by themselves, or known by a document.

mod authenticate;
mod document;
mod find;
mod metadata;

use std::collections::BTreeSet;

use mcp_core::auth::client::Secret;
use serde::{Deserialize, Serialize};

pub(crate) use document::Documents;
pub(crate) use find::Unknown;
pub(crate) use metadata::{Registration, Request};

use crate::jose::Jwk;
use crate::people::Person;
use crate::random::{Digest, sha256};
use crate::redirect;
use crate::scope::Scopes;

/// How clients may show who they are (RFC 7591, OpenID Connect Core 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    None,
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
}

/// What a client may ask tokens by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

/// Where a client is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration.
    Configured,
    /// It registered itself: its name is a claim that nobody checked.
    Registered,
    /// A document at the URL that is its identifier.
    Document,
}

#[derive(Clone)]
pub(crate) enum Authentication {
    /// It has nothing to show: whoever knows its identifier can be it.
    None,
    Secret(Digest),
    Keys(Vec<Jwk>),
}

/// A client that the configuration names.
#[derive(Clone)]
#[must_use]
pub struct Client {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) authentication: Authentication,
    pub(crate) grants: BTreeSet<GrantType>,
    /// All that it may ask for; everything if none are named.
    pub(crate) scopes: Option<Scopes>,
    /// Whether its tokens have to be bound to a key.
    pub(crate) dpop: bool,
    pub(crate) origin: Origin,
    /// Who it is when it acts for itself.
    pub(crate) itself: Option<Person>,
    /// Whether it may ask about tokens of others.
    pub(crate) introspects: bool,
}

impl Client {
    /// A client without a secret: an application on people's machines.
    pub fn public(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            redirect_uris: Vec::new(),
            authentication: Authentication::None,
            grants: BTreeSet::from([GrantType::AuthorizationCode, GrantType::RefreshToken]),
            scopes: None,
            dpop: false,
            origin: Origin::Configured,
            itself: None,
            introspects: false,
        }
    }

    /// A client with a secret of at least 16 characters. Only its SHA-256 is kept.
    pub fn confidential(id: impl Into<String>, secret: &Secret) -> Self {
        // What is too short never fits; `build` says so.
        let long = secret.expose().len() >= 16;
        let digest = if long { sha256(secret.expose().as_bytes()) } else { Digest::default() };
        Self { authentication: Authentication::Secret(digest), ..Self::public(id) }
    }

    /// A client that signs with a private key, whose public half is in this JSON Web Key Set (RFC 7517).
    ///
    /// # Errors
    /// The text is no key set, or has no key of P-256, Ed25519 or RSA from 2048 bits.
    pub fn with_keys(id: impl Into<String>, jwks: &str) -> Result<Self, serde_json::Error> {
        let set: metadata::KeySet = serde_json::from_str(jwks)?;
        Ok(Self { authentication: Authentication::Keys(set.keys), ..Self::public(id) })
    }

    /// The name that people see when they are asked.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a place that people may be sent back to. On loopback its port may be another (RFC 8252, 7.3).
    pub fn redirect(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Lets the client get tokens for itself, which say that it is this.
    pub fn acts_as(mut self, itself: Person) -> Self {
        self.grants.insert(GrantType::ClientCredentials);
        self.itself = Some(itself);
        self
    }

    /// The only scopes that it may ask for.
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.scopes = Some(scopes.into_iter().collect());
        self
    }

    /// Gives it only tokens that are bound to a key (DPoP).
    pub const fn dpop(mut self) -> Self {
        self.dpop = true;
        self
    }

    /// Lets it ask about tokens of all clients, as a resource server does.
    pub const fn introspects(mut self) -> Self {
        self.introspects = true;
        self
    }

    pub(crate) const fn is_public(&self) -> bool {
        matches!(self.authentication, Authentication::None)
    }

    /// Whether it registered this redirect URI.
    pub(crate) fn redirects_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| redirect::matches(known, uri))
    }

    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.id.is_empty() || self.id.len() > 512 || !self.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("an identifier has 1 to 512 printable ASCII characters without spaces");
        }
        match &self.authentication {
            Authentication::Secret(digest) if *digest == Digest::default() => {
                return Err("a secret has at least 16 characters");
            }
            Authentication::Keys(keys) if keys.is_empty() => return Err("it has no keys"),
            Authentication::None if self.itself.is_some() => {
                return Err("only a client with a secret or a key can act for itself");
            }
            Authentication::None if self.introspects => {
                return Err("only a client with a secret or a key can ask about tokens");
            }
            _ => {}
        }
        self.redirect_uris.iter().try_for_each(|uri| redirect::check(uri))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("origin", &self.origin).finish_non_exhaustive()
    }
}
