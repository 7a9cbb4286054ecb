//! What here and there agreed on: a file of identifiers and versions beside the store. Without it, all is compared anew.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use super::decide::Agreed;
use crate::crypto::Lookup;
use crate::store::sql::{self, Db, For, values};
use crate::{Id, MemoryError};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS agreed (
    place BLOB NOT NULL, memory BLOB NOT NULL, mark TEXT NOT NULL, version INTEGER, updated INTEGER, PRIMARY KEY (place, memory)
) WITHOUT ROWID";
/// What came later: a file of before says of no memory that it was tied to anything.
const TIES: &str = "ALTER TABLE agreed ADD COLUMN ties INTEGER NOT NULL DEFAULT 0";

/// What is known of a scope at a remote. While it is open, nobody else synchronises the directory.
pub(super) struct Known {
    db: Db,
    place: [u8; 16],
    /// Locked.
    _alone: File,
}

impl Known {
    /// Waits for whoever synchronises the directory at this moment.
    pub(super) fn open(directory: &Path, remote: &str, prefix: &str) -> Result<Self, MemoryError> {
        let failed = MemoryError::doing("synchronised");
        let alone = File::create(directory.join("sync.lock")).map_err(&failed)?;
        alone.lock().map_err(&failed)?;
        let failed = MemoryError::doing("synchronised");
        let db = Db::open_file(&directory.join("sync.db")).map_err(&failed)?;
        db.batch(SCHEMA).map_err(&failed)?;
        let has_ties = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('agreed') WHERE name = 'ties')";
        if !db.one(has_ties, &[], |row| row.get::<bool>(0)).map_err(&failed)? {
            db.batch(TIES).map_err(&failed)?;
        }
        // The names are no secrets; this only makes them short.
        let place = Lookup::new(&[0; 32]).of("place", &[remote.as_bytes(), prefix.as_bytes()]);
        Ok(Self { db, place, _alone: alone })
    }

    pub(super) fn all(&self) -> Result<BTreeMap<Id, Agreed>, MemoryError> {
        let query = "SELECT memory, mark, version, updated, ties FROM agreed WHERE place = ?1";
        let read = |row: &sql::Row<'_>| {
            let here: (Option<u32>, Option<i64>) = (row.get(2)?, row.get(3)?);
            Ok((Id(row.get(0)?), row.get::<String>(1)?, here.0.zip(here.1), row.get(4)?))
        };
        let rows = self.db.query(query, values![self.place], read).map_err(MemoryError::doing("read"))?;
        // A mark that cannot be read is as good as none.
        let agreed = |(id, mark, here, ties): (Id, String, _, _)| {
            Some((id, Agreed { there: mark.parse().ok()?, here, ties }))
        };
        Ok(rows.into_iter().filter_map(agreed).collect())
    }

    /// Notes what is agreed on now; nothing where nobody has the memory any more.
    pub(super) fn note(&self, agreed: &[(Id, Option<Agreed>)]) -> Result<(), MemoryError> {
        let failed = MemoryError::doing("written");
        let transaction = self.db.begin(For::Writing).map_err(&failed)?;
        for (id, agreed) in agreed {
            let done = match agreed {
                Some(Agreed { there, here, ties }) => {
                    let (version, updated) = here.unzip();
                    let insert = "INSERT INTO agreed (place, memory, mark, version, updated, ties) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                        ON CONFLICT (place, memory) DO UPDATE SET mark = excluded.mark, version = excluded.version, updated = excluded.updated,
                        ties = excluded.ties";
                    transaction.execute(
                        insert,
                        values![self.place, id.0, *there.to_string(), version, updated, ties],
                    )
                }
                None => {
                    let delete = "DELETE FROM agreed WHERE place = ?1 AND memory = ?2";
                    transaction.execute(delete, values![self.place, id.0])
                }
            };
            done.map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)
    }
}
