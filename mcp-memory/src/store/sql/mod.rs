//! One way to talk to a database, whichever it is.
//!
//! Statements are written once, in what SQLite and PostgreSQL both understand: `?1` for values, `ON CONFLICT`, `RETURNING`,
//! `IS DISTINCT FROM`. No statement stands outside of this module twice, and none but this module knows which database it is.

mod error;
mod location;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod sight;
mod sqlite;
mod value;

use std::ops::Deref;
use std::path::Path;

use rusqlite::OptionalExtension as _;

pub(crate) use error::Error;
pub(crate) use location::Location;
pub(crate) use sight::Sight;
pub(crate) use value::{Column, ToValue, Value, values};

/// How many questions are asked together, or rows looked at one after the other: as many are held at once.
pub(crate) const TOGETHER: usize = 256;

/// A connection. What is asked of it outside of a transaction is a transaction of its own.
pub(crate) struct Db(Driver);

enum Driver {
    Sqlite(rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Session>),
}

/// A row of an answer.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    #[cfg(feature = "postgres")]
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// A column, counted from 0.
    pub(crate) fn get<T: Column>(&self, column: usize) -> Result<T, Error> {
        let value = match self {
            Self::Sqlite(row) => Value::of_sqlite(row.get_ref(column)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => Some(row.try_get(column)?),
        };
        value.and_then(T::of).ok_or(Error::Kind)
    }
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Reads the state of one moment.
    Reading,
    /// Writes, alone: of all processes that have the store open, one writes at a time. What is read within it stays true until its end.
    Writing,
}

/// A transaction. Dropped, it is undone.
pub(crate) struct Transaction<'a> {
    db: &'a Db,
    is_open: bool,
}

impl Deref for Transaction<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db
    }
}

impl Transaction<'_> {
    /// Ends it. What was written is on the disk then.
    pub(crate) fn commit(mut self) -> Result<(), Error> {
        match &self.db.0 {
            Driver::Sqlite(db) => db.prepare_cached("COMMIT")?.execute([]).map(drop)?,
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.commit()?,
        }
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.db.roll_back();
        }
    }
}

impl Db {
    /// SQLite's file as others made or opened it.
    pub(crate) const fn of_sqlite(db: rusqlite::Connection) -> Self {
        Self(Driver::Sqlite(db))
    }

    /// A file of SQLite for reading and writing; it is made if it is not there.
    pub(crate) fn open_file(path: &Path) -> Result<Self, Error> {
        sqlite::open(path).map(Self::of_sqlite)
    }

    /// The connection, where it is one of SQLite.
    pub(crate) const fn as_sqlite(&self) -> Option<&rusqlite::Connection> {
        match &self.0 {
            Driver::Sqlite(db) => Some(db),
            #[cfg(feature = "postgres")]
            Driver::Postgres(_) => None,
        }
    }

    /// A schema of PostgreSQL; it is made if it is not there.
    #[cfg(feature = "postgres")]
    pub(crate) fn open_schema(target: &std::sync::Arc<postgres::Target>) -> Result<Self, Error> {
        let db = Self::of_postgres(target);
        if let Driver::Postgres(session) = &db.0 {
            session.make_schema()?;
        }
        Ok(db)
    }

    /// A schema of PostgreSQL, which is connected to when it is asked for something.
    #[cfg(feature = "postgres")]
    pub(crate) fn of_postgres(target: &std::sync::Arc<postgres::Target>) -> Self {
        Self(Driver::Postgres(Box::new(postgres::Session::new(target))))
    }

    /// Whether the server has ended the connection, and with it all locks that it had.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_lost(&self) -> bool {
        matches!(&self.0, Driver::Postgres(session) if session.is_lost())
    }

    /// Lets no other connection take the place of this one, when it breaks: what it has locked would be lost.
    #[cfg(feature = "postgres")]
    pub(crate) fn pin(&self) {
        if let Driver::Postgres(session) = &self.0 {
            session.pin();
        }
    }

    /// Begins a transaction.
    pub(crate) fn begin(&self, what: For) -> Result<Transaction<'_>, Error> {
        match &self.0 {
            Driver::Sqlite(db) => {
                let begin = if what == For::Writing { "BEGIN IMMEDIATE" } else { "BEGIN" };
                db.prepare_cached(begin)?.execute([]).map(drop)?;
            }
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.begin(what)?,
        }
        Ok(Transaction { db: self, is_open: true })
    }

    /// Says what the transaction sees from now on, and returns what it saw until now: see [`Sight`].
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "files have no guard"))]
    pub(crate) fn see(&self, sight: &Sight) -> Result<Sight, Error> {
        match &self.0 {
            Driver::Sqlite(_) => Ok(Sight::Nothing),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.see(sight),
        }
    }

    fn roll_back(&self) {
        match &self.0 {
            // SQLite may have done it already.
            Driver::Sqlite(db) if db.is_autocommit() => {}
            Driver::Sqlite(db) => {
                if let Err(error) = db.execute_batch("ROLLBACK") {
                    tracing::warn!(%error, "a transaction cannot be undone yet");
                }
            }
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.roll_back(),
        }
    }

    /// Runs a statement, and says how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, Error> {
        match &self.0 {
            Driver::Sqlite(db) => Ok(db.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))?),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.execute(sql, values),
        }
    }

    /// Runs a statement of which only a failure matters. A server that is far away is not waited for: within a transaction that writes, it
    /// is the next statement that says if this one failed, or [`settle`](Self::settle), or the commit.
    pub(crate) fn send(&self, sql: &str, values: &[Value<'_>]) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(_) => self.execute(sql, values).map(drop),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.send(sql, values),
        }
    }

    /// Waits until all that was [sent](Self::send) is done.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.settle(),
        }
    }

    /// All rows of an answer.
    pub(crate) fn query<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        self.each(
            sql,
            values,
            |error| error,
            |row| {
                all.push(read(row)?);
                Ok(())
            },
        )?;
        Ok(all)
    }

    /// The first row of an answer, if it has any.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match &self.0 {
            Driver::Sqlite(db) => {
                let mut select = db.prepare_cached(sql)?;
                let row =
                    select.query_row(rusqlite::params_from_iter(values), |row| Ok(read(&Row::Sqlite(row))));
                row.optional()?.transpose()
            }
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => {
                let (mut found, mut read) = (None, Some(read));
                let visit = |row: &Row<'_>| {
                    if let Some(read) = read.take() {
                        found = Some(read(row)?);
                    }
                    Ok(())
                };
                session.each(sql, values, |error| error, visit).map(|()| found)
            }
        }
    }

    /// Asks the same of several values, and reads the first row of each answer that has any. A server is asked all of it before it has
    /// answered the first. Each is a look-up of its own: what a server plans for a list of values while a table is small, it would do for
    /// long when it no longer is.
    pub(crate) fn first_of_each<T>(
        &self,
        sql: &str,
        all: &[Vec<Value<'_>>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<Option<T>>, Error> {
        let mut found = Vec::with_capacity(all.len());
        for part in all.chunks(TOGETHER) {
            match &self.0 {
                Driver::Sqlite(_) => {
                    for values in part {
                        found.push(self.first(sql, values, &mut read)?);
                    }
                }
                #[cfg(feature = "postgres")]
                Driver::Postgres(session) => {
                    for row in session.first_of_each(sql, part)? {
                        found.push(row.map(|row| read(&Row::Postgres(&row))).transpose()?);
                    }
                }
            }
        }
        Ok(found)
    }

    /// The row of an answer that has one always.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.first(sql, values, read)?.ok_or(Error::NoRow)
    }

    /// Visits the rows of an answer as they come. Nothing else may be asked of the connection meanwhile.
    pub(crate) fn each<E>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        failed: impl Fn(Error) -> E,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.0 {
            Driver::Sqlite(db) => {
                let failed = |error: rusqlite::Error| failed(error.into());
                let mut select = db.prepare_cached(sql).map_err(failed)?;
                let mut rows = select.query(rusqlite::params_from_iter(values)).map_err(failed)?;
                while let Some(row) = rows.next().map_err(failed)? {
                    visit(&Row::Sqlite(row))?;
                }
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.each(sql, values, failed, visit),
        }
    }

    /// Runs statements without values.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(db) => Ok(db.execute_batch(sql)?),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.batch(sql),
        }
    }

    /// Whether whoever it connects as may do all that an engine does. Files have no roles.
    pub(crate) fn may_tend(&self) -> Result<bool, Error> {
        match &self.0 {
            Driver::Sqlite(_) => Ok(true),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.may_tend(self),
        }
    }

    /// Makes tables and indexes, described as for SQLite.
    pub(crate) fn define(&self, sql: &str) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(_) => self.batch(sql),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.batch(&postgres::described(sql)),
        }
    }

    /// Lets the database hold transactions to what they say that they see.
    pub(crate) fn guard(&self) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.batch(postgres::GUARD),
        }
    }

    /// The format that was noted last; 0 in a new store.
    pub(crate) fn format(&self) -> Result<i64, Error> {
        match &self.0 {
            Driver::Sqlite(_) => self.one("PRAGMA user_version", &[], |row| row.get(0)),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.format(self),
        }
    }

    /// Notes the format. Part of the transaction, if there is one.
    pub(crate) fn set_format(&self, format: i64) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(_) => self.batch(&format!("PRAGMA user_version = {format}")),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => session.set_format(self, format),
        }
    }

    /// Leaves nothing of deleted rows where the database lets it. SQLite overwrites them when they are deleted: its log is emptied into
    /// the file. PostgreSQL gives their place to new rows: `tables` are tidied up for that.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "files need no names"))]
    pub(crate) fn clear_deleted(&self, tables: &[&str]) -> Result<(), Error> {
        match &self.0 {
            Driver::Sqlite(db) => sqlite::truncate(db),
            #[cfg(feature = "postgres")]
            Driver::Postgres(session) => tables.iter().try_for_each(|table| session.tidy(table)),
        }
    }
}
