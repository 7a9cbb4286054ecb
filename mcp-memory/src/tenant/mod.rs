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
use crate::store::sql::Sight;
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
        let seen = Sight::of_each(readable.iter().map(|(namespace, _)| *namespace));
        let row = self.engine.reader.read(&seen, |db| read::by_id(db, id))?;
        let now = self.engine.now();
        let current = |row: &Row| row.expires.is_none_or(|expires| expires > now);
        let of = |row: &Row| {
            readable.iter().find(|(namespace, _)| *namespace == row.namespace).map(|(_, scope)| scope.clone())
        };
        if let Some(row) = row.filter(current)
            && let Some(scope) = of(&row)
        {
            return Ok((row, scope));
        }
        // They are told that there is none, whether there is or not; it takes as long.
        if self
            .engine
            .reader
            .read(&Sight::Everything, |db| read::by_id(db, id))?
            .is_some_and(|row| current(&row))
        {
            let about = About { scope: None, id: Some(*id), memories: 0 };
            self.engine.audit.denied(now, &self.access, action, about)?;
        }
        Err(MemoryError::NotFound { id: id.to_string() })
    }

    /// A memory that the caller may change.
    fn row_to_change(&self, id: &Id, action: Action) -> Result<(Row, Scope), MemoryError> {
        let (row, scope) = self.row_for(id, action)?;
        self.check_write(&scope, action, Some(*id))?;
        Ok((row, scope))
    }
}
