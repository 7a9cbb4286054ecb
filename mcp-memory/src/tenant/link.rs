//! What memories have to do with each other.

use serde::{Deserialize, Serialize};

use super::Tenant;
use crate::audit::Action;
use crate::store::sql::{self, Sight, values};
use crate::store::write;
use crate::{Id, MemoryError};

/// What one memory is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Relation {
    /// It took the other's place.
    Supersedes,
    /// They have something to do with each other.
    Related,
    /// It says nearly the same.
    Similar,
    /// It may say the opposite: somebody should look.
    Contradicts,
    /// It sums the other up.
    Digest,
}

impl Relation {
    const ALL: [Self; 5] = [Self::Supersedes, Self::Related, Self::Similar, Self::Contradicts, Self::Digest];

    /// As it stands in the store.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Supersedes => 1,
            Self::Related => 2,
            Self::Similar => 3,
            Self::Contradicts => 4,
            Self::Digest => 5,
        }
    }

    pub(crate) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.number() == number)
    }
}

/// A memory that has to do with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// What the source is to the target.
    pub relation: Relation,
    /// The other memory.
    pub id: Id,
    /// Whether the other one is the target.
    pub to: bool,
    /// Since when, in milliseconds since 1970.
    pub at: i64,
}

impl Tenant {
    /// Notes what a memory is to another. To do it twice changes nothing.
    ///
    /// # Errors
    /// The caller may not change the first, or not read the second; or they are the same.
    pub fn link(&self, source: &Id, relation: Relation, target: &Id) -> Result<(), MemoryError> {
        let (source, target, at) =
            (self.row_to_change(source, Action::Write)?.0, self.row(target)?.0, self.engine.now());
        let seen = Sight::of_each([source.namespace, target.namespace]);
        let (source, target) = (source.id, target.id);
        if source == target {
            return Err(MemoryError::invalid("target", "must be another memory"));
        }
        self.engine.writer.write(seen, move |db| write::link(db, &source, &target, relation.number(), at))
    }

    /// Takes a link away, and says whether it was there.
    ///
    /// # Errors
    /// The caller may not change the first.
    pub fn unlink(&self, source: &Id, relation: Relation, target: &Id) -> Result<bool, MemoryError> {
        let (source, target) = (self.row_to_change(source, Action::Write)?.0, *target);
        self.engine.writer.write(Sight::of(source.namespace), move |db| {
            let delete = "DELETE FROM link WHERE source = ?1 AND target = ?2 AND kind = ?3";
            let gone = db.execute(delete, values![source.id.0, target.0, relation.number()]);
            gone.map(|gone| gone > 0).map_err(MemoryError::doing("written"))
        })
    }

    /// What a memory has to do with others that the caller may read, the oldest first.
    ///
    /// # Errors
    /// There is none that the caller may read.
    pub fn links(&self, id: &Id) -> Result<Vec<Link>, MemoryError> {
        self.row(id)?;
        let readable = self.engine.readable(&self.access)?;
        let seen = Sight::of_each(readable.iter().map(|(namespace, _)| *namespace));
        let found: Vec<(i64, Id, bool, i64, i64)> = self.engine.reader.read(&seen, |db| {
            let query = "SELECT kind, target, 1, at, namespace FROM link JOIN memory ON id = target WHERE source = ?1
                UNION ALL SELECT kind, source, 0, at, namespace FROM link JOIN memory ON id = source WHERE target = ?1
                ORDER BY 4, 2";
            let read = |row: &sql::Row<'_>| {
                Ok((row.get(0)?, Id(row.get(1)?), row.get(2)?, row.get(3)?, row.get(4)?))
            };
            db.query(query, values![id.0], read).map_err(MemoryError::doing("read"))
        })?;
        let seen = |namespace: i64| readable.iter().any(|(readable, _)| *readable == namespace);
        let links = found.into_iter().filter(|(.., namespace)| seen(*namespace));
        let link = |(kind, id, to, at, _)| Some(Link { relation: Relation::of(kind)?, id, to, at });
        Ok(links.filter_map(link).collect())
    }
}
