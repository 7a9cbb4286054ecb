//! A memory as one caller has it: there is no other way to it.

mod change;
mod draft;
mod known;
mod link;
mod list;
mod stats;
mod store;

use std::sync::Arc;

pub use change::{Edit, Past};
pub use link::{Link, Relation};
pub use list::{Cursor, Page};
pub(crate) use stats::within;
pub use stats::{Consumption, ScopeStats, Usage};
pub(crate) use store::Place;
pub use store::Stored;

use crate::audit::{About, Action};
use crate::engine::Handle;
use crate::store::{Row, read};
use crate::{Access, Id, MemoryError, Record, Scope};

/// What a caller may read and write. Made by [`Memory::of`](crate::Memory::of).
#[derive(Debug, Clone)]
pub struct Tenant {
    pub(crate) engine: Arc<Handle>,
    pub(crate) access: Access,
}

impl Tenant {
    pub(crate) const fn new(engine: Arc<Handle>, access: Access) -> Self {
        Self { engine, access }
    }

    /// The caller.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// A memory.
    ///
    /// # Errors
    /// There is none with this identifier that the caller may read.
    pub fn get(&self, id: &Id) -> Result<(Record, Scope), MemoryError> {
        let (record, scope) = self.record(id)?;
        self.engine.used.note([*id], self.engine.now());
        self.told(Action::Read, About { scope: Some(scope.to_string()), id: Some(*id), memories: 1 })?;
        Ok((record, scope))
    }

    /// A memory, of which nobody is told that it was read.
    fn record(&self, id: &Id) -> Result<(Record, Scope), MemoryError> {
        let (row, scope) = self.row(id)?;
        Ok((row.record(&self.engine.sealing)?, scope))
    }

    /// The same for a user in whose name the caller acts.
    ///
    /// # Errors
    /// The caller may not act for others: see [`Access::act_as`].
    pub fn acting_for(&self, user: &str) -> Result<Self, MemoryError> {
        match self.access.acting_for(user) {
            Ok(access) => Ok(Self::new(Arc::clone(&self.engine), access)),
            Err(error) => {
                if matches!(error, MemoryError::Forbidden { .. }) {
                    let about = About { scope: Some(format!("user:{user}")), ..About::default() };
                    self.engine.audit.denied(self.engine.now(), &self.access, Action::ActAs, about)?;
                }
                Err(error)
            }
        }
    }

    /// Tells the audit log of what the caller did.
    pub(crate) fn told(&self, action: Action, about: About) -> Result<(), MemoryError> {
        let (org, user) = (self.access.org(), self.access.user());
        self.engine.audit.done(self.engine.now(), (org, user), action, about)
    }

    /// Refuses a caller who may not write somewhere, and tells the audit log.
    pub(crate) fn check_write(
        &self,
        scope: &Scope,
        action: Action,
        id: Option<Id>,
    ) -> Result<(), MemoryError> {
        let checked = self.access.check_write(scope);
        if checked.is_err() {
            let about = About { scope: Some(scope.to_string()), id, memories: 0 };
            self.engine.audit.denied(self.engine.now(), &self.access, action, about)?;
        }
        checked
    }

    /// Who the caller's memories are erased with.
    fn subject(&self) -> [u8; 16] {
        self.engine.sealing.ring().subject(self.access.org(), self.access.user())
    }

    /// A memory that the caller may read.
    fn row(&self, id: &Id) -> Result<(Row, Scope), MemoryError> {
        self.row_for(id, Action::Read)
    }

    fn row_for(&self, id: &Id, action: Action) -> Result<(Row, Scope), MemoryError> {
        let readable = self.engine.readable(&self.access)?;
        let row = self.engine.reader.read(|db| read::by_id(db, id))?;
        let now = self.engine.now();
        let none = || MemoryError::NotFound { id: id.to_string() };
        let row = row.filter(|row| row.expires.is_none_or(|expires| expires > now)).ok_or_else(none)?;
        let Some((_, scope)) = readable.into_iter().find(|(namespace, _)| *namespace == row.namespace) else {
            // They are told that there is none.
            let about = About { scope: None, id: Some(*id), memories: 0 };
            self.engine.audit.denied(now, &self.access, action, about)?;
            return Err(none());
        };
        Ok((row, scope))
    }

    /// A memory that the caller may change.
    fn row_to_change(&self, id: &Id, action: Action) -> Result<(Row, Scope), MemoryError> {
        let (row, scope) = self.row_for(id, action)?;
        self.check_write(&scope, action, Some(*id))?;
        Ok((row, scope))
    }
}
