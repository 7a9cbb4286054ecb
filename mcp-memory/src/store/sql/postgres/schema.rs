//! Schemas, formats and what else a file of SQLite does by itself.

use super::session::Session;
use crate::store::sql::{Db, Error, For, Value};

impl Session {
    pub(in crate::store::sql) fn make_schema(&self) -> Result<(), Error> {
        let schema = self.schema();
        // Who may not make schemas uses one that is there.
        let is_there = "SELECT 1 FROM pg_namespace WHERE nspname = CAST(?1 AS TEXT)";
        let mut found = false;
        self.each(
            is_there,
            &[Value::Text(schema)],
            |error| error,
            |_| {
                found = true;
                Ok(())
            },
        )?;
        if !found {
            self.begin(For::Writing)?;
            self.batch(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))
                .inspect_err(|_| self.roll_back())?;
            self.commit()?;
        }
        Ok(())
    }

    pub(in crate::store::sql) fn format(&self, db: &Db) -> Result<i64, Error> {
        // Not by `to_regclass`: within a transaction it may not know what others made since it began.
        let is_there = "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = CAST(?1 AS TEXT) AND c.relname = 'format')";
        if db.one(is_there, &[Value::Text(self.schema())], |row| row.get(0))? {
            return Ok(db.first("SELECT version FROM format", &[], |row| row.get(0))?.unwrap_or_default());
        }
        Ok(0)
    }

    pub(in crate::store::sql) fn set_format(&self, db: &Db, format: i64) -> Result<(), Error> {
        self.batch("CREATE TABLE IF NOT EXISTS format (version BIGINT NOT NULL)")?;
        self.batch("DELETE FROM format")?;
        db.execute("INSERT INTO format (version) VALUES (?1)", &[Value::Integer(format)]).map(drop)
    }

    pub(in crate::store::sql) fn tidy(&self, table: &str) -> Result<(), Error> {
        self.batch(&format!("VACUUM {table}"))
    }
}
