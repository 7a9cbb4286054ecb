//! Tokens that are gone when the program ends.

use std::collections::HashMap;
use std::fmt;

use parking_lot::Mutex;

use super::{Saved, StoreError, StoreKey, TokenStore};

/// Keeps tokens in memory.
#[derive(Default)]
pub struct MemoryStore(Mutex<HashMap<StoreKey, Saved>>);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait::async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Saved>, StoreError> {
        Ok(self.0.lock().get(key).cloned())
    }

    async fn save(&self, key: &StoreKey, saved: &Saved) -> Result<(), StoreError> {
        self.0.lock().insert(key.clone(), saved.clone());
        Ok(())
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.0.lock().remove(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}
