//! Which handles of a memory there are, and how far each has come in forgetting.

pub(crate) mod files;
#[cfg(feature = "postgres")]
mod rows;

use std::path::Path;

use crate::MemoryError;
use crate::store::sql::Location;

/// What makes a handle known to the others, for as long as its process lives.
pub(crate) enum Presence {
    Files(files::Presence),
    #[cfg(feature = "postgres")]
    Rows(rows::Presence),
}

impl Presence {
    /// Makes a handle known.
    pub(crate) fn enter(directory: &Path, location: &Location, epoch: i64) -> Result<Self, MemoryError> {
        match location {
            Location::File(_) => files::Presence::enter(directory, epoch).map(Self::Files),
            #[cfg(feature = "postgres")]
            Location::Postgres(_) => rows::Presence::enter(location, epoch).map(Self::Rows),
        }
    }

    /// Whether the others may take it for dead. It has to forget, and then says how far it has come.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Files(_) => false,
            #[cfg(feature = "postgres")]
            Self::Rows(rows) => rows.is_lost(),
        }
    }

    /// Says that nothing is left here of what was erased up to an epoch.
    pub(crate) fn passed(&mut self, epoch: i64) -> Result<(), MemoryError> {
        match self {
            Self::Files(files) => files.passed(epoch),
            #[cfg(feature = "postgres")]
            Self::Rows(rows) if rows.is_lost() => rows.again(epoch),
            #[cfg(feature = "postgres")]
            Self::Rows(rows) => rows.passed(epoch),
        }
    }

    /// How many handles have not passed an epoch. Those of processes that died are cleared away.
    pub(crate) fn behind(&self, epoch: i64) -> Result<usize, MemoryError> {
        match self {
            Self::Files(files) => files.behind(epoch),
            #[cfg(feature = "postgres")]
            Self::Rows(rows) => rows.behind(epoch),
        }
    }
}
