//! Entries in SQLite.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Entry, Store, StoreError, Sync};

/// What is kept may only become a stub: the database itself refuses anything else.
const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, org TEXT NOT NULL, line TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS audit_keep BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'entries of the audit log stay'); END;
CREATE TRIGGER IF NOT EXISTS audit_stub BEFORE UPDATE ON audit
  WHEN NEW.seq <> OLD.seq OR NEW.line NOT LIKE '{"seq":' || OLD.seq || ',"erased":%' BEGIN
  SELECT RAISE(ABORT, 'entries of the audit log stay'); END;
"#;

pub(super) struct Sqlite(Connection);

impl Sqlite {
    pub(super) fn open(path: &Path, strict: bool) -> Result<Self, StoreError> {
        let opened = || {
            let db = Connection::open(path)?;
            db.pragma_update(None, "journal_mode", "wal")?;
            // NORMAL: a commit is in the hands of the operating system; FULL: on the disk.
            db.pragma_update(None, "synchronous", if strict { "full" } else { "normal" })?;
            db.execute_batch(SCHEMA)?;
            Ok::<_, rusqlite::Error>(db)
        };
        opened().map(Self).map_err(StoreError::doing("opened"))
    }

    fn insert(&mut self, entries: &[Entry<'_>]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO audit (seq, org, line) VALUES (?1, ?2, ?3)")?;
            for entry in entries {
                insert.execute(params![entry.seq.cast_signed(), entry.org, entry.line])?;
            }
        }
        transaction.commit()
    }

    fn update(&mut self, entries: &[Entry<'_>]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut update = transaction.prepare_cached("UPDATE audit SET line = ?2 WHERE seq = ?1")?;
            for entry in entries {
                update.execute(params![entry.seq.cast_signed(), entry.line])?;
            }
        }
        transaction.commit()
    }
}

impl Store for Sqlite {
    fn last(&mut self) -> Result<Option<String>, StoreError> {
        let last = "SELECT line FROM audit ORDER BY seq DESC LIMIT 1";
        self.0.query_row(last, [], |row| row.get(0)).optional().map_err(StoreError::doing("opened"))
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        self.insert(entries).map_err(StoreError::doing("written"))
    }

    fn sync(&mut self) -> Sync {
        let done = self.0.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        Box::new(move || done.map_err(StoreError::doing("synced")))
    }

    fn read(&mut self, visit: &mut dyn FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let failed = StoreError::doing("read");
        let mut select = self.0.prepare("SELECT line FROM audit ORDER BY seq").map_err(&failed)?;
        let mut rows = select.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            visit(row.get_ref(0).map_err(&failed)?.as_str().unwrap_or_default())?;
        }
        Ok(())
    }

    fn replace(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        self.update(entries).map_err(StoreError::doing("shortened"))
    }
}
