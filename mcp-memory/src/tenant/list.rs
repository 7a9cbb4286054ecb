//! Going through memories, and deleting many.

use serde::Serialize;

use super::Tenant;
use crate::audit::{About, Action};
use crate::filter::Filter;
use crate::store::sql::Sight;
use crate::store::{read, write};
use crate::view::View;
use crate::{Id, MemoryError, Record, Scope};

/// Memories on one page at most.
const PAGE: usize = 1_000;

/// A page of memories.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Page {
    /// The memories, the newest first.
    pub records: Vec<Record>,
    /// Where the next page begins; none where this is the last.
    pub next: Option<Cursor>,
}

/// A place in a list: behind the memory that was learned then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Cursor {
    pub(super) created: i64,
    pub(super) id: Id,
}

impl Cursor {
    /// The place behind a memory.
    #[must_use]
    pub const fn behind(record: &Record) -> Self {
        Self { created: record.created, id: record.id }
    }
}

impl Tenant {
    /// The memories of a scope that pass a filter, the newest first, without those that were superseded. What is stored or deleted
    /// between two pages changes nothing in the others.
    ///
    /// # Errors
    /// `limit` is not from 1 to 1,000, or the store cannot be read.
    pub fn list(
        &self,
        scope: &Scope,
        filter: &Filter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, MemoryError> {
        if limit == 0 || limit > PAGE {
            return Err(MemoryError::invalid("limit", format!("must be from 1 to {PAGE}")));
        }
        let mut places = self.matching(scope, filter)?;
        places
            .retain(|place| after.is_none_or(|after| (place.created, place.id) < (after.created, after.id)));
        places.sort_unstable_by_key(|place| std::cmp::Reverse((place.created, place.id)));
        let more = places.len() > limit;
        places.truncate(limit);
        let next = places.last().filter(|_| more).copied();
        // To be gone through is not to be used.
        let records = places.iter().filter_map(|place| match self.record(&place.id) {
            Ok((record, _)) => Some(Ok(record)),
            Err(MemoryError::NotFound { .. }) => None,
            Err(error) => Some(Err(error)),
        });
        let records: Vec<Record> = records.collect::<Result<_, _>>()?;
        let about = About { scope: Some(scope.to_string()), id: None, memories: records.len() };
        self.told(Action::Search, about)?;
        Ok(Page { records, next })
    }

    /// Deletes the memories of a scope that pass a filter, and says which; with `dry_run` it only says which. A filter that lets
    /// everything through deletes nothing: whoever means all of a scope says so with a condition.
    ///
    /// # Errors
    /// The filter has no condition, or the caller may not write there.
    pub fn delete_where(
        &self,
        scope: &Scope,
        filter: &Filter,
        dry_run: bool,
    ) -> Result<Vec<Id>, MemoryError> {
        self.check_write(scope, Action::Delete, None)?;
        if filter.is_everything() {
            return Err(MemoryError::invalid("filter", "needs a condition: nothing is deleted without one"));
        }
        let ids: Vec<Id> = self.matching(scope, filter)?.into_iter().map(|place| place.id).collect();
        if dry_run {
            return Ok(ids);
        }
        let (namespace, sealing) = (self.namespace_of(scope)?, self.engine.sealing.clone());
        let deleted = self.engine.writer.write(Sight::of_each(namespace), move |db| {
            let (mut deleted, held) = (Vec::new(), sealing.ring().held()?);
            for id in ids {
                let row = read::by_id(db, &id)?.filter(|row| Some(row.namespace) == namespace);
                if let Some(row) = row {
                    if held.contains(&row.subject) {
                        return Err(MemoryError::Held);
                    }
                    write::remove(db, &id, row.namespace, row.ordinal)?;
                    deleted.push(id);
                }
            }
            Ok(deleted)
        })?;
        let about = About { scope: Some(scope.to_string()), id: None, memories: deleted.len() };
        self.told(Action::Delete, about)?;
        Ok(deleted)
    }

    pub(super) fn matching(&self, scope: &Scope, filter: &Filter) -> Result<Vec<Cursor>, MemoryError> {
        let now = self.engine.now();
        self.in_view(scope, |namespace, view| {
            let passing = self.engine.select(namespace, view, filter, view.counting(false, now))?;
            let places = passing
                .iter()
                .filter_map(|slot| Some(Cursor { created: view.created(slot), id: view.id(slot)? }));
            Ok(places.collect())
        })
    }

    /// How many memories there are in a scope, superseded ones too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn count(&self, scope: &Scope) -> Result<usize, MemoryError> {
        self.in_view(scope, |_, view| Ok(view.len()))
    }

    pub(crate) fn namespace_of(&self, scope: &Scope) -> Result<Option<i64>, MemoryError> {
        if !self.access.reads().contains(scope) {
            let about = About { scope: Some(scope.to_string()), id: None, memories: 0 };
            self.engine.audit.denied(self.engine.now(), &self.access, Action::Search, about)?;
            return Ok(None);
        }
        let tag = self.engine.namespace_tag(&self.access, scope);
        self.engine.reader.read(&Sight::Everything, |db| read::namespace(db, &tag))
    }

    /// Looks at a scope as it is now; at nothing where the caller may not read it.
    pub(super) fn in_view<R: Default>(
        &self,
        scope: &Scope,
        look: impl FnOnce(i64, &View) -> Result<R, MemoryError>,
    ) -> Result<R, MemoryError> {
        let Some(namespace) = self.namespace_of(scope)? else { return Ok(R::default()) };
        let view = self.engine.view(namespace)?;
        let view = view.read();
        look(namespace, &view)
    }
}
