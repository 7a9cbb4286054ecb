//! The log of exposures and feedback in SQLite. It is the only truth: what was learned is computed from it, in its order, by every
//! process alike; snapshots spare the way from the beginning.
//!
//! Commits survive the end of the process at any moment (write-ahead log). After a power failure the last of them may be missing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::exposure::{Exposure, Feedback, Outcome};
use super::upkeep::Upkeep;
use crate::PatternError;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL,
        exposure INTEGER, entry TEXT, principal TEXT, outcome TEXT, undone INTEGER NOT NULL DEFAULT 0, body TEXT);
    CREATE INDEX IF NOT EXISTS by_tenant ON events (tenant, seq);
    CREATE UNIQUE INDEX IF NOT EXISTS once ON events (exposure, entry, principal) WHERE kind = 1 AND undone = 0;
    DROP TABLE IF EXISTS snapshots;
    CREATE TABLE snapshots (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL);
    CREATE TABLE parts (tenant TEXT NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (tenant, part));";
const VERSION: i64 = 2;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    Exposure(Arc<Exposure>),
    Feedback {
        exposure: i64,
        entry: String,
        principal: String,
        outcome: Outcome,
        at: i64,
    },
    /// Feedback was taken back: what was learned has to be computed anew.
    Undo,
}

impl Event {
    pub(super) fn of(feedback: &Feedback<'_>) -> Self {
        Self::Feedback {
            exposure: feedback.exposure,
            entry: feedback.entry.to_owned(),
            principal: feedback.principal.to_owned(),
            outcome: feedback.outcome,
            at: feedback.at,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Store {
    /// Ends before the connection does. None in memory.
    upkeep: Option<Upkeep>,
    connection: Connection,
}

pub(crate) fn failed<E: std::error::Error + Send + Sync + 'static>(
    doing: &'static str,
) -> impl Fn(E) -> PatternError {
    move |source| PatternError::Store { doing, source: Box::new(source) }
}

impl Store {
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, PatternError> {
        let failed = failed("opening");
        let mut connection = match path {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        }
        .map_err(&failed)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(&failed)?;
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;";
        connection.execute_batch(pragmas).map_err(&failed)?;
        let version: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&failed)?;
        if version > VERSION {
            return Err(PatternError::Invalid {
                field: "store".to_owned(),
                problem: format!(
                    "its format {version} is newer than {VERSION}: use a newer version of this program"
                ),
            });
        }
        if version < VERSION {
            let change =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
            // Another process may have been first.
            let version: i64 =
                change.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&failed)?;
            if version < VERSION {
                change.execute_batch(SCHEMA).map_err(&failed)?;
                change.pragma_update(None, "user_version", VERSION).map_err(&failed)?;
            }
            change.commit().map_err(&failed)?;
        }
        let upkeep = path.map(|path| Upkeep::start(path, &connection)).transpose()?;
        Ok(Self { upkeep, connection })
    }

    /// One change after another: nobody else writes until it is committed.
    pub(crate) fn change(&mut self) -> Result<Change<'_>, PatternError> {
        if let Some(upkeep) = &mut self.upkeep {
            upkeep.changed();
        }
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        Ok(Change { transaction: begun.map_err(failed("beginning a change"))? })
    }

    /// Visits what happened after a number, in order.
    pub(crate) fn since(
        &self,
        tenant: &str,
        seq: i64,
        visit: impl FnMut(i64, Event),
    ) -> Result<(), PatternError> {
        since(&self.connection, tenant, seq, visit)
    }

    pub(crate) fn exposure(&self, tenant: &str, id: i64) -> Result<Option<Arc<Exposure>>, PatternError> {
        exposure(&self.connection, tenant, id)
    }

    /// What was learned, and up to which number.
    pub(crate) fn snapshot(
        &self,
        tenant: &str,
        version: i64,
    ) -> Result<Option<(i64, Vec<u8>)>, PatternError> {
        let failed = failed("reading a snapshot");
        // One look at all of it: others may replace it meanwhile.
        let look = self.connection.unchecked_transaction().map_err(&failed)?;
        let known: Option<i64> = look
            .prepare_cached("SELECT seq FROM snapshots WHERE tenant = ?1 AND version = ?2")
            .and_then(|mut found| found.query_row(params![tenant, version], |row| row.get(0)).optional())
            .map_err(&failed)?;
        let Some(seq) = known else { return Ok(None) };
        let mut parts =
            look.prepare_cached("SELECT body FROM parts WHERE tenant = ?1 ORDER BY part").map_err(&failed)?;
        let (mut rows, mut body) = (parts.query([tenant]).map_err(&failed)?, Vec::new());
        while let Some(row) = rows.next().map_err(&failed)? {
            body.extend_from_slice(row.get_ref(0).map_err(&failed)?.as_blob().unwrap_or_default());
        }
        Ok(Some((seq, body)))
    }

    /// Keeps what was learned up to a number, part by part, unless something was taken back meanwhile. A snapshot has megabytes: in one
    /// piece it would be in memory three times.
    pub(crate) fn keep(
        &mut self,
        tenant: &str,
        version: i64,
        seq: i64,
        write: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), PatternError>) -> Result<(), PatternError>,
    ) -> Result<(), PatternError> {
        let failed = failed("keeping a snapshot");
        let change = self.change()?;
        let undone: bool = change
            .transaction
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM events WHERE tenant = ?1 AND seq > ?2 AND kind = 2)",
            )
            .and_then(|mut found| found.query_row(params![tenant, seq], |row| row.get(0)))
            .map_err(&failed)?;
        if undone {
            return Ok(());
        }
        change.drop_snapshot(tenant)?;
        let mut part = 0;
        write(&mut |body| {
            part += 1;
            change
                .transaction
                .prepare_cached("INSERT INTO parts (tenant, part, body) VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| insert.execute(params![tenant, part, body]))
                .map(drop)
                .map_err(&failed)
        })?;
        change
            .transaction
            .execute(
                "INSERT INTO snapshots (tenant, version, seq) VALUES (?1, ?2, ?3)",
                params![tenant, version, seq],
            )
            .map_err(&failed)?;
        change.commit()
    }

    /// Everything of a tenant is deleted.
    pub(crate) fn forget(&mut self, tenant: &str) -> Result<usize, PatternError> {
        let failed = failed("forgetting a tenant");
        let change = self.change()?;
        let many =
            change.transaction.execute("DELETE FROM events WHERE tenant = ?1", [tenant]).map_err(&failed)?;
        change.drop_snapshot(tenant)?;
        // Others have to see that it is gone.
        change.undo_mark(tenant, 0)?;
        change.commit()?;
        let _resting = self.upkeep.as_ref().map(Upkeep::pause);
        self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").map_err(failed)?;
        Ok(many)
    }
}

/// A change that is not committed yet.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    transaction: Transaction<'a>,
}

impl Change<'_> {
    pub(crate) fn since(
        &self,
        tenant: &str,
        seq: i64,
        visit: impl FnMut(i64, Event),
    ) -> Result<(), PatternError> {
        since(&self.transaction, tenant, seq, visit)
    }

    pub(crate) fn exposure(&self, tenant: &str, id: i64) -> Result<Option<Arc<Exposure>>, PatternError> {
        exposure(&self.transaction, tenant, id)
    }

    pub(crate) fn expose(&self, tenant: &str, exposure: &Exposure) -> Result<i64, PatternError> {
        let body = serde_json::to_string(exposure).map_err(failed("writing an exposure"))?;
        self.transaction
            .prepare_cached("INSERT INTO events (tenant, kind, at, body) VALUES (?1, 0, ?2, ?3)")
            .and_then(|mut insert| insert.insert(params![tenant, exposure.at, body]))
            .map_err(failed("writing an exposure"))
    }

    /// None if the same principal has said something of it already.
    pub(crate) fn feed(&self, tenant: &str, feedback: &Feedback<'_>) -> Result<Option<i64>, PatternError> {
        let inserted = self
            .transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO events (tenant, kind, at, exposure, entry, principal, outcome)
                 VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut insert| {
                let Feedback { exposure, entry, principal, at, .. } = feedback;
                insert.execute(params![tenant, at, exposure, entry, principal, word(feedback.outcome)])
            })
            .map_err(failed("writing feedback"))?;
        Ok((inserted > 0).then(|| self.transaction.last_insert_rowid()))
    }

    /// Whether there was such feedback.
    pub(crate) fn undo(&self, tenant: &str, id: i64, at: i64) -> Result<bool, PatternError> {
        let failed = failed("taking feedback back");
        let many = self
            .transaction
            .execute(
                "UPDATE events SET undone = 1 WHERE tenant = ?1 AND seq = ?2 AND kind = 1 AND undone = 0",
                params![tenant, id],
            )
            .map_err(&failed)?;
        if many > 0 {
            self.drop_snapshot(tenant)?;
            self.undo_mark(tenant, at)?;
        }
        Ok(many > 0)
    }

    fn drop_snapshot(&self, tenant: &str) -> Result<(), PatternError> {
        let failed = failed("dropping a snapshot");
        self.transaction.execute("DELETE FROM parts WHERE tenant = ?1", [tenant]).map_err(&failed)?;
        self.transaction.execute("DELETE FROM snapshots WHERE tenant = ?1", [tenant]).map_err(&failed)?;
        Ok(())
    }

    fn undo_mark(&self, tenant: &str, at: i64) -> Result<(), PatternError> {
        self.transaction
            .execute("INSERT INTO events (tenant, kind, at) VALUES (?1, 2, ?2)", params![tenant, at])
            .map(drop)
            .map_err(failed("taking feedback back"))
    }

    pub(crate) fn commit(self) -> Result<(), PatternError> {
        self.transaction.commit().map_err(failed("committing"))
    }
}

fn exposure(connection: &Connection, tenant: &str, id: i64) -> Result<Option<Arc<Exposure>>, PatternError> {
    let body: Option<String> = connection
        .prepare_cached("SELECT body FROM events WHERE seq = ?1 AND tenant = ?2 AND kind = 0")
        .and_then(|mut found| found.query_row(params![id, tenant], |row| row.get(0)).optional())
        .map_err(failed("reading an exposure"))?;
    body.map(|body| parse(id, &body)).transpose()
}

fn parse(id: i64, body: &str) -> Result<Arc<Exposure>, PatternError> {
    let exposure: Exposure = serde_json::from_str(body).map_err(failed("reading an exposure"))?;
    Ok(Arc::new(Exposure { id, ..exposure }))
}

fn since(
    connection: &Connection,
    tenant: &str,
    seq: i64,
    mut visit: impl FnMut(i64, Event),
) -> Result<(), PatternError> {
    let failed = failed("reading what happened");
    let mut statement = connection
        .prepare_cached(
            "SELECT seq, kind, at, exposure, entry, principal, outcome, body FROM events
             WHERE tenant = ?1 AND seq > ?2 AND undone = 0 ORDER BY seq",
        )
        .map_err(&failed)?;
    let mut rows = statement.query(params![tenant, seq]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let seq = row.get(0).map_err(&failed)?;
        visit(seq, event(seq, row)?);
    }
    Ok(())
}

fn event(seq: i64, row: &Row<'_>) -> Result<Event, PatternError> {
    let failed = failed("reading what happened");
    Ok(match row.get::<_, i64>(1).map_err(&failed)? {
        0 => {
            let body = row.get_ref(7).map_err(&failed)?;
            Event::Exposure(parse(seq, body.as_str().unwrap_or_default())?)
        }
        1 => {
            let text: String = row.get(6).map_err(&failed)?;
            Event::Feedback {
                at: row.get(2).map_err(&failed)?,
                exposure: row.get(3).map_err(&failed)?,
                entry: row.get(4).map_err(&failed)?,
                principal: row.get(5).map_err(&failed)?,
                outcome: outcome(&text),
            }
        }
        _ => Event::Undo,
    })
}

const OUTCOMES: [(Outcome, &str); 5] = [
    (Outcome::Accepted, "accepted"),
    (Outcome::Edited, "edited"),
    (Outcome::Rejected, "rejected"),
    (Outcome::Ignored, "ignored"),
    (Outcome::NothingFits, "nothing_fits"),
];

fn word(outcome: Outcome) -> &'static str {
    OUTCOMES.iter().find(|(known, _)| *known == outcome).map_or("ignored", |(_, word)| word)
}

fn outcome(word: &str) -> Outcome {
    OUTCOMES.iter().find(|(_, known)| *known == word).map_or(Outcome::Ignored, |(outcome, _)| *outcome)
}
