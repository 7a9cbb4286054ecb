//! Entries in PostgreSQL.

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};

use super::{Entry, Store, StoreError, Sync};

/// The statements by which the owner of a database makes the table of a log and lets a role append to it. That role cannot
/// change or remove entries, and even the owner's statements can only make an entry a stub, as retention does: run retention as the
/// owner.
#[must_use]
pub fn postgres_schema(table: &str, role: &str) -> String {
    let (table, role) = (quoted(table), quoted(role));
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (seq bigint PRIMARY KEY, org text NOT NULL, line text NOT NULL);
CREATE OR REPLACE FUNCTION mcp_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'UPDATE' AND NEW.seq = OLD.seq AND starts_with(NEW.line, '{{\"seq\":' || OLD.seq || ',\"erased\":') THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'entries of the audit log stay';
END $$;
DROP TRIGGER IF EXISTS mcp_audit_keep ON {table};
CREATE TRIGGER mcp_audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION mcp_audit_keep();
DROP TRIGGER IF EXISTS mcp_audit_stay ON {table};
CREATE TRIGGER mcp_audit_stay BEFORE TRUNCATE ON {table} EXECUTE FUNCTION mcp_audit_keep();
REVOKE ALL ON {table} FROM PUBLIC;
GRANT SELECT, INSERT ON {table} TO {role};
"
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) struct Postgres {
    runtime: Runtime,
    client: Option<Client>,
    url: String,
    table: String,
}

impl Postgres {
    pub(super) fn open(url: &str, table: &str) -> Result<Self, StoreError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(StoreError::doing("opened"))?;
        let mut store = Self { runtime, client: None, url: url.to_owned(), table: quoted(table) };
        store.run("opened", "SELECT 1", &[])?;
        Ok(store)
    }

    /// Connects, where the connection is not there or broke.
    fn connect(&mut self) -> Result<(), Box<dyn std::error::Error + Send + std::marker::Sync>> {
        if self.client.as_ref().is_some_and(|client| !client.is_closed()) {
            return Ok(());
        }
        let (client, connection) = self.runtime.block_on(tokio_postgres::connect(&self.url, NoTls))?;
        // It lives as long as the client, and moves whenever this thread waits for an answer.
        self.runtime.spawn(async move { drop(connection.await) });
        let lock = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
        let free = self.runtime.block_on(client.query_one(lock, &[&self.table]))?;
        if !free.get::<_, bool>(0) {
            return Err("another session has it open".into());
        }
        self.client = Some(client);
        Ok(())
    }

    fn run(
        &mut self,
        doing: &'static str,
        statement: &str,
        values: &[&(dyn ToSql + std::marker::Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        self.connect().map_err(StoreError::doing(doing))?;
        let Some(client) = &self.client else { return Err(StoreError::new(doing, "no connection")) };
        self.runtime.block_on(client.query(statement, values)).map_err(StoreError::doing(doing))
    }

    /// Does something with all entries in one statement.
    fn with_all(
        &mut self,
        doing: &'static str,
        statement: &str,
        entries: &[Entry<'_>],
    ) -> Result<(), StoreError> {
        let seqs: Vec<i64> = entries.iter().map(|entry| entry.seq.cast_signed()).collect();
        let orgs: Vec<&str> = entries.iter().map(|entry| entry.org).collect();
        let lines: Vec<&str> = entries.iter().map(|entry| entry.line).collect();
        self.run(doing, statement, &[&seqs, &orgs, &lines]).map(drop)
    }
}

impl Store for Postgres {
    fn last(&mut self) -> Result<Option<String>, StoreError> {
        let statement = format!("SELECT line FROM {} ORDER BY seq DESC LIMIT 1", self.table);
        Ok(self.run("opened", &statement, &[])?.first().map(|row| row.get(0)))
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        let statement = format!(
            "INSERT INTO {} (seq, org, line) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])",
            self.table
        );
        self.with_all("written", &statement, entries)
    }

    fn sync(&mut self) -> Sync {
        // A commit is on the disk, unless the database is told otherwise.
        Box::new(|| Ok(()))
    }

    fn read(&mut self, visit: &mut dyn FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let statement =
            format!("SELECT seq, line FROM {} WHERE seq > $1 ORDER BY seq LIMIT 10000", self.table);
        let mut after = 0i64;
        loop {
            let rows = self.run("read", &statement, &[&after])?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.get(0);
            for row in &rows {
                visit(row.get(1))?;
            }
        }
    }

    fn replace(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        let statement = format!(
            "UPDATE {} AS t SET line = n.line FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (seq, org, line) \
             WHERE t.seq = n.seq AND t.org = n.org",
            self.table
        );
        self.with_all("shortened", &statement, entries)
    }
}
