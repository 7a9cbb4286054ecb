//! A memory as one caller has it: there is no other way to it.

mod change;
mod draft;
mod known;
mod list;
mod store;

use std::sync::Arc;

pub use change::{Edit, Past};
pub use list::{Cursor, Page};
pub use store::Stored;

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
        let (row, scope) = self.row(id)?;
        Ok((row.record(&self.engine.sealing)?, scope))
    }

    /// A memory that the caller may read.
    fn row(&self, id: &Id) -> Result<(Row, Scope), MemoryError> {
        let readable = self.engine.readable(&self.access)?;
        let row = self.engine.reader.read(|db| read::by_id(db, id))?;
        let now = self.engine.now();
        row.filter(|row| row.expires.is_none_or(|expires| expires > now))
            .and_then(|row| {
                let (_, scope) = readable.into_iter().find(|(namespace, _)| *namespace == row.namespace)?;
                Some((row, scope))
            })
            .ok_or_else(|| MemoryError::NotFound { id: id.to_string() })
    }

    /// A memory that the caller may change.
    fn row_to_change(&self, id: &Id) -> Result<(Row, Scope), MemoryError> {
        let (row, scope) = self.row(id)?;
        self.access.check_write(&scope)?;
        Ok((row, scope))
    }
}
