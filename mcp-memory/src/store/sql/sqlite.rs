//! SQLite, as every file of a memory is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Error;

/// How long a process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a file for reading and writing; it is made if it is not there. Committed is on the disk; deleted is overwritten.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    let db = Connection::open(path)?;
    db.busy_timeout(PATIENCE)?;
    // The mode of the journal is a property of the file; asking for what is there takes no lock.
    let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
        PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8000;";
    db.execute_batch(pragmas)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Opens a file that is there for reading.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(PATIENCE)?;
    let pragmas = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2000;";
    db.execute_batch(pragmas)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Moves everything from the log into the file and empties the log, so that what was deleted is in neither.
pub(super) fn truncate(db: &Connection) -> Result<(), Error> {
    let is_busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None).into());
    }
    Ok(())
}
