//! SQLite, as every file of a memory is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::MemoryError;

/// How long a process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a file for reading and writing; it is made if it is not there. Committed is on the disk; deleted is overwritten.
pub(crate) fn open(path: &Path) -> Result<Connection, MemoryError> {
    let failed = MemoryError::doing("opened");
    let db = Connection::open(path).map_err(&failed)?;
    db.busy_timeout(PATIENCE).map_err(&failed)?;
    // The mode of the journal is a property of the file; asking for what is there takes no lock.
    let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
        PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8000;";
    db.execute_batch(pragmas).map_err(&failed)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Opens a file that is there for reading.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, MemoryError> {
    let failed = MemoryError::doing("opened");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(path, flags).map_err(&failed)?;
    db.busy_timeout(PATIENCE).map_err(&failed)?;
    let pragmas = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2000;";
    db.execute_batch(pragmas).map_err(&failed)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Moves everything from the log into the file and empties the log, so that what was deleted is in neither.
pub(crate) fn truncate(db: &Connection) -> rusqlite::Result<()> {
    let is_busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            None,
        ));
    }
    Ok(())
}
