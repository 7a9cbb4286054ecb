//! API keys in a SQLite file that several processes of a machine may share.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{ApiKeyError, ApiKeyRecord, ApiKeyStore};

/// The layout of the file.
const FORMAT: i64 = 1;
const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS api_key (
        id TEXT PRIMARY KEY,
        hash BLOB NOT NULL,
        org TEXT NOT NULL,
        user TEXT NOT NULL,
        label TEXT NOT NULL,
        role TEXT,
        plan TEXT,
        scopes TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER,
        last_used INTEGER,
        revoked INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS api_key_org ON api_key (org, created);
    PRAGMA user_version = 1;
";
const COLUMNS: &str = "id, hash, org, user, label, role, plan, scopes, created, expires, last_used, revoked";
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Keeps API keys in a SQLite file.
#[derive(Clone)]
pub struct SqliteApiKeys(Arc<Mutex<Connection>>);

impl SqliteApiKeys {
    /// Opens a file, or makes one.
    ///
    /// # Errors
    /// It cannot be read or written, or a newer version of this software wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ApiKeyError> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        let found: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if found > FORMAT {
            let problem = format!("the file has format {found}, which is newer than {FORMAT}");
            return Err(ApiKeyError(problem.into()));
        }
        if found < FORMAT {
            connection.execute_batch(&format!("BEGIN IMMEDIATE;{LAYOUT}COMMIT;")).map_err(failed)?;
        }
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ApiKeyError> {
        let connection = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&connection.lock())).await;
        done.map_err(|error| ApiKeyError(error.into()))?.map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> ApiKeyError {
    ApiKeyError(error.into())
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKeyRecord> {
    let scopes: String = row.get(7)?;
    Ok(ApiKeyRecord {
        id: row.get(0)?,
        hash: row.get(1)?,
        org: row.get(2)?,
        user: row.get(3)?,
        label: row.get(4)?,
        role: row.get(5)?,
        plan: row.get(6)?,
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        created: row.get(8)?,
        expires: row.get(9)?,
        last_used: row.get(10)?,
        revoked: row.get(11)?,
    })
}

#[async_trait::async_trait]
impl ApiKeyStore for SqliteApiKeys {
    async fn insert(&self, record: &ApiKeyRecord) -> Result<(), ApiKeyError> {
        let record = record.clone();
        self.run(move |connection| {
            let scopes = record.scopes.into_iter().collect::<Vec<_>>().join(" ");
            let insert = format!("INSERT INTO api_key ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
            connection.prepare_cached(&insert)?.execute(params![
                record.id,
                record.hash,
                record.org,
                record.user,
                record.label,
                record.role,
                record.plan,
                scopes,
                record.created,
                record.expires,
                record.last_used,
                record.revoked,
            ])
        })
        .await
        .map(drop)
    }

    async fn find(&self, id: &str) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
        let id = id.to_owned();
        self.run(move |connection| {
            let select = format!("SELECT {COLUMNS} FROM api_key WHERE id = ?");
            connection.prepare_cached(&select)?.query_row([id], read).optional()
        })
        .await
    }

    async fn list(&self, org: &str) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
        let org = org.to_owned();
        self.run(move |connection| {
            let select = format!("SELECT {COLUMNS} FROM api_key WHERE org = ? ORDER BY created DESC, id");
            connection.prepare_cached(&select)?.query_map([org], read)?.collect()
        })
        .await
    }

    async fn touch(&self, id: &str, when: u64) -> Result<(), ApiKeyError> {
        let id = id.to_owned();
        self.run(move |connection| {
            let update = "UPDATE api_key SET last_used = max(coalesce(last_used, 0), ?2) WHERE id = ?1";
            connection.prepare_cached(update)?.execute(params![id, when])
        })
        .await
        .map(drop)
    }

    async fn revoke(&self, org: &str, id: &str, when: u64) -> Result<bool, ApiKeyError> {
        let (org, id) = (org.to_owned(), id.to_owned());
        self.run(move |connection| {
            let update = "UPDATE api_key SET revoked = ?3 WHERE org = ?1 AND id = ?2 AND revoked IS NULL";
            connection.prepare_cached(update)?.execute(params![org, id, when])
        })
        .await
        .map(|changed| changed > 0)
    }
}

impl fmt::Debug for SqliteApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteApiKeys")
    }
}
