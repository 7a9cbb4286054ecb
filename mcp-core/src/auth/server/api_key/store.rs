//! Where API keys are kept.

use std::collections::BTreeSet;
use std::fmt;

use crate::service::BoxError;

/// What is known of an API key. Times are seconds since 1970.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiKeyRecord {
    /// Its name: the second part of the key.
    pub id: String,
    /// The keyed hash of the whole key.
    pub hash: [u8; 32],
    /// The organisation whose key it is.
    pub org: String,
    /// Who uses it.
    pub user: String,
    /// What it is for, in words.
    pub label: String,
    /// The caller's role.
    pub role: Option<String>,
    /// The caller's plan.
    pub plan: Option<String>,
    /// What it may be used for.
    pub scopes: BTreeSet<String>,
    /// When it was made.
    pub created: u64,
    /// Until when it is good.
    pub expires: Option<u64>,
    /// When it was last used, to the minute.
    pub last_used: Option<u64>,
    /// When it was taken back.
    pub revoked: Option<u64>,
}

impl ApiKeyRecord {
    /// What is known of a key at the least. For stores: the rest is set by field.
    #[must_use]
    pub const fn new(id: String, hash: [u8; 32]) -> Self {
        Self {
            id,
            hash,
            org: String::new(),
            user: String::new(),
            label: String::new(),
            role: None,
            plan: None,
            scopes: BTreeSet::new(),
            created: 0,
            expires: None,
            last_used: None,
            revoked: None,
        }
    }
}

/// A store of API keys is down.
#[derive(Debug, thiserror::Error)]
#[error("the store of API keys failed")]
pub struct ApiKeyError(#[source] pub BoxError);

/// Keeps API keys. Stores of several processes may be one.
#[async_trait::async_trait]
pub trait ApiKeyStore: Send + Sync + 'static {
    /// Keeps a key that is new.
    ///
    /// # Errors
    /// The store is down, or has a key of that name.
    async fn insert(&self, record: &ApiKeyRecord) -> Result<(), ApiKeyError>;

    /// A key by its name.
    ///
    /// # Errors
    /// The store is down.
    async fn find(&self, id: &str) -> Result<Option<ApiKeyRecord>, ApiKeyError>;

    /// The keys of an organisation, the newest first.
    ///
    /// # Errors
    /// The store is down.
    async fn list(&self, org: &str) -> Result<Vec<ApiKeyRecord>, ApiKeyError>;

    /// Notes that a key was used.
    ///
    /// # Errors
    /// The store is down.
    async fn touch(&self, id: &str, when: u64) -> Result<(), ApiKeyError>;

    /// Takes a key of an organisation back. Whether there was one that was good.
    ///
    /// # Errors
    /// The store is down.
    async fn revoke(&self, org: &str, id: &str, when: u64) -> Result<bool, ApiKeyError>;
}

impl fmt::Debug for ApiKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the hash: who knows the server's secret could test guesses with it.
        f.debug_struct("ApiKeyRecord")
            .field("id", &self.id)
            .field("org", &self.org)
            .field("user", &self.user)
            .field("expires", &self.expires)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}
