//! API keys in PostgreSQL.

use std::fmt;
use std::sync::Arc;

use mcp_core::auth::server::{ApiKeyError, ApiKeyRecord, ApiKeyStore};
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};

const COLUMNS: &str =
    "id, hash, org, \"user\", label, role, plan, scopes, created, expires, last_used, revoked";

/// Keeps API keys in a table of a PostgreSQL database that many processes share: a key that one of them takes back is refused by
/// all within half a second.
///
/// Give it to [`ApiKeys::new`](mcp_core::auth::server::ApiKeys::new). Only names and keyed hashes of keys are in the table.
#[derive(Clone)]
pub struct PostgresApiKeys(Arc<Inner>);

struct Inner {
    url: String,
    table: String,
    client: Mutex<Option<Arc<Client>>>,
}

impl PostgresApiKeys {
    /// Opens the table in the database at a URL, and makes it if it is not there.
    ///
    /// # Errors
    /// The database cannot be reached, or does not let us make the table.
    pub async fn open(url: impl Into<String>, table: &str) -> Result<Self, ApiKeyError> {
        let table = format!("\"{}\"", table.replace('"', "\"\""));
        let keys = Self(Arc::new(Inner { url: url.into(), table, client: Mutex::default() }));
        let layout = format!(
            "CREATE TABLE IF NOT EXISTS {} (id text PRIMARY KEY, hash bytea NOT NULL, org text NOT NULL, \"user\" text NOT NULL, \
             label text NOT NULL, role text, plan text, scopes text[] NOT NULL, created bigint NOT NULL, expires bigint, \
             last_used bigint, revoked bigint)",
            keys.0.table
        );
        let client = keys.client().await?;
        if let Err(error) = client.batch_execute(&layout).await {
            // Two that make it at once: one of them finds it made.
            let made = format!("SELECT 1 FROM {} LIMIT 0", keys.0.table);
            client.batch_execute(&made).await.map_err(|_| failed(error))?;
        }
        Ok(keys)
    }

    /// The connection; a new one where the last broke.
    async fn client(&self) -> Result<Arc<Client>, ApiKeyError> {
        let mut kept = self.0.client.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let (client, connection) = tokio_postgres::connect(&self.0.url, NoTls).await.map_err(failed)?;
        // It ends with the client.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "the connection to the database of API keys broke");
            }
        });
        let client = Arc::new(client);
        *kept = Some(Arc::clone(&client));
        Ok(client)
    }

    async fn query(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, ApiKeyError> {
        self.client().await?.query(statement, values).await.map_err(failed)
    }
}

fn failed(error: tokio_postgres::Error) -> ApiKeyError {
    ApiKeyError(error.into())
}

fn stored(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn read(row: &Row) -> Result<ApiKeyRecord, ApiKeyError> {
    let hash: Vec<u8> = row.try_get(1).map_err(failed)?;
    let hash = hash.try_into().map_err(|_| ApiKeyError("a hash has not 32 bytes".into()))?;
    let mut record = ApiKeyRecord::new(row.try_get(0).map_err(failed)?, hash);
    let time =
        |at| row.try_get::<_, Option<i64>>(at).map(|time| time.map(i64::cast_unsigned)).map_err(failed);
    record.org = row.try_get(2).map_err(failed)?;
    record.user = row.try_get(3).map_err(failed)?;
    record.label = row.try_get(4).map_err(failed)?;
    record.role = row.try_get(5).map_err(failed)?;
    record.plan = row.try_get(6).map_err(failed)?;
    record.scopes = row.try_get::<_, Vec<String>>(7).map_err(failed)?.into_iter().collect();
    record.created = time(8)?.unwrap_or_default();
    (record.expires, record.last_used, record.revoked) = (time(9)?, time(10)?, time(11)?);
    Ok(record)
}

#[async_trait::async_trait]
impl ApiKeyStore for PostgresApiKeys {
    async fn insert(&self, record: &ApiKeyRecord) -> Result<(), ApiKeyError> {
        let insert = format!(
            "INSERT INTO {} ({COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
            self.0.table
        );
        let scopes: Vec<_> = record.scopes.iter().collect();
        let optional = |time: Option<u64>| time.map(stored);
        self.query(
            &insert,
            &[
                &record.id,
                &record.hash.as_slice(),
                &record.org,
                &record.user,
                &record.label,
                &record.role,
                &record.plan,
                &scopes,
                &stored(record.created),
                &optional(record.expires),
                &optional(record.last_used),
                &optional(record.revoked),
            ],
        )
        .await
        .map(drop)
    }

    async fn find(&self, id: &str) -> Result<Option<ApiKeyRecord>, ApiKeyError> {
        let select = format!("SELECT {COLUMNS} FROM {} WHERE id = $1", self.0.table);
        self.query(&select, &[&id]).await?.first().map(read).transpose()
    }

    async fn list(&self, org: &str) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
        let select =
            format!("SELECT {COLUMNS} FROM {} WHERE org = $1 ORDER BY created DESC, id", self.0.table);
        self.query(&select, &[&org]).await?.iter().map(read).collect()
    }

    async fn touch(&self, id: &str, when: u64) -> Result<(), ApiKeyError> {
        let update = format!("UPDATE {} SET last_used = greatest(last_used, $2) WHERE id = $1", self.0.table);
        self.query(&update, &[&id, &stored(when)]).await.map(drop)
    }

    async fn revoke(&self, org: &str, id: &str, when: u64) -> Result<bool, ApiKeyError> {
        let update = format!(
            "UPDATE {} SET revoked = $3 WHERE org = $1 AND id = $2 AND revoked IS NULL RETURNING id",
            self.0.table
        );
        Ok(!self.query(&update, &[&org, &id, &stored(when)]).await?.is_empty())
    }
}

impl fmt::Debug for PostgresApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("PostgresApiKeys").field("table", &self.0.table).finish_non_exhaustive()
    }
}
