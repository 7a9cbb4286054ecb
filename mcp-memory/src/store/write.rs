//! What is done to the store, each within a transaction.

use std::collections::HashMap;

use super::read::{self, Row};
use super::sql::{self, Sight, ToValue as _, Transaction, values};
use crate::crypto::KeyId;
use crate::record::State;
use crate::{Id, MemoryError, Relation};

/// When a memory is true, and for how long it is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) valid_from: Option<i64>,
    pub(crate) valid_to: Option<i64>,
    pub(crate) expires: Option<i64>,
}

/// A memory, sealed and ready to be written.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) id: Id,
    pub(crate) subject: [u8; 16],
    pub(crate) version: u32,
    pub(crate) stamp: Stamp,
    pub(crate) session: Option<[u8; 16]>,
    pub(crate) sequence: Option<i64>,
    /// Equal for memories that say the same.
    pub(crate) same: [u8; 16],
    pub(crate) key: KeyId,
    pub(crate) body: Vec<u8>,
    pub(crate) model: Option<i64>,
    pub(crate) vector: Option<Vec<u8>>,
}

/// What became of a memory that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It was.
    New(Id),
    /// It was there.
    Known(Id),
}

fn failed(source: sql::Error) -> MemoryError {
    MemoryError::Store { doing: "written", source: source.into() }
}

/// What a namespace is called, for whoever has the key.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceName {
    pub(crate) key: KeyId,
    pub(crate) sealed: Vec<u8>,
    /// The subject whose own it is, if it is anybody's.
    pub(crate) owner: Option<[u8; 16]>,
}

/// The namespace with a tag; it is made if it is not there.
pub(crate) fn namespace(
    db: &Transaction<'_>,
    tag: &[u8; 16],
    name: &NamespaceName,
) -> Result<i64, MemoryError> {
    let NamespaceName { key, sealed, owner } = name;
    if let Some(id) = read::namespace(db, tag)? {
        // Whose it is was erased and has come back before all of it was removed.
        let update = "UPDATE namespace SET key = ?2, name = ?3 WHERE id = ?1 AND key <> ?2";
        db.execute(update, values![id, key, sealed]).map_err(failed)?;
        return Ok(id);
    }
    let insert = "INSERT INTO namespace (tag, key, name, owner) VALUES (?1, ?2, ?3, ?4) RETURNING id";
    db.one(insert, values![tag, key, sealed, owner], |row| row.get(0)).map_err(failed)
}

/// The number of an embedding model.
pub(crate) fn model(db: &Transaction<'_>, name: &str, dimension: usize) -> Result<i64, MemoryError> {
    let query = "SELECT id FROM model WHERE name = ?1 AND dimension = ?2";
    if let Some(id) = db.first(query, values![name, dimension], |row| row.get(0)).map_err(failed)? {
        return Ok(id);
    }
    let insert = "INSERT INTO model (name, dimension) VALUES (?1, ?2) RETURNING id";
    db.one(insert, values![name, dimension], |row| row.get(0)).map_err(failed)
}

/// Stores memories of one subject, but those that say what one that is there says, and counts them.
pub(crate) fn insert(
    db: &Transaction<'_>,
    namespace: i64,
    writes: &[Write],
    now: i64,
) -> Result<Vec<Kept>, MemoryError> {
    let query = "SELECT next FROM namespace WHERE id = ?1";
    let first: u32 = db.one(query, values![namespace], |row| row.get(0)).map_err(failed)?;
    let mut batch =
        Batch { namespace, now, next: first, same: known(db, namespace, writes)?, sessions: HashMap::new() };
    let mut kept = Vec::with_capacity(writes.len());
    for (at, write) in writes.iter().enumerate() {
        kept.push(batch.insert(db, write, writes.get(at..).unwrap_or_default())?);
    }
    let next = batch.next;
    if next != first {
        let update = "UPDATE namespace SET next = ?2 WHERE id = ?1";
        db.execute(update, values![namespace, next]).map_err(failed)?;
    }
    let new: Vec<&Write> = writes
        .iter()
        .zip(&kept)
        .filter(|(_, kept)| matches!(kept, Kept::New(_)))
        .map(|(write, _)| write)
        .collect();
    if let Some(Write { subject, .. }) = new.first() {
        let bytes = new.iter().map(|write| size(&write.body, write.vector.as_deref())).sum();
        count(db, subject, i64::try_from(new.len()).unwrap_or(i64::MAX), bytes)?;
    }
    Ok(kept)
}

/// A memory that is there: which, its place, and until when it counts.
type Known = (Id, u32, Option<i64>);

/// Those memories that say what one of `writes` says, by the mark of that.
fn known(
    db: &Transaction<'_>,
    namespace: i64,
    writes: &[Write],
) -> Result<HashMap<[u8; 16], Known>, MemoryError> {
    let query = "SELECT same, id, ordinal, expires FROM memory WHERE namespace = ?1 AND same = ?2";
    let all: Vec<_> = writes.iter().map(|write| vec![namespace.to_value(), write.same.to_value()]).collect();
    let read = |row: &sql::Row<'_>| Ok((row.get(0)?, (Id(row.get(1)?), row.get(2)?, row.get(3)?)));
    let found = db.first_of_each(query, &all, read).map_err(failed)?;
    Ok(found.into_iter().flatten().collect())
}

/// Memories of one subject that are stored together.
struct Batch {
    namespace: i64,
    now: i64,
    /// The next free place.
    next: u32,
    /// What is there already, also of this batch.
    same: HashMap<[u8; 16], Known>,
    /// The next number in each session that was looked up.
    sessions: HashMap<[u8; 16], i64>,
}

impl Batch {
    /// Stores a memory at the next place, unless one that says the same is there. It is the first of `rest`.
    fn insert(&mut self, db: &Transaction<'_>, write: &Write, rest: &[Write]) -> Result<Kept, MemoryError> {
        match self.same.get(&write.same).copied() {
            Some((id, ordinal, Some(expires))) if expires <= self.now => {
                remove(db, &id, self.namespace, ordinal)?;
                // Others may have gone with it.
                self.same = known(db, self.namespace, rest)?;
            }
            Some((id, ..)) => return Ok(Kept::Known(id)),
            None => {}
        }
        let ordinal = self.next;
        self.next =
            ordinal.checked_add(1).ok_or_else(|| MemoryError::invalid("scope", "has no place left"))?;
        let sequence = self.sequence(db, write)?;
        insert_at(db, self.namespace, write, ordinal, sequence)?;
        self.same.insert(write.same, (write.id, ordinal, write.stamp.expires));
        Ok(Kept::New(write.id))
    }

    /// The number in its session: the one that was given, or the next.
    fn sequence(&mut self, db: &Transaction<'_>, write: &Write) -> Result<Option<i64>, MemoryError> {
        let Some(session) = write.session else { return Ok(write.sequence) };
        let number = match (write.sequence, self.sessions.get(&session)) {
            (Some(given), _) => given,
            (None, Some(next)) => *next,
            (None, None) => next_in_session(db, self.namespace, &session)?,
        };
        // Where nothing was looked up yet, what is stored now will be found by that.
        if write.sequence.is_none() || self.sessions.contains_key(&session) {
            let next = self.sessions.entry(session).or_default();
            *next = number.saturating_add(1).max(*next);
        }
        Ok(Some(number))
    }
}

fn insert_at(
    db: &Transaction<'_>,
    namespace: i64,
    write: &Write,
    ordinal: u32,
    sequence: Option<i64>,
) -> Result<(), MemoryError> {
    let insert = "INSERT INTO memory (id, namespace, ordinal, subject, version, state, created, updated, valid_from, valid_to,
        expires, session, sequence, same, key, body, model, vector)
        VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let Write { id, subject, version, stamp, session, same, key, body, model, vector, .. } = write;
    db.send(
        insert,
        values![
            id.0,
            namespace,
            ordinal,
            subject,
            version,
            stamp.created,
            stamp.updated,
            stamp.valid_from,
            stamp.valid_to,
            stamp.expires,
            session,
            sequence,
            same,
            key,
            body,
            model,
            vector
        ],
    )
    .map_err(failed)?;
    changed(db, namespace, ordinal)
}

/// Counts what a subject has stored: not by triggers, each of which would cost a savepoint.
pub(crate) fn count(
    db: &Transaction<'_>,
    subject: &[u8; 16],
    memories: i64,
    bytes: i64,
) -> Result<(), MemoryError> {
    let update = "UPDATE stored SET memories = memories + ?2, bytes = bytes + ?3 WHERE subject = ?1";
    let changed = db.execute(update, values![subject, memories, bytes]).map_err(failed)?;
    if changed == 0 && memories > 0 {
        let insert = "INSERT INTO stored (subject, memories, bytes) VALUES (?1, ?2, ?3)";
        db.execute(insert, values![subject, memories, bytes]).map_err(failed)?;
    }
    if memories < 0 {
        let delete = "DELETE FROM stored WHERE subject = ?1 AND memories <= 0";
        db.execute(delete, values![subject]).map_err(failed)?;
    }
    Ok(())
}

/// Bytes of what is sealed.
pub(crate) fn size(body: &[u8], vector: Option<&[u8]>) -> i64 {
    i64::try_from(body.len() + vector.map_or(0, <[u8]>::len)).unwrap_or(i64::MAX)
}

fn next_in_session(db: &Transaction<'_>, namespace: i64, session: &[u8; 16]) -> Result<i64, MemoryError> {
    let query = "SELECT max(sequence) FROM memory WHERE namespace = ?1 AND session = ?2";
    let last: Option<i64> = db.one(query, values![namespace, session], |row| row.get(0)).map_err(failed)?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

/// Puts a new version in the place of a memory; the old one becomes history.
pub(crate) fn replace(db: &Transaction<'_>, old: &Row, write: &Write) -> Result<(), MemoryError> {
    let keep = "INSERT INTO past (memory, version, event, at, subject, namespace, key, body)
        SELECT id, version, 0, CAST(?2 AS BIGINT), subject, namespace, key, body FROM memory WHERE id = ?1 AND version = ?3";
    let kept = db.execute(keep, values![old.id.0, write.stamp.updated, old.version]).map_err(failed)?;
    if kept == 0 {
        return Err(MemoryError::invalid(
            "version",
            "somebody else has changed the memory meanwhile: read it again",
        ));
    }
    let same = (old.state == State::Live).then_some(write.same);
    let update = "UPDATE memory SET version = ?2, updated = ?3, valid_from = ?4, valid_to = ?5, expires = ?6, same = ?7, key = ?8,
        body = ?9, model = ?10, vector = ?11, subject = ?12 WHERE id = ?1";
    let Write { version, stamp, key, body, model, vector, subject, .. } = write;
    db.execute(
        update,
        values![
            old.id.0,
            version,
            stamp.updated,
            stamp.valid_from,
            stamp.valid_to,
            stamp.expires,
            same,
            key,
            body,
            model,
            vector,
            subject
        ],
    )
    .map_err(|error| {
        if error.is_conflict() {
            MemoryError::invalid("content", "another memory says the same")
        } else {
            failed(error)
        }
    })?;
    let grown = size(body, vector.as_deref()) - size(&old.body, old.vector.as_deref());
    count(db, subject, 0, grown)?;
    changed(db, old.namespace, old.ordinal)
}

/// Marks a memory as superseded: it counts no longer, and what it says may be stored again.
pub(crate) fn supersede(db: &Transaction<'_>, old: &Row, at: i64) -> Result<(), MemoryError> {
    let update = "UPDATE memory SET state = 1, same = NULL, updated = ?2, valid_to = coalesce(valid_to, ?2) WHERE id = ?1";
    db.execute(update, values![old.id.0, at]).map_err(failed)?;
    changed(db, old.namespace, old.ordinal)
}

/// Removes a memory and all that hangs on it: what was said before, links, and digests that have sentences of it.
pub(crate) fn remove(db: &Transaction<'_>, id: &Id, namespace: i64, ordinal: u32) -> Result<(), MemoryError> {
    let query =
        "SELECT id, namespace, ordinal FROM link JOIN memory ON id = source WHERE target = ?1 AND kind = ?2";
    let read = |row: &sql::Row<'_>| Ok((Id(row.get(0)?), row.get(1)?, row.get(2)?));
    let digests: Vec<(Id, i64, u32)> =
        crossing(db, || db.query(query, values![id.0, Relation::Digest.number()], read).map_err(failed))?;
    remove_one(db, id, namespace, ordinal)?;
    crossing(db, || {
        digests.iter().try_for_each(|(id, namespace, ordinal)| remove_one(db, id, *namespace, *ordinal))
    })
}

/// Does what has to be done wherever it is, also where the caller sees nothing.
fn crossing<R>(db: &Transaction<'_>, act: impl FnOnce() -> Result<R, MemoryError>) -> Result<R, MemoryError> {
    let before = db.see(&Sight::Everything).map_err(failed)?;
    let done = act()?;
    db.see(&before).map_err(failed)?;
    Ok(done)
}

fn remove_one(db: &Transaction<'_>, id: &Id, namespace: i64, ordinal: u32) -> Result<(), MemoryError> {
    let query = "SELECT subject, length(body) + coalesce(length(vector), 0) FROM memory WHERE id = ?1";
    let gone: Option<([u8; 16], i64)> =
        db.first(query, values![id.0], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
    db.execute("DELETE FROM memory WHERE id = ?1", values![id.0]).map_err(failed)?;
    // Others may have tied something to it, and whoever removes it need not be its author.
    crossing(db, || {
        if let Some((subject, bytes)) = gone {
            count(db, &subject, -1, -bytes)?;
        }
        for delete in [
            "DELETE FROM past WHERE memory = ?1",
            "DELETE FROM link WHERE source = ?1 OR target = ?1",
            "DELETE FROM used WHERE memory = ?1",
        ] {
            db.execute(delete, values![id.0]).map_err(failed)?;
        }
        Ok(())
    })?;
    changed(db, namespace, ordinal)
}

/// Ties two memories together.
pub(crate) fn link(
    db: &Transaction<'_>,
    source: &Id,
    target: &Id,
    kind: i64,
    at: i64,
) -> Result<(), MemoryError> {
    let insert = "INSERT INTO link (source, target, kind, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    db.execute(insert, values![source.0, target.0, kind, at]).map_err(failed).map(drop)
}

/// Tells every process.
pub(crate) fn changed(db: &Transaction<'_>, namespace: i64, ordinal: u32) -> Result<(), MemoryError> {
    // INVARIANT: no number is left out, also where a transaction was undone: whoever follows would think that it was cut off. One writes
    // at a time, so the last is known.
    // Values, no selected rows: SQLite takes a savepoint for each statement that might write several, and that costs more the more a transaction wrote.
    let insert = "INSERT INTO change (seq, namespace, ordinal)
        VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM change), CAST(?1 AS BIGINT), CAST(?2 AS BIGINT))";
    db.send(insert, values![namespace, ordinal]).map_err(failed)
}
