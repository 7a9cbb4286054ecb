//! Where tasks are kept.

use async_trait::async_trait;

use super::{Owner, Task, Timestamp};
use crate::service::BoxError;

/// Keeps tasks. A store serves one process at a time: what it holds of a process before, and what
/// was not finished then, is lost work.
///
/// While a task runs, the process knows how it stands; the store sees its creation and its end.
#[async_trait]
pub trait TaskStore: Send + Sync + 'static {
    /// Adds a task. It is durable when this returns. What expired before `task.created` does not
    /// count against the limits.
    async fn create(&self, task: &Task, limits: Limits) -> Result<(), StoreError>;

    /// Reads a task of an owner; tasks of others do not exist.
    async fn get(&self, owner: &Owner, id: &str) -> Result<Option<Task>, StoreError>;

    /// Writes how a task ended. It is durable when this returns; a task that is gone stays gone.
    async fn finish(&self, task: &Task) -> Result<(), StoreError>;

    /// Removes a task, if it is there.
    async fn remove(&self, owner: &Owner, id: &str) -> Result<(), StoreError>;

    /// Removes what has expired.
    async fn remove_expired(&self, now: Timestamp) -> Result<(), StoreError>;
}

/// How many tasks may be kept, finished ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub total: usize,
    /// Per owner. All anonymous callers are one.
    pub per_owner: usize,
}

/// A store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It holds as many tasks as it may.
    #[error("the server keeps as many tasks as it allows")]
    Full,
    /// It holds as many tasks of this owner as it may.
    #[error("the caller has as many tasks as the server allows")]
    OwnerFull,
    /// It failed.
    #[error("the store of tasks failed")]
    Failed(#[source] BoxError),
}
