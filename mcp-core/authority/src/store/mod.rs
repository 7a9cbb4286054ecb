//! What must survive: clients that registered, codes, grants, refresh tokens and signing keys.

mod memory;
mod model;
#[cfg(feature = "sqlite")]
mod sqlite;

use async_trait::async_trait;

pub use crate::random::Digest;
pub use memory::MemoryStore;
pub use model::{Code, Grant, Redeemed, Refresh, Rotation, StoredClient, StoredKey};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteStore};

/// Keeps what the authority must not forget. Times are seconds since 1970; secrets come as their SHA-256.
///
/// Each method is one transaction: what it says happened wholly or not at all, also when the process is killed.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Adds a client that registered itself, if fewer than `most` live.
    ///
    /// # Errors
    /// There are as many as allowed ([`StoreError::Full`]), or the store failed.
    async fn add_client(&self, client: &StoredClient, most: usize, now: u64) -> Result<(), StoreError>;

    /// A client that registered itself and has not expired.
    ///
    /// # Errors
    /// The store failed.
    async fn client(&self, id: &str, now: u64) -> Result<Option<StoredClient>, StoreError>;

    /// Lets a client live until then, if that is later.
    ///
    /// # Errors
    /// The store failed.
    async fn keep_client(&self, id: &str, until: u64) -> Result<(), StoreError>;

    /// Adds a code.
    ///
    /// # Errors
    /// The store failed.
    async fn add_code(&self, digest: &Digest, code: &Code) -> Result<(), StoreError>;

    /// A code, used or not.
    ///
    /// # Errors
    /// The store failed.
    async fn code(&self, digest: &Digest) -> Result<Option<Code>, StoreError>;

    /// Uses a code: its grant begins, bound to this key if there is one, with a first refresh token if there is one.
    ///
    /// # Errors
    /// The store failed.
    async fn redeem(
        &self,
        digest: &Digest,
        key: Option<&str>,
        refresh: Option<&Refresh>,
        now: u64,
    ) -> Result<Redeemed, StoreError>;

    /// A grant that lives.
    ///
    /// # Errors
    /// The store failed.
    async fn grant(&self, id: &str, now: u64) -> Result<Option<Grant>, StoreError>;

    /// The living grant of a refresh token, and when the token expires. The token may be used already.
    ///
    /// # Errors
    /// The store failed.
    async fn refresh(&self, digest: &Digest, now: u64) -> Result<Option<(Grant, Refresh)>, StoreError>;

    /// Replaces a refresh token. A token that was used before is taken again for `grace` seconds, while none of its
    /// successors was used: that is a client whose requests overlap, or which lost an answer. Any other second use
    /// revokes the grant.
    ///
    /// # Errors
    /// The store failed.
    async fn rotate(&self, old: &Digest, new: &Refresh, grace: u64, now: u64)
    -> Result<Rotation, StoreError>;

    /// Ends a grant with all its tokens. False if it was over.
    ///
    /// # Errors
    /// The store failed.
    async fn revoke_grant(&self, id: &str) -> Result<bool, StoreError>;

    /// Ends all grants of a person, and says how many.
    ///
    /// # Errors
    /// The store failed.
    async fn revoke_person(&self, org: &str, user: &str) -> Result<usize, StoreError>;

    /// Remembers until then that an access token is not to be used.
    ///
    /// # Errors
    /// The store failed.
    async fn revoke_token(&self, id: &str, until: u64) -> Result<(), StoreError>;

    /// Whether an access token is not to be used.
    ///
    /// # Errors
    /// The store failed.
    async fn is_token_revoked(&self, id: &str) -> Result<bool, StoreError>;

    /// The signing keys, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Adds a signing key, and retires all others as of its creation.
    ///
    /// # Errors
    /// The store failed.
    async fn add_key(&self, key: &StoredKey) -> Result<(), StoreError>;

    /// Replaces signing keys by others of the same names, all of them or none: only their bodies and what they are sealed
    /// with change. What they were leaves no trace, as far as the store can see to that.
    ///
    /// # Errors
    /// The store failed.
    async fn replace_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;

    /// Whether what it keeps outlives the process, and so may be read by others.
    fn is_durable(&self) -> bool {
        true
    }

    /// Forgets what has expired, and keys that were retired before `keys`.
    ///
    /// # Errors
    /// The store failed.
    async fn sweep(&self, now: u64, keys: u64) -> Result<(), StoreError>;
}

/// A store cannot do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There are as many as allowed.
    #[error("the store is full")]
    Full,
    /// It cannot be read or written.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
