//! Tasks in memory.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Limits, Owner, StoreError, Task, TaskStore, Timestamp};

/// Keeps tasks in memory, as long as the process lives.
#[derive(Default)]
pub struct MemoryStore(Mutex<Table>);

#[derive(Default)]
struct Table {
    tasks: HashMap<String, Task>,
    owned: HashMap<Owner, usize>,
    expiring: BTreeSet<(Timestamp, String)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Table {
    fn remove(&mut self, id: &str) {
        let Some(task) = self.tasks.remove(id) else { return };
        if let Some(expires) = task.expires() {
            self.expiring.remove(&(expires, task.id));
        }
        if let Some(owned) = self.owned.get_mut(&task.owner) {
            *owned -= 1;
            if *owned == 0 {
                self.owned.remove(&task.owner);
            }
        }
    }

    fn remove_expired(&mut self, now: Timestamp) {
        while let Some((expires, id)) = self.expiring.first().cloned()
            && expires <= now
        {
            self.remove(&id);
        }
    }
}

#[async_trait]
impl TaskStore for MemoryStore {
    async fn create(&self, task: &Task, limits: Limits) -> Result<(), StoreError> {
        let mut table = self.0.lock();
        table.remove_expired(task.created);
        if table.tasks.len() >= limits.total {
            return Err(StoreError::Full);
        }
        if table.owned.get(&task.owner).copied().unwrap_or_default() >= limits.per_owner {
            return Err(StoreError::OwnerFull);
        }
        *table.owned.entry(task.owner.clone()).or_default() += 1;
        if let Some(expires) = task.expires() {
            table.expiring.insert((expires, task.id.clone()));
        }
        table.tasks.insert(task.id.clone(), task.clone());
        Ok(())
    }

    async fn get(&self, owner: &Owner, id: &str) -> Result<Option<Task>, StoreError> {
        Ok(self.0.lock().tasks.get(id).filter(|task| task.owner == *owner).cloned())
    }

    async fn finish(&self, task: &Task) -> Result<(), StoreError> {
        let mut table = self.0.lock();
        if let Some(kept) = table.tasks.get_mut(&task.id).filter(|kept| kept.owner == task.owner) {
            kept.clone_from(task);
        }
        Ok(())
    }

    async fn remove(&self, owner: &Owner, id: &str) -> Result<(), StoreError> {
        let mut table = self.0.lock();
        if table.tasks.get(id).is_some_and(|task| task.owner == *owner) {
            table.remove(id);
        }
        Ok(())
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        self.0.lock().remove_expired(now);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("tasks", &self.0.lock().tasks.len()).finish()
    }
}
