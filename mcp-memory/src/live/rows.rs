//! Handles as rows of PostgreSQL. The server holds a lock for each, for as long as a connection of its own lasts.
//!
//! A handle whose connection broke lives on, and has words in memory still. It forgets them as soon as it notices; until it must have, it
//! counts as one that has not.

use crate::MemoryError;
use crate::crypto::random;
use crate::store::sql::{Db, Error, For, Location, values};

const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS live (node BIGINT PRIMARY KEY, epoch BIGINT NOT NULL, missing BIGINT)";
/// Whether the server holds the lock of a handle.
const IS_HELD: &str =
    "EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32) | objid::bigint = node)";
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
/// Milliseconds after which a handle without a lock is dead, or has forgotten: it looks every 200.
const GRACE: i64 = 5_000;

pub(crate) struct Presence {
    location: Location,
    db: Db,
    node: i64,
}

impl Presence {
    pub(super) fn enter(location: &Location, epoch: i64) -> Result<Self, MemoryError> {
        let node = number()?;
        let db = entered(location, node, epoch, None).map_err(MemoryError::doing("opened"))?;
        Ok(Self { location: location.clone(), db, node })
    }

    /// Whether its lock is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.db.is_lost()
    }

    /// Makes itself known again, when nothing is left of what it had in memory.
    pub(super) fn again(&mut self, epoch: i64) -> Result<(), MemoryError> {
        let node = number()?;
        let entered = entered(&self.location, node, epoch, Some(self.node));
        self.db = entered.map_err(MemoryError::doing("opened"))?;
        self.node = node;
        Ok(())
    }

    pub(super) fn passed(&self, epoch: i64) -> Result<(), MemoryError> {
        let update = "UPDATE live SET epoch = ?2 WHERE node = ?1";
        let passed = self.db.execute(update, values![self.node, epoch]);
        passed.map(drop).map_err(MemoryError::doing("written"))
    }

    pub(super) fn behind(&self, epoch: i64) -> Result<usize, MemoryError> {
        let count = || {
            let mark = format!("UPDATE live SET missing = {NOW} WHERE missing IS NULL AND NOT {IS_HELD}");
            self.db.execute(&mark, &[])?;
            let clear = format!("DELETE FROM live WHERE missing < {NOW} - {GRACE}");
            self.db.execute(&clear, &[])?;
            let query = "SELECT count(*) FROM live WHERE epoch < ?1";
            self.db.one(query, values![epoch], |row| row.get(0))
        };
        count().map_err(MemoryError::doing("read"))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // Where it cannot be removed, whoever misses its lock does that.
        drop(self.db.execute("DELETE FROM live WHERE node = ?1", values![self.node]));
    }
}

/// A number for a lock. Without a sign: halves of it stand in the list of locks.
fn number() -> Result<i64, MemoryError> {
    Ok(i64::from_le_bytes(random()?) & (i64::MAX >> 1))
}

/// A connection that holds a lock, which a row stands for.
fn entered(location: &Location, node: i64, epoch: i64, before: Option<i64>) -> Result<Db, Error> {
    let db = location.open()?;
    let transaction = db.begin(For::Writing)?;
    transaction.batch(TABLE)?;
    // INVARIANT: held before the row is seen.
    transaction.one("SELECT pg_advisory_lock(?1)", values![node], |_| Ok(()))?;
    transaction.execute("DELETE FROM live WHERE node = ?1", values![before])?;
    transaction.execute("INSERT INTO live (node, epoch) VALUES (?1, ?2)", values![node, epoch])?;
    transaction.commit()?;
    // With the connection the lock is lost: nothing is to be asked on another one.
    db.pin();
    Ok(db)
}
