//! Writing here what came from there.

use super::carried::Carried;
use super::mark::Mark;
use super::pass::is_said;
use crate::store::sql::Transaction;
use crate::store::{Row, Stamp, Write, read, write};
use crate::tenant::{self, Place};
use crate::{Id, MemoryError, Record, Scope, State, Tenant};

/// A memory that came from there.
pub(super) struct Taken {
    pub(super) id: Id,
    /// Version and last change of what was here when that was decided.
    pub(super) here: Option<(u32, i64)>,
    pub(super) mark: Mark,
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

/// A memory, ready to be written.
struct Ready {
    write: Write,
    superseded: bool,
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
    engine.while_keys_last(|| {
        let place = tenant.place(scope)?;
        let name = tenant.namespace_name(scope, &place)?;
        let mut todo = Vec::new();
        for (taken, vector) in taken.iter().zip(&vectors) {
            let ready = taken.carried.record.as_ref().filter(|record| !same(tenant, taken, record));
            let ready = ready.map(|record| ready_of(tenant, &place, taken, record, vector.as_deref()));
            let is_same = ready.is_none() && taken.carried.record.is_some();
            todo.push((taken.id, taken.here, taken.carried.links.clone(), ready.transpose()?, is_same));
        }
        let (quota, sealing) = (tenant.access.allowed(), engine.sealing.clone());
        Ok(move |db: &Transaction<'_>| {
            let namespace = write::namespace(db, &place.tag, &name)?;
            let held = sealing.ring().held()?.contains(&place.subject);
            let mut applied = Vec::new();
            for (id, here, links, ready, is_same) in &todo {
                let row = read::by_id(db, id)?;
                let is_ours = |row: &Row| row.namespace == namespace && row.subject == place.subject;
                if row.as_ref().map(|row| (row.version, row.updated)) != *here
                    || row.as_ref().is_some_and(|row| !is_ours(row))
                {
                    applied.push(Applied::Later);
                    continue;
                }
                applied.push(match (ready, row) {
                    (None, _) if *is_same => Applied::Same(*here),
                    (None, None) => Applied::Same(None),
                    (None, Some(_)) if held => Applied::Held,
                    (None, Some(row)) => {
                        write::remove(db, id, namespace, row.ordinal)?;
                        Applied::Deleted
                    }
                    (Some(ready), row) => put(db, namespace, ready, row.as_ref(), now)?,
                });
                for (kind, target, at) in links.iter().filter(|_| ready.is_some()) {
                    write::link(db, id, target, *kind, *at)?;
                }
            }
            tenant::within(db, &place.subject, quota).map(|()| applied)
        })
    })
}

fn content(taken: &Taken) -> &str {
    taken.carried.record.as_ref().map_or("", |record| record.content.as_str())
}

/// Whether a memory is here as it came, but for its version.
fn same(tenant: &Tenant, taken: &Taken, record: &Record) -> bool {
    let engine = &tenant.engine;
    let row = engine.reader.read(|db| read::by_id(db, &taken.id)).ok().flatten();
    // One that cannot be opened is not the same.
    let here = row.and_then(|row| row.record(&engine.sealing).ok());
    here.is_some_and(|here| Record { version: record.version, updated: record.updated, ..here } == *record)
}

fn ready_of(
    tenant: &Tenant,
    place: &Place,
    taken: &Taken,
    record: &Record,
    vector: Option<&[f32]>,
) -> Result<Ready, MemoryError> {
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
    Ok(Ready { write, superseded: record.state == State::Superseded })
}

fn put(
    db: &Transaction<'_>,
    namespace: i64,
    Ready { write, superseded }: &Ready,
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
            write::count(db, &write.subject, 1, write::size(&write.body, write.vector.as_deref()))?;
        }
    }
    if *superseded
        && let Some(row) = read::by_id(db, &write.id)?
        && row.state == State::Live
    {
        write::supersede(db, &row, write.stamp.updated)?;
    }
    Ok(Applied::Changed((write.version, write.stamp.updated)))
}
