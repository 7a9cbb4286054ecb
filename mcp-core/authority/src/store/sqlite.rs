//! A store in a SQLite file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, TransactionBehavior, params};

use super::memory::{MOST_SUCCESSORS, MOST_USED};
use super::{Code, Digest, Grant, Redeemed, Refresh, Rotation, Store, StoreError, StoredClient, StoredKey};

/// The layout of the file.
const FORMAT: i64 = 2;

const LAYOUT: &str = "
    CREATE TABLE client (
        id TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        secret BLOB,
        issued INTEGER NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX client_expires ON client (expires);
    CREATE TABLE code (
        digest BLOB PRIMARY KEY,
        code TEXT NOT NULL,
        org TEXT NOT NULL,
        user TEXT NOT NULL,
        used INTEGER,
        expires INTEGER NOT NULL,
        forgotten INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE grants (
        id TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        org TEXT NOT NULL,
        user TEXT NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX grants_person ON grants (org, user);
    CREATE TABLE token (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        digest BLOB NOT NULL UNIQUE,
        grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
        parent BLOB,
        used INTEGER,
        expires INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX token_grant ON token (grant_id);
    CREATE INDEX token_parent ON token (parent) WHERE parent IS NOT NULL;
    CREATE TABLE revoked (
        id TEXT PRIMARY KEY,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE signing_key (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        algorithm TEXT NOT NULL,
        body BLOB NOT NULL,
        created INTEGER NOT NULL,
        retired INTEGER,
        sealed TEXT
    ) STRICT;
    PRAGMA user_version = 2;
";

/// What makes a file of the first format one of the second: signing keys may be sealed.
const TO_2: &str = "
    ALTER TABLE signing_key RENAME COLUMN pkcs8 TO body;
    ALTER TABLE signing_key ADD COLUMN sealed TEXT;
    PRAGMA user_version = 2;
";

/// Keeps everything in a SQLite file: it survives the process, also when that is killed. One process has the file at a time.
///
/// Codes, refresh tokens and client secrets are stored as their SHA-256. The private keys that sign tokens are encrypted with
/// [`store_key`](crate::AuthorityBuilder::store_key); without one they are in the file as they are. It is made so that only
/// its owner can read it, and without a store key belongs into no unencrypted backup.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error("another process has the store at `{}`", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this software wrote it.
    #[error("the store at `{}` has format {found}, which is newer than {supported}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that is known here.
        supported: i64,
    },
    /// It cannot be read or written.
    #[error("cannot open the store at `{}`", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
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
        make_private(&path)
            .map_err(|error| OpenError::Failed { path: path.clone(), source: error.into() })?;
        let mut connection = Connection::open(&path).map_err(failed)?;
        connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.pragma_update(None, "secure_delete", true).map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        // The lock is taken by the first transaction that writes, and then kept.
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let found: i64 = begun.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        match found {
            0 => begun.execute_batch(LAYOUT).map_err(failed)?,
            1 => begun.execute_batch(TO_2).map_err(failed)?,
            FORMAT => {}
            _ => return Err(OpenError::Format { path: path.clone(), found, supported: FORMAT }),
        }
        begun.commit().map_err(failed)?;
        // A process that was killed may have left keys there that it had replaced.
        empty_log(&connection).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    /// Runs work in one transaction, where it may block.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock();
            let begun = connection.transaction()?;
            let out = work(&begun)?;
            begun.commit()?;
            Ok(out)
        });
        done.await.unwrap_or_else(|error| Err(StoreError::Failed(error.into())))
    }
}

/// Writes what is in the log into the file, and empties the log. What was replaced or deleted is in neither, then.
fn empty_log(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Makes the file, if there is none, so that nobody else can read it.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.into())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn add_client(&self, client: &StoredClient, most: usize, now: u64) -> Result<(), StoreError> {
        let client = client.clone();
        self.with(move |db| {
            db.execute("DELETE FROM client WHERE expires <= ?", [number(now)])?;
            let known: i64 = db.query_row("SELECT count(*) FROM client", [], |row| row.get(0))?;
            if known >= i64::try_from(most).unwrap_or(i64::MAX) {
                return Err(StoreError::Full);
            }
            db.execute(
                "INSERT INTO client (id, document, secret, issued, expires) VALUES (?, ?, ?, ?, ?)",
                params![
                    client.id,
                    client.document,
                    client.secret,
                    number(client.issued),
                    number(client.expires)
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn client(&self, id: &str, now: u64) -> Result<Option<StoredClient>, StoreError> {
        let id = id.to_owned();
        self.with(move |db| {
            let found = db
                .prepare_cached(
                    "SELECT id, document, secret, issued, expires FROM client WHERE id = ? AND expires > ?",
                )?
                .query_row(params![id, number(now)], |row| {
                    Ok(StoredClient {
                        id: row.get(0)?,
                        document: row.get(1)?,
                        secret: row.get(2)?,
                        issued: time(row, 3)?,
                        expires: time(row, 4)?,
                    })
                });
            Ok(found.optional()?)
        })
        .await
    }

    async fn keep_client(&self, id: &str, until: u64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.with(move |db| {
            let keep = "UPDATE client SET expires = max(expires, ?) WHERE id = ?";
            db.execute(keep, params![number(until), id])?;
            Ok(())
        })
        .await
    }

    async fn add_code(&self, digest: &Digest, code: &Code) -> Result<(), StoreError> {
        let (digest, code) = (*digest, code.clone());
        self.with(move |db| {
            db.execute(
                "INSERT INTO code (digest, code, org, user, expires, forgotten) VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    digest,
                    serde_json::to_string(&code)?,
                    code.grant.org,
                    code.grant.user,
                    number(code.expires),
                    number(code.expires),
                ],
            )?;
            Ok(())
        })
        .await
    }

    async fn code(&self, digest: &Digest) -> Result<Option<Code>, StoreError> {
        let digest = *digest;
        self.with(move |db| {
            let found: Option<String> = db
                .prepare_cached("SELECT code FROM code WHERE digest = ?")?
                .query_row([digest], |row| row.get(0))
                .optional()?;
            Ok(found.map(|text| serde_json::from_str(&text)).transpose()?)
        })
        .await
    }

    async fn redeem(
        &self,
        digest: &Digest,
        key: Option<&str>,
        refresh: Option<&Refresh>,
        now: u64,
    ) -> Result<Redeemed, StoreError> {
        let (digest, key, refresh) = (*digest, key.map(str::to_owned), refresh.cloned());
        self.with(move |db| {
            let found: Option<(String, Option<i64>, u64)> = db
                .prepare_cached("SELECT code, used, expires FROM code WHERE digest = ?")?
                .query_row([digest], |row| Ok((row.get(0)?, row.get(1)?, time(row, 2)?)))
                .optional()?;
            let (code, expires) = match found {
                None => return Ok(Redeemed::Unknown),
                Some((_, Some(_), _)) => return Ok(Redeemed::Used),
                Some((code, None, expires)) => (code, expires),
            };
            if expires <= now {
                return Ok(Redeemed::Unknown);
            }
            let grant = Grant { key, ..serde_json::from_str::<Code>(&code)?.grant };
            // A used code is remembered while what it gave lives.
            let take = "UPDATE code SET used = ?, forgotten = ? WHERE digest = ?";
            db.execute(take, params![number(now), number(grant.expires), digest])?;
            db.execute(
                "INSERT INTO grants (id, body, org, user, expires) VALUES (?, ?, ?, ?, ?)",
                params![
                    grant.id,
                    serde_json::to_string(&grant)?,
                    grant.org,
                    grant.user,
                    number(grant.expires)
                ],
            )?;
            if let Some(token) = refresh {
                add_token(db, &grant.id, None, &token)?;
            }
            Ok(Redeemed::Fresh)
        })
        .await
    }

    async fn grant(&self, id: &str, now: u64) -> Result<Option<Grant>, StoreError> {
        let id = id.to_owned();
        self.with(move |db| living(db, &id, now)).await
    }

    async fn refresh(&self, digest: &Digest, now: u64) -> Result<Option<(Grant, Refresh)>, StoreError> {
        let digest = *digest;
        self.with(move |db| {
            let found: Option<(String, u64)> = db
                .prepare_cached("SELECT grant_id, expires FROM token WHERE digest = ?")?
                .query_row([digest], |row| Ok((row.get(0)?, time(row, 1)?)))
                .optional()?;
            let Some((id, expires)) = found else { return Ok(None) };
            Ok(living(db, &id, now)?.map(|grant| (grant, Refresh { digest, expires })))
        })
        .await
    }

    async fn rotate(
        &self,
        old: &Digest,
        new: &Refresh,
        grace: u64,
        now: u64,
    ) -> Result<Rotation, StoreError> {
        let (old, new) = (*old, new.clone());
        self.with(move |db| {
            let found: Option<(String, Option<i64>, u64)> = db
                .prepare_cached("SELECT grant_id, used, expires FROM token WHERE digest = ?")?
                .query_row([old], |row| Ok((row.get(0)?, row.get(1)?, time(row, 2)?)))
                .optional()?;
            let Some((id, used, expires)) = found else { return Ok(Rotation::Ended) };
            if living(db, &id, now)?.is_none() {
                return Ok(Rotation::Ended);
            }
            if let Some(used) = used {
                let (all, of_use): (i64, i64) = db
                    .prepare_cached("SELECT count(*), count(used) FROM token WHERE parent = ?")?
                    .query_row([old], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let used = u64::try_from(used).unwrap_or_default();
                let few = usize::try_from(all).is_ok_and(|all| all < MOST_SUCCESSORS);
                if now >= used.saturating_add(grace) || !few || of_use > 0 {
                    db.execute("DELETE FROM grants WHERE id = ?", [&id])?;
                    return Ok(Rotation::Reused);
                }
            } else if expires <= now {
                return Ok(Rotation::Ended);
            }
            let take = "UPDATE token SET used = coalesce(used, ?) WHERE digest = ?";
            db.execute(take, params![number(now), old])?;
            add_token(db, &id, Some(&old), &new)?;
            db.execute(
                "DELETE FROM token WHERE grant_id = ?1 AND used IS NOT NULL AND number < (
                    SELECT number FROM token WHERE grant_id = ?1 AND used IS NOT NULL
                    ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                params![id, i64::try_from(MOST_USED - 1).unwrap_or(i64::MAX)],
            )?;
            Ok(Rotation::Rotated)
        })
        .await
    }

    async fn revoke_grant(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.with(move |db| Ok(db.execute("DELETE FROM grants WHERE id = ?", [id])? > 0)).await
    }

    async fn revoke_person(&self, org: &str, user: &str) -> Result<usize, StoreError> {
        let (org, user) = (org.to_owned(), user.to_owned());
        self.with(move |db| {
            db.execute("DELETE FROM code WHERE org = ? AND user = ? AND used IS NULL", [&org, &user])?;
            Ok(db.execute("DELETE FROM grants WHERE org = ? AND user = ?", [&org, &user])?)
        })
        .await
    }

    async fn revoke_token(&self, id: &str, until: u64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.with(move |db| {
            db.execute(
                "INSERT OR REPLACE INTO revoked (id, until) VALUES (?, ?)",
                params![id, number(until)],
            )?;
            Ok(())
        })
        .await
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.with(move |db| Ok(db.prepare_cached("SELECT 1 FROM revoked WHERE id = ?")?.exists([id])?)).await
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.with(|db| {
            let mut query = db.prepare(
                "SELECT id, algorithm, body, created, retired, sealed FROM signing_key ORDER BY number",
            )?;
            let all = query.query_map([], |row| {
                let retired: Option<i64> = row.get(4)?;
                Ok(StoredKey {
                    id: row.get(0)?,
                    algorithm: row.get(1)?,
                    body: row.get(2)?,
                    sealed: row.get(5)?,
                    created: time(row, 3)?,
                    retired: retired.map(|time| u64::try_from(time).unwrap_or_default()),
                })
            })?;
            Ok(all.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.with(move |db| {
            let retire = "UPDATE signing_key SET retired = ? WHERE retired IS NULL";
            db.execute(retire, [number(key.created)])?;
            db.execute(
                "INSERT INTO signing_key (id, algorithm, body, created, sealed) VALUES (?, ?, ?, ?, ?)",
                params![key.id, key.algorithm, key.body, number(key.created), key.sealed],
            )?;
            Ok(())
        })
        .await
    }

    async fn replace_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        let keys = keys.to_vec();
        self.with(move |db| {
            for key in keys {
                let replace = "UPDATE signing_key SET body = ?, sealed = ? WHERE id = ?";
                db.execute(replace, params![key.body, key.sealed, key.id])?;
            }
            Ok(())
        })
        .await?;
        let connection = Arc::clone(&self.connection);
        let emptied = tokio::task::spawn_blocking(move || empty_log(&connection.lock()));
        Ok(emptied.await.map_err(|error| StoreError::Failed(error.into()))??)
    }

    async fn sweep(&self, now: u64, keys: u64) -> Result<(), StoreError> {
        self.with(move |db| {
            let (now, keys) = (number(now), number(keys));
            db.execute("DELETE FROM client WHERE expires <= ?", [now])?;
            db.execute("DELETE FROM code WHERE forgotten <= ?", [now])?;
            db.execute("DELETE FROM grants WHERE expires <= ?", [now])?;
            db.execute("DELETE FROM token WHERE expires <= ?", [now])?;
            db.execute("DELETE FROM revoked WHERE until <= ?", [now])?;
            db.execute("DELETE FROM signing_key WHERE retired < ?", [keys])?;
            Ok(())
        })
        .await
    }
}

fn living(db: &Connection, id: &str, now: u64) -> Result<Option<Grant>, StoreError> {
    let found: Option<String> = db
        .prepare_cached("SELECT body FROM grants WHERE id = ? AND expires > ?")?
        .query_row(params![id, number(now)], |row| row.get(0))
        .optional()?;
    Ok(found.map(|text| serde_json::from_str(&text)).transpose()?)
}

fn add_token(
    db: &Connection,
    grant: &str,
    parent: Option<&Digest>,
    token: &Refresh,
) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO token (digest, grant_id, parent, expires) VALUES (?, ?, ?, ?)",
        params![token.digest, grant, parent, number(token.expires)],
    )?;
    Ok(())
}

/// SQLite has signed numbers; what does not fit is as good as for ever.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn time(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(column).map(|time| u64::try_from(time).unwrap_or_default())
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
