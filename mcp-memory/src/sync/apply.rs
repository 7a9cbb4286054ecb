//! Writing here what came from there.

use super::carried::Carried;
use super::mark::Mark;
use super::ties;
use crate::store::sql::{Sight, Transaction, values};
use crate::store::{Row, Stamp, Write, read, write};
use crate::tenant::{self, Place};
use crate::{Id, MemoryError, Record, Scope, State, Tenant};

/// A memory that came from there.
pub(super) struct Taken {
    pub(super) id: Id,
    /// Version and last change of what was here when that was decided.
    pub(super) here: Option<(u32, i64)>,
    pub(super) mark: Mark,
    /// Whether here and there had agreed on it before: then what it is tied to there is all that it is tied to.
    pub(super) had_agreed: bool,
    pub(super) carried: Carried,
}

/// What became of it. With what is here now, where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    Changed((u32, i64)),
    /// It was so here already.
    Same(Option<(u32, i64)>),
    Deleted,
    /// It expired, or another memory says the same.
    LeftOut(Option<(u32, i64)>),
    /// What is here changed meanwhile.
    Later,
    Held,
}

/// What is to be done with a memory that came.
enum Todo {
    /// It is here as it came, but for its version.
    Nothing,
    Delete,
    Put {
        write: Box<Write>,
        superseded: bool,
    },
}

/// Writes memories as they came, all or none.
pub(super) fn apply(tenant: &Tenant, scope: &Scope, taken: &[Taken]) -> Result<Vec<Applied>, MemoryError> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let engine = &tenant.engine;
    let texts: Vec<&str> = taken.iter().map(content).collect();
    let vectors = engine.embed(&texts)?;
    let now = engine.now();
    engine.while_keys_last(&Sight::Everything, || {
        let place = tenant.place(scope)?;
        let name = tenant.namespace_name(scope, &place)?;
        let rows = engine.reader.read(&Sight::Everything, |db| {
            read::inside(db, &place.tag)?;
            let ids: Vec<Id> = taken.iter().map(|taken| taken.id).collect();
            let mut rows = read::by_ids(db, &ids)?;
            Ok(ids.iter().map(|id| rows.remove(id)).collect::<Vec<_>>())
        })?;
        let mut todo = Vec::new();
        for ((taken, row), vector) in taken.iter().zip(&rows).zip(&vectors) {
            let what = todo_with(tenant, &place, taken, row.as_ref(), vector.as_deref())?;
            todo.push((taken.id, taken.here, (taken.carried.links.clone(), taken.had_agreed), what));
        }
        let (quota, sealing) = (tenant.access.allowed(), engine.sealing.clone());
        Ok(move |db: &Transaction<'_>| {
            let namespace = write::namespace(db, &place.tag, &name)?;
            let held = sealing.ring().held()?.contains(&place.subject);
            // An identifier that is somebody else's here is not taken from them.
            let ids: Vec<Id> = todo.iter().map(|(id, ..)| *id).collect();
            let mut others = read::by_ids(db, &ids)?;
            others.retain(|_, row| row.namespace != namespace || row.subject != place.subject);
            let seen = Sight::of(namespace).with(place.subject);
            db.see(&seen).map_err(MemoryError::doing("written"))?;
            let mut applied = Vec::new();
            for (id, here, (links, had_agreed), what) in &todo {
                let row = read::by_id(db, id)?;
                if row.as_ref().map(|row| (row.version, row.updated)) != *here || others.contains_key(id) {
                    applied.push(Applied::Later);
                    continue;
                }
                let done = match (what, row) {
                    (Todo::Nothing, _) => Applied::Same(*here),
                    (Todo::Delete, None) => Applied::Same(None),
                    (Todo::Delete, Some(_)) if held => Applied::Held,
                    (Todo::Delete, Some(row)) => {
                        write::remove(db, id, namespace, row.ordinal)?;
                        Applied::Deleted
                    }
                    (Todo::Put { write, superseded }, row) => {
                        put(db, namespace, (write, *superseded), row.as_ref(), now)?
                    }
                };
                if matches!(done, Applied::Changed(_) | Applied::Same(Some(_))) {
                    // What it is tied to may be in another scope, or come later.
                    db.see(&Sight::Everything).map_err(MemoryError::doing("written"))?;
                    ties::take(db, id, links, *had_agreed)?;
                    db.see(&seen).map_err(MemoryError::doing("written"))?;
                }
                applied.push(done);
            }
            tenant::within(db, &place.subject, quota).map(|()| applied)
        })
    })
}

fn content(taken: &Taken) -> &str {
    taken.carried.record.as_ref().map_or("", |record| record.content.as_str())
}

fn todo_with(
    tenant: &Tenant,
    place: &Place,
    taken: &Taken,
    row: Option<&Row>,
    vector: Option<&[f32]>,
) -> Result<Todo, MemoryError> {
    let Some(record) = &taken.carried.record else { return Ok(Todo::Delete) };
    // One that cannot be opened is not the same.
    let here = row.and_then(|row| row.record(&tenant.engine.sealing).ok());
    if here.is_some_and(|here| Record { version: record.version, updated: record.updated, ..here } == *record)
    {
        return Ok(Todo::Nothing);
    }
    // Each version that was here keeps its number.
    let version =
        taken.here.map_or(record.version, |(version, _)| record.version.max(version.saturating_add(1)));
    let stamp = Stamp {
        created: record.created,
        updated: record.updated,
        valid_from: record.valid_from,
        valid_to: record.valid_to,
        expires: record.expires,
    };
    let write = tenant.sealed_as(place, (taken.id, version), record, stamp, vector)?;
    Ok(Todo::Put { write: Box::new(write), superseded: record.state == State::Superseded })
}

fn put(
    db: &Transaction<'_>,
    namespace: i64,
    (write, superseded): (&Write, bool),
    row: Option<&Row>,
    now: i64,
) -> Result<Applied, MemoryError> {
    let here = row.map(|row| (row.version, row.updated));
    if write.stamp.expires.is_some_and(|expires| expires <= now) && row.is_none() {
        return Ok(Applied::LeftOut(None));
    }
    if is_said(db, namespace, &write.same, &write.id)? {
        return Ok(Applied::LeftOut(here));
    }
    match row {
        Some(row) => write::replace(db, row, write)?,
        None => {
            write::insert(db, namespace, std::slice::from_ref(write), now)?;
        }
    }
    if superseded
        && let Some(row) = read::by_id(db, &write.id)?
        && row.state == State::Live
    {
        write::supersede(db, &row, write.stamp.updated)?;
    }
    Ok(Applied::Changed((write.version, write.stamp.updated)))
}

/// Whether another memory says the same already.
fn is_said(db: &Transaction<'_>, namespace: i64, same: &[u8; 16], id: &Id) -> Result<bool, MemoryError> {
    let query = "SELECT 1 FROM memory WHERE namespace = ?1 AND same = ?2 AND id <> ?3";
    let found = db.first(query, values![namespace, same, id.0], |_| Ok(()));
    found.map(|found| found.is_some()).map_err(MemoryError::doing("read"))
}
