//! What the memories of a scope are to each other already.

use std::collections::HashMap;

use crate::store::sql::{self, Sight, values};
use crate::{Id, MemoryError, Relation, Scope, Tenant};

/// Relations by the two that they tie, one way or the other.
#[derive(Debug, Default)]
pub(super) struct Ties(HashMap<(Id, Id), Vec<Relation>>);

impl Ties {
    /// Reads them all: a few of many thousand pairs are tied, and to ask for each would take longer.
    pub(super) fn read(tenant: &Tenant, scope: &Scope) -> Result<Self, MemoryError> {
        let Some(namespace) = tenant.namespace_of(scope)? else { return Ok(Self::default()) };
        let query = "SELECT l.source, l.target, l.kind FROM link l JOIN memory s ON s.id = l.source JOIN memory t ON t.id = l.target
            WHERE s.namespace = ?1 AND t.namespace = ?1";
        let read = |row: &sql::Row<'_>| Ok((Id(row.get(0)?), Id(row.get(1)?), row.get(2)?));
        let found: Vec<(Id, Id, i64)> = tenant.engine.reader.read(&Sight::of(namespace), |db| {
            db.query(query, values![namespace], read).map_err(MemoryError::doing("read"))
        })?;
        let mut ties: HashMap<_, Vec<_>> = HashMap::new();
        for (source, target, kind) in found {
            ties.entry(pair(source, target)).or_default().extend(Relation::of(kind));
        }
        Ok(Self(ties))
    }

    /// What two are to each other.
    pub(super) fn of(&self, one: Id, other: Id) -> &[Relation] {
        self.0.get(&pair(one, other)).map_or(&[], Vec::as_slice)
    }
}

fn pair(one: Id, other: Id) -> (Id, Id) {
    (one.min(other), one.max(other))
}
