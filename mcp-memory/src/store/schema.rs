//! The tables, and how older ones become them.

use super::sql::{Db, For, Location, Sight};
use crate::MemoryError;

/// Makes the next format of the one before.
enum Step {
    /// Other tables.
    Tables(&'static str),
    /// The tables are guarded, where the database can do that.
    Guard,
}

/// The first makes a store of nothing.
const STEPS: &[Step] = &[Step::Tables("
CREATE TABLE store (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE namespace (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tag BLOB NOT NULL UNIQUE, key INTEGER NOT NULL, name BLOB NOT NULL,
    owner BLOB, next INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE memory (
    row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, namespace INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    subject BLOB NOT NULL, version INTEGER NOT NULL, state INTEGER NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, valid_from INTEGER, valid_to INTEGER, expires INTEGER,
    session BLOB, sequence INTEGER, same BLOB, key INTEGER NOT NULL, body BLOB NOT NULL, model INTEGER, vector BLOB
);
CREATE UNIQUE INDEX memory_ordinal ON memory (namespace, ordinal);
CREATE UNIQUE INDEX memory_same ON memory (namespace, same) WHERE same IS NOT NULL;
CREATE INDEX memory_session ON memory (namespace, session, sequence) WHERE session IS NOT NULL;
CREATE INDEX memory_subject ON memory (subject);
CREATE INDEX memory_expires ON memory (expires) WHERE expires IS NOT NULL;
CREATE TABLE past (
    memory BLOB NOT NULL, version INTEGER NOT NULL, event INTEGER NOT NULL, at INTEGER NOT NULL, subject BLOB NOT NULL,
    namespace INTEGER NOT NULL, key INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (memory, version)
);
CREATE INDEX past_subject ON past (subject);
CREATE TABLE link (
    source BLOB NOT NULL, target BLOB NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (source, target, kind)
) WITHOUT ROWID;
CREATE INDEX link_target ON link (target);
CREATE TABLE used (memory BLOB PRIMARY KEY, uses INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dimension INTEGER NOT NULL);
CREATE TABLE change (seq INTEGER PRIMARY KEY AUTOINCREMENT, namespace INTEGER NOT NULL, ordinal INTEGER NOT NULL);
"), Step::Tables("
CREATE TABLE stored (subject BLOB PRIMARY KEY, memories INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO stored SELECT subject, count(*), sum(length(body) + coalesce(length(vector), 0)) FROM memory GROUP BY subject;
"), Step::Guard];

/// The format of this version.
pub(super) const FORMAT: i64 = STEPS.len() as i64;

/// Brings a store to the format of this version, all or nothing.
pub(super) fn migrate(db: &Db, location: &Location) -> Result<(), MemoryError> {
    let failed = MemoryError::doing("opened");
    let check = |found: i64| {
        if found > FORMAT {
            return Err(MemoryError::Format { path: location.name(), found, supported: FORMAT });
        }
        Ok(usize::try_from(found).unwrap_or_default())
    };
    if check(db.format().map_err(&failed)?)? == STEPS.len() {
        return Ok(());
    }
    let transaction = db.begin(For::Writing).map_err(&failed)?;
    transaction.see(&Sight::Everything).map_err(&failed)?;
    // Another process may have been faster.
    let found = check(transaction.format().map_err(&failed)?)?;
    for step in STEPS.iter().skip(found) {
        match step {
            Step::Tables(tables) => transaction.define(tables).map_err(&failed)?,
            Step::Guard => transaction.guard().map_err(&failed)?,
        }
    }
    transaction.set_format(FORMAT).map_err(&failed)?;
    transaction.commit().map_err(&failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::values;

    #[test]
    fn what_an_older_version_left_is_brought_up_to_date_with_what_is_in_it() {
        let db = Db::of_sqlite(rusqlite::Connection::open_in_memory().unwrap());
        let Step::Tables(tables) = &STEPS[0] else { panic!("the first step makes tables") };
        db.define(tables).unwrap();
        let insert = "INSERT INTO memory (id, namespace, ordinal, subject, version, state, created, updated, key, body, vector)
            VALUES (?1, 1, ?1, ?2, 1, 0, 0, 0, 1, x'0102', ?3)";
        for (id, subject, vector) in [(1i64, "a", Some("xyz")), (2, "a", None), (3, "b", None)] {
            db.execute(insert, values![id, subject, vector]).unwrap();
        }
        db.set_format(1).unwrap();
        let location = Location::File("x".into());
        migrate(&db, &location).unwrap();
        migrate(&db, &location).unwrap();
        let query = "SELECT subject, memories, bytes FROM stored ORDER BY subject";
        let stored = db.query(query, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        assert_eq!(stored, [("a".to_owned(), 2i64, 7i64), ("b".to_owned(), 1, 2)]);
        assert_eq!(db.format().unwrap(), FORMAT);
    }
}
