//! Sessions and approvals in a file that several processes share.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::pending::{MOST, sorted};
use super::{Digest, Pending, Session, Store, StoreError};

/// How long a process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS sessions (name TEXT PRIMARY KEY, state TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS sessions_seen ON sessions (seen);
    CREATE TABLE IF NOT EXISTS approvals (digest TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS waiting (digest TEXT PRIMARY KEY, call TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
";

/// Keeps sessions and approvals in SQLite.
#[derive(Debug)]
pub struct SqliteStore(Mutex<Connection>);

fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    doing: &'static str,
) -> impl Fn(E) -> StoreError {
    move |error| StoreError::new(doing, error)
}

impl SqliteStore {
    /// Opens a file; it is made if it is not there.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = failed("opened");
        let db = Connection::open(path).map_err(&failed)?;
        db.busy_timeout(PATIENCE).map_err(&failed)?;
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;").map_err(&failed)?;
        db.execute_batch(TABLES).map_err(&failed)?;
        Ok(Self(Mutex::new(db)))
    }

    /// Forgets sessions that were not used since a time, and approvals and waiting calls that have expired by then.
    ///
    /// # Errors
    /// The store failed.
    pub fn expire(&self, before: u64) -> Result<(), StoreError> {
        self.within("expired", |tx| {
            let before = clock(before);
            tx.execute("DELETE FROM sessions WHERE seen < ?1", [before])?;
            tx.execute("DELETE FROM approvals WHERE until < ?1", [before])?;
            tx.execute("DELETE FROM waiting WHERE until < ?1", [before])?;
            Ok(())
        })
    }

    /// Runs a transaction that nobody else writes beside.
    fn within<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut db = self.0.lock();
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(doing))?;
        let done = act(&tx).map_err(failed(doing))?;
        tx.commit().map_err(failed(doing))?;
        Ok(done)
    }
}

/// Milliseconds as SQLite holds them.
fn clock(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn update(&self, name: &str, change: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError> {
        self.within("changed", |tx| {
            let state: Option<String> = tx
                .prepare_cached("SELECT state FROM sessions WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()?;
            let broken = |error: serde_json::Error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
            };
            let mut session = state.map_or_else(
                || Ok(Session::default()),
                |state| serde_json::from_str(&state).map_err(broken),
            )?;
            let before = session.clone();
            change(&mut session);
            if session != before {
                let state = serde_json::to_string(&session)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                let put = "INSERT INTO sessions (name, state, seen) VALUES (?1, ?2, ?3)
                    ON CONFLICT (name) DO UPDATE SET state = excluded.state, seen = excluded.seen";
                tx.prepare_cached(put)?.execute(params![name, state, clock(session.seen)])?;
            }
            Ok(())
        })
    }

    fn forget(&self, session: &str) -> Result<(), StoreError> {
        self.within("forgotten", |tx| tx.execute("DELETE FROM sessions WHERE name = ?1", [session]).map(drop))
    }

    fn grant(&self, digest: Digest, until: u64) -> Result<(), StoreError> {
        let put = "INSERT INTO approvals (digest, until) VALUES (?1, ?2) ON CONFLICT (digest) DO UPDATE SET until = excluded.until";
        self.within("approved", |tx| tx.execute(put, params![digest.to_string(), clock(until)]).map(drop))
    }

    fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        let until = self.within("approved", |tx| {
            let take = "DELETE FROM approvals WHERE digest = ?1 RETURNING until";
            tx.query_row(take, [digest.to_string()], |row| row.get::<_, i64>(0)).optional()
        })?;
        Ok(until.is_some_and(|until| clock(now) < until))
    }

    fn wait(&self, pending: &Pending) -> Result<(), StoreError> {
        let call = serde_json::to_string(pending).map_err(failed("made wait"))?;
        self.within("made wait", |tx| {
            let put = "INSERT INTO waiting (digest, call, until) VALUES (?1, ?2, ?3)
                ON CONFLICT (digest) DO UPDATE SET call = excluded.call, until = excluded.until";
            tx.execute(put, params![pending.digest.to_string(), call, clock(pending.until)])?;
            let oldest = "DELETE FROM waiting WHERE digest IN
                (SELECT digest FROM waiting ORDER BY until DESC, digest LIMIT -1 OFFSET ?1)";
            tx.execute(oldest, [i64::try_from(MOST).unwrap_or(i64::MAX)]).map(drop)
        })
    }

    fn waiting(&self, now: u64) -> Result<Vec<Pending>, StoreError> {
        let calls: Vec<String> = self.within("listed", |tx| {
            let mut all = tx.prepare_cached("SELECT call FROM waiting WHERE until > ?1")?;
            all.query_map([clock(now)], |row| row.get(0))?.collect()
        })?;
        let read: Result<Vec<Pending>, _> = calls.iter().map(|call| serde_json::from_str(call)).collect();
        Ok(sorted(read.map_err(failed("listed"))?.into_iter(), now))
    }

    fn settle(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        let until = self.within("settled", |tx| {
            let take = "DELETE FROM waiting WHERE digest = ?1 RETURNING until";
            tx.query_row(take, [digest.to_string()], |row| row.get::<_, i64>(0)).optional()
        })?;
        Ok(until.is_some_and(|until| clock(now) < until))
    }
}
