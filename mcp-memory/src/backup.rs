//! Copies of the data, which are worth nothing without the key ring.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use serde::Serialize;

#[cfg(feature = "postgres")]
use crate::crypto::random;
use crate::crypto::{KeyId, KeyRing, Master};
use crate::derived::Folder;
#[cfg(feature = "postgres")]
use crate::store::sql::Sight;
use crate::store::sql::{self, Db, For, Location, Transaction, values};
use crate::store::{self, Bound, Sealing, write};
use crate::{Id, Memory, MemoryError, erase, live};

/// Pages that are copied at once, between which others may write.
const PAGES: i32 = 1_000;

/// What a restore brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// Memories that are there again.
    pub memories: usize,
    /// Memories of people who were erased since: they are not.
    pub forgotten: usize,
}

impl Memory {
    /// Copies the data to a file while others read and write. The copy is encrypted, also where the memory is not, and can be
    /// read with the key ring only: keep that elsewhere.
    ///
    /// # Errors
    /// The file is there already, or cannot be written.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), MemoryError> {
        let to = to.as_ref();
        if to.exists() {
            return Err(MemoryError::invalid("to", "is there already: name a new file"));
        }
        let beside = to.with_extension("part");
        drop(fs::remove_file(&beside));
        let done = self.copy(&beside).and_then(|()| {
            fs::rename(&beside, to).map_err(MemoryError::doing("backed up"))?;
            let folder =
                to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(MemoryError::doing("backed up"))
        });
        drop(fs::remove_file(&beside));
        done
    }

    fn copy(&self, to: &Path) -> Result<(), MemoryError> {
        let failed = MemoryError::doing("backed up");
        let mut copy = Connection::open(to).map_err(&failed)?;
        self.0.reader.connection(|db| {
            let Some(db) = db.as_sqlite() else {
                let problem =
                    "is for a memory in files: copy this one with `pg_dump`, and its key ring elsewhere";
                return Err(MemoryError::invalid("backup", problem));
            };
            let backup = Backup::new(db, &mut copy).map_err(&failed)?;
            backup.run_to_completion(PAGES, std::time::Duration::ZERO, None).map_err(&failed)
        })?;
        let (copy, failed) = (Db::of_sqlite(copy), MemoryError::doing("backed up"));
        // One file, with nothing beside it.
        copy.batch("PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON").map_err(&failed)?;
        if !self.0.sealing.ring().encrypts() {
            let transaction = copy.begin(For::Writing).map_err(&failed)?;
            convert(&transaction, &self.0.sealing, true)?;
            transaction.commit().map_err(&failed)?;
        }
        copy.batch("VACUUM").map_err(&failed)?;
        drop(copy);
        File::open(to).and_then(|file| file.sync_all()).map_err(MemoryError::doing("backed up"))
    }

    /// Puts the data of a backup in the place of what is in a directory, whose key ring stays. Nobody may have it open.
    ///
    /// # Errors
    /// Somebody has it open, the key ring is not the backup's, or the directory cannot be written.
    pub fn restore(
        directory: impl AsRef<Path>,
        from: impl AsRef<Path>,
        master: &Master,
        encrypt: bool,
    ) -> Result<Restored, MemoryError> {
        let (directory, failed) = (directory.as_ref(), MemoryError::doing("restored"));
        if live::files::is_open(directory)? {
            return Err(MemoryError::invalid("directory", "somebody has it open: stop them first"));
        }
        let keys = directory.join("keys.db");
        if !keys.exists() {
            return Err(MemoryError::Keys {
                problem: "there is none in the directory: put the one of the backup there",
            });
        }
        let ring = KeyRing::open(&Location::File(keys), master, encrypt)?;
        let (path, beside) = (directory.join("memory.db"), directory.join("memory.db.new"));
        fs::copy(from, &beside).map_err(&failed)?;
        let restored = checked(&beside, ring);
        let restored = restored.inspect_err(|_| drop(fs::remove_file(&beside)))?;
        for old in ["memory.db-wal", "memory.db-shm"] {
            drop(fs::remove_file(directory.join(old)));
        }
        Folder::of(directory, Vec::new()).clear().map_err(&failed)?;
        fs::rename(&beside, &path).map_err(&failed)?;
        File::open(directory).and_then(|folder| folder.sync_all()).map_err(&failed)?;
        Ok(restored)
    }
}

#[cfg(feature = "postgres")]
impl Memory {
    /// To be called once after a dump of its database was restored, when nobody else has it open: removes the memories of people who were
    /// erased since the dump was made (nobody can read them), and lets no machine search what it derived of the state before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn restored(&self) -> Result<Restored, MemoryError> {
        let (engine, failed) = (&self.0, MemoryError::doing("restored"));
        let since: [u8; 16] = random()?;
        let sealing = engine.sealing.clone();
        let restored = engine.writer.write(Sight::Everything, move |db| {
            let note = "INSERT INTO store (name, value) VALUES ('since', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            db.execute(note, values![since]).map_err(MemoryError::doing("restored"))?;
            forget_erased(db, sealing.ring())
        })?;
        engine.folder.renew(since.to_vec()).map_err(&failed)?;
        engine.forget();
        Ok(restored)
    }
}

/// Removes from a copy what was erased since it was made, and leaves the rest as the directory keeps it.
fn checked(path: &Path, ring: KeyRing) -> Result<Restored, MemoryError> {
    let failed = MemoryError::doing("restored");
    let db = store::open(&Location::File(path.to_owned()), &ring)?;
    let sealing = Sealing::new(Arc::new(ring));
    let transaction = db.begin(For::Writing).map_err(&failed)?;
    let restored = forget_erased(&transaction, sealing.ring())?;
    if !sealing.ring().encrypts() {
        convert(&transaction, &sealing, false)?;
    }
    transaction.commit().map_err(&failed)?;
    db.clear_deleted(&[]).map_err(&failed)?;
    db.batch("PRAGMA journal_mode = DELETE").map_err(&failed)?;
    Ok(restored)
}

/// Removes what was sealed with keys that were destroyed.
fn forget_erased(db: &Transaction<'_>, ring: &KeyRing) -> Result<Restored, MemoryError> {
    let failed = MemoryError::doing("restored");
    // INVARIANT: asked for within the transaction. Whoever has a new key has not written with it yet.
    let keys = ring.ids()?;
    let mut restored = Restored { memories: erase::places(db, "true", &[])?.len(), forgotten: 0 };
    for key in used_keys(db)?.into_iter().filter(|key| !keys.contains(key)) {
        db.execute("DELETE FROM past WHERE key = ?1", values![key]).map_err(&failed)?;
        db.execute("DELETE FROM namespace WHERE key = ?1", values![key]).map_err(&failed)?;
        for (id, namespace, ordinal) in erase::places(db, "key = ?1", values![key])? {
            restored.forgotten += 1;
            restored.memories -= 1;
            write::remove(db, &id, namespace, ordinal)?;
        }
    }
    Ok(restored)
}

fn used_keys(db: &Db) -> Result<Vec<KeyId>, MemoryError> {
    let query = "SELECT key FROM memory UNION SELECT key FROM past UNION SELECT key FROM namespace";
    db.query(query, &[], |row| row.get(0)).map_err(MemoryError::doing("restored"))
}

/// A column with values that are sealed or in clear, and what the values are bound to.
struct Column {
    table: &'static str,
    name: &'static str,
    bound: &'static str,
    read: fn(&sql::Row<'_>) -> Result<Bound, sql::Error>,
}

const COLUMNS: [Column; 4] = [
    Column { table: "memory", name: "body", bound: "id, version", read: |row| value(row, b'b') },
    Column { table: "memory", name: "vector", bound: "id, version", read: |row| value(row, b'v') },
    Column { table: "past", name: "body", bound: "memory, version", read: |row| value(row, b'b') },
    Column { table: "namespace", name: "name", bound: "tag", read: |row| Ok(Bound::Name(row.get(3)?)) },
];

fn value(row: &sql::Row<'_>, kind: u8) -> Result<Bound, sql::Error> {
    Ok(Bound::Value(Id(row.get(3)?), row.get(4)?, kind))
}

/// Seals all values, or opens them all.
fn convert(db: &Db, sealing: &Sealing, seal: bool) -> Result<(), MemoryError> {
    let failed = MemoryError::doing("written");
    for Column { table, name, bound, read } in &COLUMNS {
        let query = format!("SELECT rowid, key, {name}, {bound} FROM {table} WHERE {name} IS NOT NULL");
        let update = format!("UPDATE {table} SET {name} = ?2 WHERE rowid = ?1");
        db.each(&query, &[], &failed, |row| {
            let get = || Ok((row.get(0)?, row.get(1)?, row.get(2)?, read(row)?));
            let (place, key, value, bound): (i64, KeyId, Vec<u8>, Bound) = get().map_err(&failed)?;
            let converted = sealing.converted(key, &bound, &value, seal)?;
            db.execute(&update, values![place, converted]).map(drop).map_err(&failed)
        })?;
    }
    Ok(())
}
