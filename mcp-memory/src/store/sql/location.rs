//! Where a store is.

use std::path::{Path, PathBuf};

use super::{Db, Error, sqlite};

/// A file, or a schema of a database.
#[derive(Clone)]
pub(crate) enum Location {
    File(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(std::sync::Arc<super::postgres::Target>),
}

impl Location {
    /// A connection for reading and writing; what is not there is made.
    pub(crate) fn open(&self) -> Result<Db, Error> {
        match self {
            Self::File(path) => Db::open_file(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(target) => Db::open_schema(target),
        }
    }

    /// A connection for reading what is there.
    pub(crate) fn open_to_read(&self) -> Result<Db, Error> {
        match self {
            Self::File(path) => sqlite::open_to_read(path).map(Db::of_sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(target) => Ok(Db::of_postgres(target)),
        }
    }

    /// The file, where it is one.
    pub(crate) fn as_file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }

    /// Whether both are in one database, so that a copy of it has both.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_beside(&self, other: &Self) -> Result<bool, Error> {
        let (Self::Postgres(one), Self::Postgres(other)) = (self, other) else { return Ok(false) };
        let identity = "SELECT CAST(c.system_identifier AS TEXT) || ' ' || CAST(d.oid AS TEXT)
            FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()";
        let of = |target| Db::of_postgres(target).one(identity, &[], |row| row.get::<String>(0));
        Ok(of(one)? == of(other)?)
    }

    /// What it is called in errors.
    pub(crate) fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            #[cfg(feature = "postgres")]
            Self::Postgres(target) => format!("PostgreSQL, schema {}", target.schema()).into(),
        }
    }

    /// Connections that readers may have at the same time: a server has few to give, a file as many as one likes.
    pub(crate) const fn readers(&self) -> usize {
        match self {
            Self::File(_) => usize::MAX,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => 16,
        }
    }
}
