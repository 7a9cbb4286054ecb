//! API keys that are gone with the process. For tests and trials.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::{ApiKeyError, ApiKeyRecord, ApiKeyStore};

/// Keeps API keys in memory.
#[derive(Debug, Default)]
pub struct MemoryApiKeys(Mutex<HashMap<String, ApiKeyRecord>>);

#[async_trait::async_trait]
impl ApiKeyStore for MemoryApiKeys {
    async fn insert(&self, record: &ApiKeyRecord) -> Result<(), ApiKeyError> {
        match self.0.lock().entry(record.id.clone()) {
            std::collections::hash_map::Entry::Occupied(_) => Err(ApiKeyError("the name is taken".into())),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(record.clone());
                Ok(())
            }
        }
    }

    async fn find(&self, id: &str) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
        Ok(self.0.lock().get(id).cloned())
    }

    async fn list(&self, org: &str) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
        let mut all: Vec<_> = self.0.lock().values().filter(|record| record.org == org).cloned().collect();
        all.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        Ok(all)
    }

    async fn touch(&self, id: &str, when: u64) -> Result<(), ApiKeyError> {
        if let Some(record) = self.0.lock().get_mut(id) {
            record.last_used = record.last_used.max(Some(when));
        }
        Ok(())
    }

    async fn revoke(&self, org: &str, id: &str, when: u64) -> Result<bool, ApiKeyError> {
        let mut all = self.0.lock();
        let Some(record) = all.get_mut(id).filter(|record| record.org == org && record.revoked.is_none())
        else {
            return Ok(false);
        };
        record.revoked = Some(when);
        Ok(true)
    }
}
