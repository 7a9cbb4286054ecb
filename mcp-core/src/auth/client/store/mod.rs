//! Where tokens stay between runs.

mod error;
mod file;
mod memory;
mod saved;

pub use error::StoreError;
pub use file::FileStore;
pub use memory::MemoryStore;
pub use saved::Saved;
pub(super) use saved::{Grant, Kind};

/// Keeps tokens and registrations. One store can serve many accounts and servers.
#[async_trait::async_trait]
pub trait TokenStore: Send + Sync + 'static {
    /// What was saved under a key.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn load(&self, key: &StoreKey) -> Result<Option<Saved>, StoreError>;

    /// Saves under a key, in place of what was there.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn save(&self, key: &StoreKey, saved: &Saved) -> Result<(), StoreError>;

    /// Forgets a key.
    ///
    /// # Errors
    /// The store cannot be written.
    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError>;
}

/// Whose tokens, and for which server. What belongs to each authorization server is apart in [`Saved`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct StoreKey {
    /// The person or tenant, as the application names them.
    pub account: String,
    /// The URL of the MCP server.
    pub server: String,
}

impl StoreKey {
    /// A key.
    pub fn new(account: impl Into<String>, server: impl Into<String>) -> Self {
        Self { account: account.into(), server: server.into() }
    }
}
