//! How often memories are used: counted in memory, and written now and then.

use std::collections::HashMap;

use crate::store::sql::{Transaction, values};
use crate::{Id, MemoryError};
use parking_lot::Mutex;

/// Memories that are counted before they have to be written.
const MOST: usize = 10_000;

/// Uses that are not yet written.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<HashMap<Id, (u64, i64)>>);

impl Used {
    pub(crate) fn note(&self, ids: impl IntoIterator<Item = Id>, now: i64) {
        let mut used = self.0.lock();
        for id in ids {
            if used.len() >= MOST && !used.contains_key(&id) {
                continue;
            }
            let (uses, last) = used.entry(id).or_default();
            *uses += 1;
            *last = (*last).max(now);
        }
    }

    /// How often one was used, and when last.
    pub(crate) fn of(&self, id: &Id) -> (u64, Option<i64>) {
        self.0.lock().get(id).map_or((0, None), |(uses, last)| (*uses, Some(*last)))
    }

    /// Takes what is to be written.
    pub(crate) fn take(&self) -> HashMap<Id, (u64, i64)> {
        std::mem::take(&mut self.0.lock())
    }

    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }
}

/// Adds uses to those that are kept; not of what is gone.
pub(crate) fn write(db: &Transaction<'_>, used: &HashMap<Id, (u64, i64)>) -> Result<(), MemoryError> {
    let failed = MemoryError::doing("written");
    let insert = "INSERT INTO used (memory, uses, last) SELECT id, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT) FROM memory WHERE id = ?1
        ON CONFLICT (memory) DO UPDATE SET uses = used.uses + excluded.uses,
        last = CASE WHEN excluded.last > used.last THEN excluded.last ELSE used.last END";
    for (id, (uses, last)) in used {
        db.execute(insert, values![id.0, uses, last]).map_err(&failed)?;
    }
    Ok(())
}
