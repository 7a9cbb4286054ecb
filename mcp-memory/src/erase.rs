//! Forgetting a person, so that it can be proved.

use serde::Serialize;

use crate::audit::{About, Action};
use crate::crypto::KeyId;
use crate::engine::Engine;
use crate::store::sql::{self, Db, Sight, Transaction, Value, values};
use crate::store::write;
use crate::{Id, Memory, MemoryError};

/// What became of a request to forget somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Begins with the destruction of the person's key. To be asked about with [`Memory::receipt`].
    pub epoch: i64,
    /// Memories that were removed.
    pub memories: usize,
    /// Earlier versions of memories that were removed.
    pub versions: usize,
    /// Handles of this directory, in this process or others, that may still have something in memory.
    pub pending: usize,
}

impl Receipt {
    /// Whether nothing is left anywhere.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.pending == 0
    }
}

impl Memory {
    /// Forgets a user of an organisation: everything that they stored, wherever they did. Their key is destroyed first, so that
    /// no backup can be read either; then their memories and all that hangs on them are overwritten.
    ///
    /// # Errors
    /// They are under a legal hold, or the store cannot be written. What was begun is finished by the next call, or when the memory is opened again.
    pub fn erase(&self, org: &str, user: &str) -> Result<Receipt, MemoryError> {
        let engine = &self.0;
        let subject = engine.sealing.ring().subject(org, user);
        // INVARIANT: the epoch begins before the memories are removed. Whoever writes with the old key commits before the removal,
        // or sees the new epoch.
        let epoch = engine.sealing.ring().destroy(&subject)?;
        let (memories, versions) = engine.remove(subject)?;
        engine.catch_up()?;
        engine.sweep()?;
        engine.used.forget();
        let about = About { memories, ..About::default() };
        engine.audit.done(engine.now(), (org, user), Action::Erase, about)?;
        Ok(Receipt { epoch, memories, versions, pending: engine.behind(epoch)? })
    }

    /// How far an erasure has come.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn receipt(&self, receipt: &Receipt) -> Result<Receipt, MemoryError> {
        Ok(Receipt { pending: self.0.behind(receipt.epoch)?, ..receipt.clone() })
    }
}

impl Engine {
    /// Finishes what was begun when somebody was erased and cut off: their keys are gone, their memories need not be.
    pub(crate) fn finish_erasures(&self) -> Result<(), MemoryError> {
        for subject in self.sealing.ring().erasing()? {
            self.remove(subject)?;
        }
        Ok(())
    }

    /// Removes what a subject stored before their key was destroyed, and counts memories and earlier versions.
    fn remove(&self, subject: [u8; 16]) -> Result<(usize, usize), MemoryError> {
        let sealing = self.sealing.clone();
        let removed = self.writer.write(Sight::Everything, move |db| {
            // Who has come back meanwhile has another key.
            let current = sealing.ring().current(&subject)?.unwrap_or(-1);
            remove_subject(db, &subject, current)
        })?;
        self.empty_log()?;
        self.sealing.ring().erased(&subject)?;
        Ok(removed)
    }

    /// Moves everything from the log into the file, so that what was removed is in neither.
    pub(crate) fn empty_log(&self) -> Result<(), MemoryError> {
        // What nobody can open need not be overwritten.
        let tables: &[&str] = if self.sealing.ring().encrypts() {
            &[]
        } else {
            &["memory", "past", "namespace", "link", "used"]
        };
        self.writer.outside(move |db| db.clear_deleted(tables).map_err(MemoryError::doing("written")))
    }
}

/// Removes all that a subject stored with other keys than one, and what hangs on it.
fn remove_subject(
    db: &Transaction<'_>,
    subject: &[u8; 16],
    current: KeyId,
) -> Result<(usize, usize), MemoryError> {
    let failed = MemoryError::doing("written");
    let delete = "DELETE FROM past WHERE subject = ?1 AND key <> ?2";
    let versions = db.execute(delete, values![subject, current]).map_err(&failed)?;
    let places = places(db, "subject = ?1 AND key <> ?2", values![subject, current])?;
    for (id, namespace, ordinal) in &places {
        write::remove(db, id, *namespace, *ordinal)?;
    }
    // The name of a namespace that is theirs alone.
    let delete = "DELETE FROM namespace WHERE owner = ?1 AND key <> ?2";
    db.execute(delete, values![subject, current]).map_err(&failed)?;
    Ok((places.len(), versions))
}

/// Identifier, namespace and ordinal of all memories for which something holds.
pub(crate) fn places(
    db: &Db,
    condition: &str,
    values: &[Value<'_>],
) -> Result<Vec<(Id, i64, u32)>, MemoryError> {
    let query = format!("SELECT id, namespace, ordinal FROM memory WHERE {condition}");
    let read = |row: &sql::Row<'_>| Ok((Id(row.get(0)?), row.get(1)?, row.get(2)?));
    db.query(&query, values, read).map_err(MemoryError::doing("read"))
}
