//! Opening a log.

use std::fmt;
use std::path::PathBuf;

use super::folder::Folder;
use super::log::AuditLog;
use super::sealer::Sealer;
use super::{AuditError, ChainKey, Redaction, Store};
use crate::Clock;

/// How a log is to be kept.
#[must_use = "a log is opened by `open`"]
pub struct Audit {
    place: Place,
    key: ChainKey,
    redaction: Redaction,
    strict: bool,
    clock: Clock,
    segment: u64,
}

enum Place {
    Folder(PathBuf),
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres {
        url: String,
        table: String,
    },
    Other(Box<dyn Store>),
}

impl Audit {
    fn at(place: Place) -> Self {
        Self {
            place,
            key: ChainKey::default(),
            redaction: Redaction::default(),
            strict: false,
            clock: Clock::system(),
            segment: 256 * 1024 * 1024,
        }
    }

    /// In files of JSON lines in a folder, which is made if it is not there.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Folder(path.into()))
    }

    /// In a SQLite database, which is made if it is not there.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Sqlite(path.into()))
    }

    /// In a table of a PostgreSQL database; the owner makes it with [`postgres_schema`](super::postgres_schema).
    #[cfg(feature = "postgres")]
    pub fn postgres(url: impl Into<String>, table: impl Into<String>) -> Self {
        Self::at(Place::Postgres { url: url.into(), table: table.into() })
    }

    /// In a store of the program's own. It is used on a thread of its own.
    pub fn store(store: impl Store + 'static) -> Self {
        Self::at(Place::Other(Box::new(store)))
    }

    /// Hashes with a key (default: without).
    pub fn key(mut self, key: ChainKey) -> Self {
        self.key = key;
        self
    }

    /// Keeps some arguments (default: none).
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Whether a call waits until its entry is on the disk (default: no; it is there within 50 ms).
    pub const fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Goes by another clock, for what the log writes about itself.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How many bytes a file of a folder may have before the next is begun (default 256 MiB).
    pub const fn segment_size(mut self, bytes: u64) -> Self {
        self.segment = bytes;
        self
    }

    /// Opens the log for appending.
    ///
    /// # Errors
    /// It cannot be opened, another process has it open, or its last entry is none.
    pub fn open(self) -> Result<AuditLog, AuditError> {
        let settings =
            super::log::Settings { redaction: self.redaction, strict: self.strict, clock: self.clock };
        let key = self.key;
        match self.place {
            Place::Folder(path) => {
                let store = Box::new(Folder::open(path, self.segment)?);
                AuditLog::inline(Sealer::new(store, key)?, settings)
            }
            #[cfg(feature = "sqlite")]
            Place::Sqlite(path) => {
                let strict = self.strict;
                AuditLog::queued(
                    move || Ok(Box::new(super::sqlite::Sqlite::open(&path, strict)?)),
                    key,
                    settings,
                )
            }
            #[cfg(feature = "postgres")]
            Place::Postgres { url, table } => AuditLog::queued(
                move || Ok(Box::new(super::postgres::Postgres::open(&url, &table)?)),
                key,
                settings,
            ),
            Place::Other(store) => AuditLog::queued(move || Ok(store), key, settings),
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("strict", &self.strict).field("key", &self.key).finish_non_exhaustive()
    }
}
