//! What an operator wants to know.

use std::fmt;

use crate::store::Grant;

/// Something that matters for security, or that an audit log records. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A refresh token was used after its successor: somebody else has a copy. The whole family is revoked.
    RefreshReused(Holder),
    /// A code was used a second time. What it gave is revoked.
    CodeReused(Holder),
    /// A token of another client was presented, or one that is bound to another key.
    TokenMisused(Holder),
    /// A client could not show who it is.
    ClientRefused {
        /// The identifier it named.
        client: String,
        /// Where it came from, where that is known.
        address: Option<String>,
    },
    /// A name and password did not fit.
    LoginRefused {
        /// Where it came from, where that is known.
        address: Option<String>,
    },
    /// So many attempts that further ones are not looked at for a while.
    Throttled {
        /// What was attempted.
        what: &'static str,
        /// Where it came from, where that is known.
        address: Option<String>,
    },
    /// A person agreed.
    Allowed(Holder),
    /// A person did not agree.
    Denied {
        /// The client.
        client: String,
    },
    /// A token was issued.
    Issued {
        /// For whom.
        holder: Holder,
        /// How: `authorization_code`, `refresh_token` or `client_credentials`.
        grant: &'static str,
    },
    /// A grant or token was revoked on request.
    Revoked {
        /// The client that asked.
        client: String,
    },
    /// A client registered itself.
    Registered {
        /// Its new identifier.
        client: String,
        /// Where it came from, where that is known.
        address: Option<String>,
    },
    /// Tokens are signed with a new key.
    KeyRotated {
        /// Its name.
        key: String,
    },
}

/// Whose grant something is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The client.
    pub client: String,
    /// The organisation.
    pub org: String,
    /// The person, or the client itself.
    pub user: String,
    /// The family of tokens; empty where a client acts for itself.
    pub family: String,
}

impl Holder {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            client: grant.client.clone(),
            org: grant.org.clone(),
            user: grant.user.clone(),
            family: grant.id.clone(),
        }
    }
}

impl Event {
    /// Whether somebody does what they should not.
    #[must_use]
    pub const fn is_suspicious(&self) -> bool {
        matches!(
            self,
            Self::RefreshReused(_)
                | Self::CodeReused(_)
                | Self::TokenMisused(_)
                | Self::ClientRefused { .. }
                | Self::LoginRefused { .. }
                | Self::Throttled { .. }
        )
    }
}

/// Is told of every event, in the order in which they happen. It must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn observe(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}

/// Writes events to the log: suspicious ones as warnings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log;

impl Observer for Log {
    fn observe(&self, event: &Event) {
        if event.is_suspicious() {
            tracing::warn!(%event, "suspicious");
        } else {
            tracing::info!(%event, "authority");
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = |address: &Option<String>| address.clone().unwrap_or_else(|| "unknown address".to_owned());
        match self {
            Self::RefreshReused(holder) => {
                write!(f, "a refresh token was used twice, its family is revoked: {holder}")
            }
            Self::CodeReused(holder) => write!(f, "a code was used twice, what it gave is revoked: {holder}"),
            Self::TokenMisused(holder) => write!(f, "a token was presented by somebody else: {holder}"),
            Self::ClientRefused { client, address } => {
                write!(f, "client {client:?} could not show who it is, from {}", from(address))
            }
            Self::LoginRefused { address } => write!(f, "a login failed, from {}", from(address)),
            Self::Throttled { what, address } => {
                write!(f, "too many attempts of {what}, from {}", from(address))
            }
            Self::Allowed(holder) => write!(f, "a person agreed: {holder}"),
            Self::Denied { client } => write!(f, "a person did not agree to client {client:?}"),
            Self::Issued { holder, grant } => write!(f, "token issued by {grant}: {holder}"),
            Self::Revoked { client } => write!(f, "a token was revoked by client {client:?}"),
            Self::Registered { client, address } => {
                write!(f, "client {client:?} registered, from {}", from(address))
            }
            Self::KeyRotated { key } => write!(f, "tokens are signed with the new key {key:?}"),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "client {:?}, org {:?}, user {:?}, family {:?}",
            self.client, self.org, self.user, self.family
        )
    }
}
