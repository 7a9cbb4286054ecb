//! Why a request is refused, and how a client hears of it (RFC 6750, RFC 9449).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// A request is refused before anything of it was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct Rejection {
    /// Why.
    pub reason: Reason,
    /// The tenant that the credential names; absent unless the credential is genuine.
    pub org: Option<Box<str>>,
    /// The caller that the credential names; absent unless the credential is genuine.
    pub user: Option<Box<str>>,
}

/// Why a request is refused. The texts go to the client: they name no key, token or claim value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There are no credentials.
    Missing,
    /// The credentials cannot be read.
    Malformed(Cow<'static, str>),
    /// Signature, issuer, audience, time or another claim is wrong.
    Invalid(Cow<'static, str>),
    /// The credential was good once.
    Expired,
    /// The credential was taken back.
    Revoked,
    /// A proof of possession is missing or wrong.
    Proof(Cow<'static, str>),
    /// A proof must carry this nonce.
    Nonce(Box<str>),
    /// The credential lacks these scopes.
    Scope(Vec<String>),
    /// It cannot be told now: keys cannot be fetched, a store is down.
    Unavailable {
        /// What is not there.
        what: &'static str,
        /// When it may be there again.
        retry_after: Duration,
    },
}

impl Rejection {
    /// There are no credentials.
    pub const MISSING: Self = Self::new(Reason::Missing);

    /// A rejection of nobody in particular.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, org: None, user: None }
    }

    /// A rejection of a caller whose credential is genuine.
    pub(super) fn of(org: &str, user: &str, reason: Reason) -> Self {
        Self { reason, org: Some(org.into()), user: Some(user.into()) }
    }

    pub(super) fn invalid(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::Invalid(problem.into()))
    }

    pub(super) fn malformed(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::Malformed(problem.into()))
    }

    pub(super) fn proof(problem: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::Proof(problem.into()))
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.reason {
            Reason::Scope(_) => StatusCode::FORBIDDEN,
            Reason::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// A word for logs and metrics, one of few.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.reason {
            Reason::Missing => "missing",
            Reason::Malformed(_) => "malformed",
            Reason::Invalid(_) => "invalid",
            Reason::Expired => "expired",
            Reason::Revoked => "revoked",
            Reason::Proof(_) => "proof",
            Reason::Nonce(_) => "nonce",
            Reason::Scope(_) => "scope",
            Reason::Unavailable { .. } => "unavailable",
        }
    }

    /// The `error` of a challenge; none where the client did nothing wrong yet.
    pub(super) const fn error(&self) -> Option<&'static str> {
        match self.reason {
            Reason::Missing | Reason::Unavailable { .. } => None,
            Reason::Malformed(_) | Reason::Invalid(_) | Reason::Expired | Reason::Revoked => {
                Some("invalid_token")
            }
            Reason::Proof(_) => Some("invalid_dpop_proof"),
            Reason::Nonce(_) => Some("use_dpop_nonce"),
            Reason::Scope(_) => Some("insufficient_scope"),
        }
    }

    /// Whether the scheme of the challenge is `DPoP`.
    pub(super) const fn is_about_proof(&self) -> bool {
        matches!(self.reason, Reason::Proof(_) | Reason::Nonce(_))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("credentials are missing: send `Authorization: Bearer TOKEN`"),
            Self::Malformed(problem) | Self::Invalid(problem) | Self::Proof(problem) => f.write_str(problem),
            Self::Expired => f.write_str("the credential has expired"),
            Self::Revoked => f.write_str("the credential was revoked"),
            Self::Nonce(_) => f.write_str("the proof must carry the nonce of header `DPoP-Nonce`"),
            Self::Scope(needed) => write!(f, "this needs the scope `{}`", needed.join(" ")),
            Self::Unavailable { what, .. } => write!(f, "{what} cannot be had now: try again later"),
        }
    }
}
