//! Reading, on connections that writers do not block.

use std::collections::{BTreeSet, HashMap};

use parking_lot::{Condvar, Mutex};

use super::body::{Sealing, Vector};
use super::sql::{self, Db, For, Location, Sight, ToValue, values};
use crate::crypto::KeyId;
use crate::record::State;
use crate::{Id, MemoryError, Record};

/// A memory as it stands in the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) namespace: i64,
    pub(crate) ordinal: u32,
    pub(crate) version: u32,
    pub(crate) state: State,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) valid_from: Option<i64>,
    pub(crate) valid_to: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) sequence: Option<i64>,
    pub(crate) key: KeyId,
    pub(crate) body: Vec<u8>,
    pub(crate) model: Option<i64>,
    pub(crate) vector: Option<Vec<u8>>,
    /// Who it is about to be erased with: its author.
    pub(crate) subject: [u8; 16],
}

/// The columns of a [`Row`], in its order.
pub(crate) const COLUMNS: &str = "id, namespace, ordinal, version, state, created, updated, valid_from, valid_to, expires, \
     sequence, key, body, model, vector, subject";

impl Row {
    pub(crate) fn read(row: &sql::Row<'_>) -> Result<Self, sql::Error> {
        Ok(Self {
            id: Id(row.get(0)?),
            namespace: row.get(1)?,
            ordinal: row.get(2)?,
            version: row.get(3)?,
            state: if row.get::<i64>(4)? == 0 { State::Live } else { State::Superseded },
            created: row.get(5)?,
            updated: row.get(6)?,
            valid_from: row.get(7)?,
            valid_to: row.get(8)?,
            expires: row.get(9)?,
            sequence: row.get(10)?,
            key: row.get(11)?,
            body: row.get(12)?,
            model: row.get(13)?,
            vector: row.get(14)?,
            subject: row.get(15)?,
        })
    }

    /// The memory, opened.
    pub(crate) fn record(&self, sealing: &Sealing) -> Result<Record, MemoryError> {
        let body = sealing.open_body(self.key, &self.id, self.version, &self.body)?;
        Ok(Record {
            id: self.id,
            author: body.author,
            content: body.content,
            kind: body.kind.unwrap_or_else(|| "note".to_owned()),
            tags: body.tags,
            metadata: body.metadata,
            session: body.session,
            sequence: self.sequence,
            speaker: body.speaker,
            source: body.source,
            agent: body.agent,
            run: body.run,
            importance: body.importance,
            created: self.created,
            updated: self.updated,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            expires: self.expires,
            version: self.version,
            state: self.state,
        })
    }

    /// Its vector, if it was made by this model.
    pub(crate) fn vector(&self, sealing: &Sealing, model: i64) -> Result<Option<Vector>, MemoryError> {
        match &self.vector {
            Some(sealed) if self.model == Some(model) => {
                sealing.open_vector(self.key, &self.id, self.version, sealed).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// A memory that was stored, changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) seq: i64,
    pub(crate) namespace: i64,
    pub(crate) ordinal: u32,
}

/// Connections for reading.
pub(crate) struct Reader {
    location: Location,
    idle: Mutex<Idle>,
    returned: Condvar,
}

#[derive(Default)]
struct Idle {
    connections: Vec<Db>,
    lent: usize,
}

impl Reader {
    pub(crate) fn new(location: &Location) -> Self {
        Self { location: location.clone(), idle: Mutex::default(), returned: Condvar::new() }
    }

    /// Lends a connection.
    pub(crate) fn connection<R>(
        &self,
        act: impl FnOnce(&Db) -> Result<R, MemoryError>,
    ) -> Result<R, MemoryError> {
        act(&self.location.open_to_read().map_err(MemoryError::doing("opened"))?)
    }

    /// Reads from the state of one moment what may be seen. No read lies within another: there are so many connections and no more.
    pub(crate) fn read<R>(
        &self,
        sight: &Sight,
        act: impl FnOnce(&Db) -> Result<R, MemoryError>,
    ) -> Result<R, MemoryError> {
        let idle = {
            let mut idle = self.idle.lock();
            while idle.lent >= self.location.readers() {
                self.returned.wait(&mut idle);
            }
            idle.lent += 1;
            idle.connections.pop()
        };
        let lent = Lent { reader: self, connection: idle };
        lent.read(sight, act)
    }
}

/// A connection that is counted as lent until it is given back, or dropped as it failed.
struct Lent<'a> {
    reader: &'a Reader,
    connection: Option<Db>,
}

impl Lent<'_> {
    fn read<R>(
        mut self,
        sight: &Sight,
        act: impl FnOnce(&Db) -> Result<R, MemoryError>,
    ) -> Result<R, MemoryError> {
        let db = match self.connection.take() {
            Some(db) => db,
            None => self.reader.location.open_to_read().map_err(MemoryError::doing("opened"))?,
        };
        let failed = MemoryError::doing("read");
        let transaction = db.begin(For::Reading).map_err(&failed)?;
        transaction.see(sight).map_err(&failed)?;
        let read = act(&transaction);
        transaction.commit().map_err(&failed)?;
        self.connection = Some(db);
        read
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.reader.idle.lock();
        idle.lent -= 1;
        idle.connections.extend(self.connection.take());
        drop(idle);
        self.reader.returned.notify_one();
    }
}

/// What the store goes by since it was restored last; empty where it never was.
pub(crate) fn since(db: &Db) -> Result<Vec<u8>, MemoryError> {
    let since = db.first("SELECT value FROM store WHERE name = 'since'", &[], |row| row.get(0));
    since.map(Option::unwrap_or_default).map_err(failed)
}

/// The number of the last change.
pub(crate) fn last_change(db: &Db) -> Result<i64, MemoryError> {
    let last = db.one("SELECT max(seq) FROM change", &[], |row| row.get::<Option<i64>>(0));
    last.map(Option::unwrap_or_default).map_err(failed)
}

/// Changes behind some number, in order.
pub(crate) fn changes(db: &Db, after: i64) -> Result<Vec<Change>, MemoryError> {
    let query = "SELECT seq, namespace, ordinal FROM change WHERE seq > ?1 ORDER BY seq";
    let read =
        |row: &sql::Row<'_>| Ok(Change { seq: row.get(0)?, namespace: row.get(1)?, ordinal: row.get(2)? });
    db.query(query, values![after], read).map_err(failed)
}

/// The places in a namespace that changed behind some number; nothing where what lies between was cut off, or the number is of
/// another store.
pub(crate) fn changed_since(
    db: &Db,
    namespace: i64,
    after: i64,
) -> Result<Option<BTreeSet<u32>>, MemoryError> {
    let last = last_change(db)?;
    let first: Option<i64> = db.one("SELECT min(seq) FROM change", &[], |row| row.get(0)).map_err(failed)?;
    if after > last || (after < last && first.is_none_or(|first| first > after + 1)) {
        return Ok(None);
    }
    let query = "SELECT ordinal FROM change WHERE seq > ?1 AND namespace = ?2";
    let changed = db.query(query, values![after, namespace], |row| row.get(0)).map_err(failed)?;
    Ok(Some(changed.into_iter().collect()))
}

/// All namespaces.
pub(crate) fn namespaces(db: &Db) -> Result<Vec<i64>, MemoryError> {
    db.query("SELECT id FROM namespace ORDER BY id", &[], |row| row.get(0)).map_err(failed)
}

/// The namespace with a tag.
pub(crate) fn namespace(db: &Db, tag: &[u8; 16]) -> Result<Option<i64>, MemoryError> {
    db.first("SELECT id FROM namespace WHERE tag = ?1", values![tag], |row| row.get(0)).map_err(failed)
}

/// The namespace with a tag, which alone is seen from now on.
pub(crate) fn inside(db: &Db, tag: &[u8; 16]) -> Result<Option<i64>, MemoryError> {
    let found = namespace(db, tag)?;
    db.see(&Sight::of_each(found)).map_err(failed)?;
    Ok(found)
}

/// What a namespace is called: its tag, the key that opens the name, the sealed name.
pub(crate) fn namespace_name(db: &Db, id: i64) -> Result<([u8; 16], KeyId, Vec<u8>), MemoryError> {
    let query = "SELECT tag, key, name FROM namespace WHERE id = ?1";
    db.one(query, values![id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(failed)
}

/// A memory by its place.
pub(crate) fn at(db: &Db, namespace: i64, ordinal: u32) -> Result<Option<Row>, MemoryError> {
    let query = format!("SELECT {COLUMNS} FROM memory WHERE namespace = ?1 AND ordinal = ?2");
    db.first(&query, values![namespace, ordinal], Row::read).map_err(failed)
}

/// A memory by its identifier.
pub(crate) fn by_id(db: &Db, id: &Id) -> Result<Option<Row>, MemoryError> {
    let query = format!("SELECT {COLUMNS} FROM memory WHERE id = ?1");
    db.first(&query, values![id.0], Row::read).map_err(failed)
}

/// Memories by their places in a namespace.
pub(crate) fn at_each(db: &Db, namespace: i64, ordinals: &[u32]) -> Result<HashMap<u32, Row>, MemoryError> {
    let query = format!("SELECT {COLUMNS} FROM memory WHERE namespace = ?1 AND ordinal = ?2");
    let all: Vec<_> = ordinals.iter().map(|ordinal| vec![namespace.to_value(), ordinal.to_value()]).collect();
    let rows = db.first_of_each(&query, &all, Row::read).map_err(failed)?;
    Ok(rows.into_iter().flatten().map(|row| (row.ordinal, row)).collect())
}

/// Memories of any namespace by their identifiers.
pub(crate) fn by_ids(db: &Db, ids: &[Id]) -> Result<HashMap<Id, Row>, MemoryError> {
    let query = format!("SELECT {COLUMNS} FROM memory WHERE id = ?1");
    let all: Vec<_> = ids.iter().map(|id| vec![id.0.to_value()]).collect();
    let rows = db.first_of_each(&query, &all, Row::read).map_err(failed)?;
    Ok(rows.into_iter().flatten().map(|row| (row.id, row)).collect())
}

/// Visits all memories of a namespace in the order of their places.
pub(crate) fn all(
    db: &Db,
    namespace: i64,
    mut visit: impl FnMut(Row) -> Result<(), MemoryError>,
) -> Result<(), MemoryError> {
    let query = format!("SELECT {COLUMNS} FROM memory WHERE namespace = ?1 ORDER BY ordinal");
    db.each(&query, values![namespace], failed, |row| visit(Row::read(row).map_err(failed)?))
}

fn failed(source: sql::Error) -> MemoryError {
    MemoryError::Store { doing: "read", source: source.into() }
}
