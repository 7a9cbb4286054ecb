//! What is there already: for those who have to know before they store, and for pages with a number.

use super::{Tenant, draft};
use crate::filter::Filter;
use crate::store::read;
use crate::store::sql::{Sight, values};
use crate::{Draft, Id, MemoryError, Scope};

impl Tenant {
    /// Refuses what a store would refuse, naming the member.
    pub(crate) fn check(memory: &Draft) -> Result<(), MemoryError> {
        draft::check(memory)
    }

    /// Whether storing a memory would only return one that is there.
    pub(crate) fn has(&self, scope: &Scope, memory: &Draft) -> Result<bool, MemoryError> {
        let (place, now) = (self.place(scope)?, self.engine.now());
        let same = self.same(&place, &memory.content, memory.session.as_deref(), memory.sequence);
        self.engine.reader.read(&Sight::Everything, |db| {
            let Some(namespace) = read::inside(db, &place.tag)? else { return Ok(false) };
            let query = "SELECT EXISTS (SELECT 1 FROM memory WHERE namespace = ?1 AND same = ?2
                AND (expires IS NULL OR expires > ?3))";
            db.one(query, values![namespace, same, now], |row| row.get(0)).map_err(MemoryError::doing("read"))
        })
    }

    /// Which memories of a scope pass a filter, the newest first.
    pub(crate) fn which(&self, scope: &Scope, filter: &Filter) -> Result<Vec<Id>, MemoryError> {
        let mut places = self.matching(scope, filter)?;
        places.sort_unstable_by_key(|place| std::cmp::Reverse((place.created, place.id)));
        Ok(places.into_iter().map(|place| place.id).collect())
    }
}
