//! Tasks in a SQLite file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use serde_json::json;

use super::{Limits, Owner, StoreError, Task, TaskState, TaskStore, Timestamp};
use crate::protocol::RawJson;
use crate::service::BoxError;

/// The layout of the file.
const FORMAT: i64 = 1;

const LAYOUT: &str = "
    CREATE TABLE task (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        ttl INTEGER,
        expires INTEGER,
        poll_interval INTEGER NOT NULL,
        status TEXT NOT NULL,
        message TEXT,
        payload TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX task_owner ON task (owner);
    CREATE INDEX task_expires ON task (expires) WHERE expires IS NOT NULL;
    PRAGMA user_version = 1;
";

/// Keeps tasks in a SQLite file: they survive the process. One process has the file at a time.
///
/// Results are stored as they are; put the file where only the server can read it.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

/// A store of tasks could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error("another process has the tasks at `{}`", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this software wrote it.
    #[error("the tasks at `{}` have format {found}, which is newer than {supported}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that is known here.
        supported: i64,
    },
    /// It cannot be read or written.
    #[error("cannot open the tasks at `{}`", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
}

impl SqliteStore {
    /// Opens a file, or makes one.
    ///
    /// # Errors
    /// Another process has the file, or it is no such store, or cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                OpenError::InUse { path: path.clone() }
            }
            _ => OpenError::Failed { path: path.clone(), source: error.into() },
        };
        let mut connection = Connection::open(&path).map_err(failed)?;
        connection.busy_timeout(std::time::Duration::ZERO).map_err(failed)?;
        // Exclusive, because unfinished tasks count as lost: no second process may see them as such.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        // The lock is taken by the first transaction that writes, and then kept.
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let found: i64 = begun.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        match found {
            0 => begun.execute_batch(LAYOUT).map_err(failed)?,
            FORMAT => {}
            _ => return Err(OpenError::Format { path: path.clone(), found, supported: FORMAT }),
        }
        begun.commit().map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    /// Runs work on the file where it may block.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || work(&mut connection.lock())).await;
        done.unwrap_or_else(|error| Err(StoreError::Failed(error.into())))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

#[async_trait]
impl TaskStore for SqliteStore {
    async fn create(&self, task: &Task, limits: Limits) -> Result<(), StoreError> {
        let task = task.clone();
        self.with(move |connection| {
            let begun = connection.transaction()?;
            delete_expired(&begun, task.created)?;
            let owner = owner_key(&task.owner);
            let count = |query: &str, of: &[&str]| -> Result<usize, rusqlite::Error> {
                let found: i64 = begun.query_row(query, rusqlite::params_from_iter(of), |row| row.get(0))?;
                Ok(usize::try_from(found).unwrap_or_default())
            };
            if count("SELECT count(*) FROM task", &[])? >= limits.total {
                return Err(StoreError::Full);
            }
            if count("SELECT count(*) FROM task WHERE owner = ?", &[&owner])? >= limits.per_owner {
                return Err(StoreError::OwnerFull);
            }
            begun.execute(
                "INSERT INTO task (id, owner, created, updated, ttl, expires, poll_interval, status, message, payload)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    task.id,
                    owner,
                    number(task.created.as_millis()),
                    number(task.updated.as_millis()),
                    task.ttl_ms.map(number),
                    task.expires().map(|expires| number(expires.as_millis())),
                    number(task.poll_interval_ms),
                    task.state.as_str(),
                    task.message,
                    payload(&task.state),
                ],
            )?;
            Ok(begun.commit()?)
        })
        .await
    }

    async fn get(&self, owner: &Owner, id: &str) -> Result<Option<Task>, StoreError> {
        let (owner, id) = (owner.clone(), id.to_owned());
        self.with(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT created, updated, ttl, poll_interval, message, status, payload
                 FROM task WHERE id = ? AND owner = ?",
            )?;
            let found =
                query.query_row([&id, &owner_key(&owner)], |row| read(row, &id, &owner)).optional()?;
            found.transpose().map_err(StoreError::Failed)
        })
        .await
    }

    async fn finish(&self, task: &Task) -> Result<(), StoreError> {
        let task = task.clone();
        self.with(move |connection| {
            connection.execute(
                "UPDATE task SET updated = ?, status = ?, message = ?, payload = ? WHERE id = ? AND owner = ?",
                params![
                    number(task.updated.as_millis()),
                    task.state.as_str(),
                    task.message,
                    payload(&task.state),
                    task.id,
                    owner_key(&task.owner),
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn remove(&self, owner: &Owner, id: &str) -> Result<(), StoreError> {
        let (owner, id) = (owner_key(owner), id.to_owned());
        self.with(move |connection| {
            connection.execute("DELETE FROM task WHERE id = ? AND owner = ?", [id, owner])?;
            Ok(())
        })
        .await
    }

    async fn remove_expired(&self, now: Timestamp) -> Result<(), StoreError> {
        self.with(move |connection| Ok(delete_expired(connection, now)?)).await
    }
}

fn delete_expired(connection: &Connection, now: Timestamp) -> Result<(), rusqlite::Error> {
    let expired = "DELETE FROM task WHERE expires IS NOT NULL AND expires <= ?";
    connection.execute(expired, [number(now.as_millis())]).map(|_| ())
}

/// SQLite has signed numbers; what does not fit is as good as for ever.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The owner as one text. JSON keeps the parts apart, whatever they hold.
fn owner_key(owner: &Owner) -> String {
    match owner {
        Owner::Anonymous => "null".to_owned(),
        Owner::Caller { issuer, org, user } => json!([issuer, org, user]).to_string(),
    }
}

/// What belongs to the status. Questions are not kept: they end with the process.
fn payload(state: &TaskState) -> Option<String> {
    match state {
        TaskState::Completed(result) => Some(result.get().to_owned()),
        TaskState::Failed(error) => serde_json::to_string(error).ok(),
        TaskState::Working | TaskState::InputRequired(_) | TaskState::Cancelled => None,
    }
}

fn read(row: &Row<'_>, id: &str, owner: &Owner) -> Result<Result<Task, BoxError>, rusqlite::Error> {
    let millis = |n: i64| u64::try_from(n).unwrap_or_default();
    let status: String = row.get(5)?;
    let payload: Option<String> = row.get(6)?;
    let ttl: Option<i64> = row.get(2)?;
    let (created, updated, poll_interval) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let message = row.get(4)?;
    Ok(state(&status, payload).map(|state| Task {
        id: id.to_owned(),
        owner: owner.clone(),
        created: Timestamp::from_millis(millis(created)),
        updated: Timestamp::from_millis(millis(updated)),
        ttl_ms: ttl.map(millis),
        poll_interval_ms: millis(poll_interval),
        message,
        state,
    }))
}

fn state(status: &str, payload: Option<String>) -> Result<TaskState, BoxError> {
    let payload = payload.unwrap_or_default();
    Ok(match status {
        "completed" => TaskState::Completed(RawJson::from_string(payload)?),
        "failed" => TaskState::Failed(serde_json::from_str(&payload)?),
        "cancelled" => TaskState::Cancelled,
        "working" | "input_required" => TaskState::Working,
        other => return Err(format!("a task has the unknown status `{other}`").into()),
    })
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
