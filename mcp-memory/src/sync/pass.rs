//! One synchronisation.

use std::collections::{BTreeMap, BTreeSet};

use super::carried::{Carried, Secret};
use super::decide::{Agreed, Step, decide};
use super::known::Known;
use super::mark::Mark;
use super::remote::{Entry, Put, Remote, RemoteError};
use super::{Synced, apply, ties};
use crate::audit::{About, Action};
use crate::store::sql::{self, Sight, values};
use crate::store::{Row, read};
use crate::tenant::Place;
use crate::{Id, MemoryError, Scope, Tenant};

/// Memories that are read from the remote, or sent there, at once.
const BATCH: usize = 100;

/// The version and the last change of a memory.
type Here = (u32, i64);
/// What memories are tied to, as digests.
type Tied = BTreeMap<Id, u32>;
/// A memory that is to come: which, how it is there and here, and whether that was agreed on before.
type Coming = (Id, Mark, Option<Here>, bool);

pub(super) struct Pass<'a, R: ?Sized> {
    tenant: &'a Tenant,
    scope: &'a Scope,
    remote: &'a R,
    secret: Secret,
    known: Known,
    synced: Synced,
}

fn failed(error: RemoteError) -> MemoryError {
    MemoryError::Remote(Box::new(error))
}

impl<'a, R: Remote + ?Sized> Pass<'a, R> {
    pub(super) fn new(
        tenant: &'a Tenant,
        scope: &'a Scope,
        remote: &'a R,
        secret: Secret,
    ) -> Result<Self, MemoryError> {
        tenant.check_write(scope, Action::Sync, None)?;
        tenant.engine.catch_up()?;
        let known = Known::open(tenant.engine.directory(), remote.name(), secret.prefix())?;
        Ok(Self { tenant, scope, remote, secret, known, synced: Synced::default() })
    }

    pub(super) fn run(mut self) -> Result<Synced, MemoryError> {
        let place = self.tenant.place(self.scope)?;
        let there = self.there()?;
        let (here, tied) = self.here(&place)?;
        let agreed = self.known.all()?;
        let ids: BTreeSet<Id> = here.keys().chain(there.keys()).chain(agreed.keys()).copied().collect();
        let (mut pulls, mut pushes, mut deletions, mut gone) = (vec![], vec![], vec![], vec![]);
        for id in ids {
            let (here, there) = (here.get(&id).copied(), there.get(&id).copied());
            let ties = tied.get(&id).copied().unwrap_or_default();
            let (step, conflict) = decide(here, ties, there, agreed.get(&id).copied());
            self.synced.conflicts += usize::from(conflict);
            match (step, there) {
                (Step::Nothing, _) | (Step::Pull | Step::PushDeletion, None) => {}
                (Step::Pull, Some(there)) => pulls.push((id, there, here, agreed.contains_key(&id))),
                (Step::Push, there) => {
                    // What is there may be late.
                    let known = agreed.get(&id).map(|agreed| agreed.there);
                    pushes.push((id, there.max(known)));
                }
                (Step::PushDeletion, Some(there)) => {
                    let known = agreed.get(&id).map_or(there, |agreed| agreed.there);
                    deletions.push((id, there.max(known)));
                }
                (Step::Forget, _) => gone.push((id, None)),
            }
        }
        self.known.note(&gone)?;
        pulls.chunks(BATCH).try_for_each(|batch| self.pull(batch, &tied))?;
        pushes.chunks(BATCH).try_for_each(|batch| self.push(batch))?;
        deletions.chunks(BATCH).try_for_each(|batch| self.push_deletions(batch))?;
        let memories = self.synced.pulled + self.synced.pushed + self.synced.deleted_here;
        let about = About { scope: Some(self.scope.to_string()), id: None, memories };
        self.tenant.told(Action::Sync, about)?;
        Ok(self.synced)
    }

    /// What the remote has.
    fn there(&self) -> Result<BTreeMap<Id, Mark>, MemoryError> {
        let entries = self.remote.list(self.secret.prefix()).map_err(failed)?;
        // What is not ours is let by.
        let entry = |entry: Entry| Some((self.secret.id(&entry.key)?, entry.mark.parse().ok()?));
        Ok(entries.into_iter().filter_map(entry).collect())
    }

    /// What the caller has stored here, and what it is tied to.
    fn here(&self, place: &Place) -> Result<(BTreeMap<Id, Here>, Tied), MemoryError> {
        self.tenant.engine.reader.read(&Sight::Everything, |db| {
            let Some(namespace) = read::inside(db, &place.tag)? else { return Ok(Default::default()) };
            let query = "SELECT id, version, updated FROM memory WHERE namespace = ?1 AND subject = ?2";
            let read = |row: &sql::Row<'_>| Ok((Id(row.get(0)?), (row.get(1)?, row.get(2)?)));
            let rows = db.query(query, values![namespace, place.subject], read);
            let rows = rows.map_err(MemoryError::doing("read"))?;
            Ok((rows.into_iter().collect(), ties::digests(db, namespace, &place.subject)?))
        })
    }

    /// Takes some memories as they are there.
    fn pull(&mut self, batch: &[Coming], tied: &Tied) -> Result<(), MemoryError> {
        let keys: Vec<String> = batch.iter().map(|(id, ..)| self.secret.key(id)).collect();
        let values = self.remote.read(&keys).map_err(failed)?;
        let mut taken = Vec::new();
        for ((id, mark, here, had_agreed), value) in batch.iter().zip(values) {
            match value.and_then(|value| self.secret.open(id, *mark, &value)) {
                Some(carried) => {
                    let (id, mark, here, had_agreed) = (*id, *mark, *here, *had_agreed);
                    taken.push(apply::Taken { id, here, mark, had_agreed, carried });
                }
                None => self.synced.left_out += 1,
            }
        }
        let applied = apply::apply(self.tenant, self.scope, &taken)?;
        let mut agreed = Vec::new();
        for (taken, applied) in taken.iter().zip(applied) {
            let mut ties = ties::digest(&taken.carried.links);
            let here = match applied {
                apply::Applied::Changed(here) => {
                    self.synced.pulled += 1;
                    Some(here)
                }
                apply::Applied::Same(here) => here,
                apply::Applied::Deleted => {
                    self.synced.deleted_here += 1;
                    None
                }
                apply::Applied::LeftOut(here) => {
                    self.synced.left_out += 1;
                    ties = tied.get(&taken.id).copied().unwrap_or_default();
                    here
                }
                // The next time.
                apply::Applied::Later => continue,
                apply::Applied::Held => {
                    self.synced.left_out += 1;
                    continue;
                }
            };
            agreed.push((taken.id, Some(Agreed { there: taken.mark, here, ties })));
        }
        self.known.note(&agreed)
    }

    /// Sends some memories as they are here. What is there already is below them.
    fn push(&mut self, batch: &[(Id, Option<Mark>)]) -> Result<(), MemoryError> {
        let now = self.tenant.engine.now();
        let tag = self.tenant.engine.namespace_tag(&self.tenant.access, self.scope);
        let rows = self.tenant.engine.reader.read(&Sight::Everything, |db| {
            read::inside(db, &tag)?;
            let ids: Vec<Id> = batch.iter().map(|(id, _)| *id).collect();
            let mut rows = read::by_ids(db, &ids)?;
            let mut row = |(id, there): &(Id, Option<Mark>)| {
                let row = rows.remove(id).filter(|row| row.expires.is_none_or(|expires| expires > now));
                row.map(|row| Ok((ties::of(db, id)?, row, *there))).transpose()
            };
            batch.iter().filter_map(|one| row(one).transpose()).collect::<Result<Vec<_>, MemoryError>>()
        })?;
        let (mut puts, mut agreed) = (Vec::new(), Vec::new());
        for (links, row, there) in rows {
            let ties = ties::digest(&links);
            let Row { id, version, updated, .. } = row;
            let carried = Carried { record: Some(row.record(&self.tenant.engine.sealing)?), links };
            let state = match there {
                Some(there) if there.order() >= (version, updated) => {
                    (there.version.saturating_add(1), updated)
                }
                _ => (version, updated),
            };
            let (mark, value) = self.secret.seal(&id, state, &carried)?;
            puts.push(self.put(&id, mark, value));
            agreed.push((id, Some(Agreed { there: mark, here: Some((version, updated)), ties })));
        }
        self.send(&puts, &agreed)?;
        self.synced.pushed += puts.len();
        Ok(())
    }

    /// Sends that some memories were deleted.
    fn push_deletions(&mut self, batch: &[(Id, Mark)]) -> Result<(), MemoryError> {
        let now = self.tenant.engine.now();
        let (mut puts, mut agreed) = (Vec::new(), Vec::new());
        for (id, there) in batch {
            let state = (there.version.saturating_add(1), now);
            let (mark, value) = self.secret.seal(id, state, &Carried { record: None, links: Vec::new() })?;
            puts.push(self.put(id, mark, value));
            agreed.push((*id, Some(Agreed { there: mark, here: None, ties: 0 })));
        }
        self.send(&puts, &agreed)?;
        self.synced.deleted_there += puts.len();
        Ok(())
    }

    fn put(&self, id: &Id, mark: Mark, value: Vec<u8>) -> Put {
        Put { entry: Entry { key: self.secret.key(id), mark: mark.to_string() }, value }
    }

    fn send(&mut self, puts: &[Put], agreed: &[(Id, Option<Agreed>)]) -> Result<(), MemoryError> {
        if puts.is_empty() {
            return Ok(());
        }
        self.remote.write(puts).map_err(failed)?;
        self.known.note(agreed)
    }
}
