//! Who calls.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The caller, as established by authentication. Absent where a server runs without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Principal {
    /// Who vouched for the caller.
    pub issuer: String,
    /// The organisation (tenant).
    pub org: String,
    /// The person or service.
    pub user: String,
    /// The role within the organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The plan the organisation pays for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What the credential was issued for.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
}

impl Principal {
    /// A principal known by organisation and user.
    pub fn new(org: impl Into<String>, user: impl Into<String>) -> Self {
        Self { org: org.into(), user: user.into(), ..Self::default() }
    }

    /// Whether both are the same caller, whatever role or scopes their credentials carry.
    #[must_use]
    pub fn is_same_caller(&self, other: &Self) -> bool {
        (&self.issuer, &self.org, &self.user) == (&other.issuer, &other.org, &other.user)
    }
}

/// Whether two possibly anonymous callers are the same.
#[must_use]
pub fn same_caller(a: Option<&Principal>, b: Option<&Principal>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.is_same_caller(b),
        _ => false,
    }
}
