//! How much there is, of what, and how often it is used.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Tenant;
use crate::store::sql::{Db, Sight, values};
use crate::{Id, MemoryError, Quota, Scope};

/// What a scope has in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ScopeStats {
    /// Memories that count.
    pub memories: usize,
    /// Memories that others superseded.
    pub superseded: usize,
    /// How many there are of each kind, of those that count.
    pub types: BTreeMap<String, usize>,
    /// How many have each tag, of those that count.
    pub tags: BTreeMap<String, usize>,
    /// Conversations that any of them belongs to.
    pub sessions: usize,
    /// Memories with a vector of the model that searches go by.
    pub vectors: usize,
    /// When the first of them was learned, in milliseconds since 1970.
    pub oldest: Option<i64>,
    /// When the last was.
    pub newest: Option<i64>,
}

/// How often a memory was found or read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// How often. What was not yet written when a process died is not in it.
    pub uses: u64,
    /// When last, in milliseconds since 1970.
    pub last: Option<i64>,
}

/// What somebody stored, wherever it is, and what they may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Consumption {
    /// Memories.
    pub memories: u64,
    /// Bytes of them in the store.
    pub bytes: u64,
}

impl Tenant {
    /// What a scope has in it; nothing where the caller may not read it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn stats(&self, scope: &Scope) -> Result<ScopeStats, MemoryError> {
        let now = self.engine.now();
        self.in_view(scope, |_, view| Ok(view.stats(now)))
    }

    /// How often a memory was found or read.
    ///
    /// # Errors
    /// There is none that the caller may read.
    pub fn usage(&self, id: &Id) -> Result<Usage, MemoryError> {
        let (row, _) = self.row(id)?;
        let kept: Option<(u64, i64)> = self.engine.reader.read(&Sight::of(row.namespace), |db| {
            let query = "SELECT uses, last FROM used WHERE memory = ?1";
            db.first(query, values![id.0], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(MemoryError::doing("read"))
        })?;
        let (uses, last) = kept.map_or((0, None), |(uses, last)| (uses, Some(last)));
        let (more, later) = self.engine.used.of(id);
        Ok(Usage { uses: uses + more, last: later.or(last) })
    }

    /// What the caller has stored so far, in all scopes.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn consumption(&self) -> Result<Consumption, MemoryError> {
        let subject = self.subject();
        self.engine.reader.read(&Sight::of_each([]).with(subject), |db| consumption(db, &subject))
    }
}

/// Refuses what is more than a quota allows.
pub(crate) fn within(db: &Db, subject: &[u8; 16], quota: Quota) -> Result<(), MemoryError> {
    if quota == Quota::default() {
        return Ok(());
    }
    let stored = consumption(db, subject)?;
    for (limit, has, of) in
        [(quota.memories, stored.memories, "memories"), (quota.bytes, stored.bytes, "bytes")]
    {
        if let Some(limit) = limit.filter(|limit| has > *limit) {
            return Err(MemoryError::Quota { limit, of });
        }
    }
    Ok(())
}

/// What a subject has stored.
fn consumption(db: &Db, subject: &[u8; 16]) -> Result<Consumption, MemoryError> {
    let query = "SELECT memories, bytes FROM stored WHERE subject = ?1";
    let found = db
        .first(query, values![subject], |row| Ok(Consumption { memories: row.get(0)?, bytes: row.get(1)? }));
    found.map(Option::unwrap_or_default).map_err(MemoryError::doing("read"))
}
