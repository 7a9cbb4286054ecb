//! Reading, on connections that writers do not block.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::body::{Sealing, Vector};
use super::sqlite;
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
    pub(crate) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: Id(row.get(0)?),
            namespace: row.get(1)?,
            ordinal: row.get(2)?,
            version: row.get(3)?,
            state: if row.get::<_, i64>(4)? == 0 { State::Live } else { State::Superseded },
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
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Reader {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    /// Lends a connection.
    pub(crate) fn connection<R>(
        &self,
        act: impl FnOnce(&Connection) -> Result<R, MemoryError>,
    ) -> Result<R, MemoryError> {
        act(&sqlite::open_to_read(&self.path)?)
    }

    /// Reads from the state of one moment.
    pub(crate) fn read<R>(
        &self,
        act: impl FnOnce(&Connection) -> Result<R, MemoryError>,
    ) -> Result<R, MemoryError> {
        let idle = self.idle.lock().pop();
        let db = match idle {
            Some(db) => db,
            None => sqlite::open_to_read(&self.path)?,
        };
        let failed = MemoryError::doing("read");
        db.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).map_err(&failed)?;
        let read = act(&db);
        db.prepare_cached("COMMIT").and_then(|mut end| end.execute([])).map_err(&failed)?;
        self.idle.lock().push(db);
        read
    }
}

/// The number of the last change.
pub(crate) fn last_change(db: &Connection) -> Result<i64, MemoryError> {
    let failed = MemoryError::doing("read");
    let query = "SELECT seq FROM sqlite_sequence WHERE name = 'change'";
    let last = db.query_row(query, [], |row| row.get(0)).optional().map_err(&failed)?;
    Ok(last.unwrap_or_default())
}

/// Changes behind some number, in order.
pub(crate) fn changes(db: &Connection, after: i64) -> Result<Vec<Change>, MemoryError> {
    let failed = MemoryError::doing("read");
    let query = "SELECT seq, namespace, ordinal FROM change WHERE seq > ?1 ORDER BY seq";
    let mut select = db.prepare_cached(query).map_err(&failed)?;
    let rows = select.query_map([after], |row| {
        Ok(Change { seq: row.get(0)?, namespace: row.get(1)?, ordinal: row.get(2)? })
    });
    rows.map_err(&failed)?.collect::<Result<_, _>>().map_err(&failed)
}

/// The places in a namespace that changed behind some number; nothing where what lies between was cut off, or the number is of
/// another store.
pub(crate) fn changed_since(
    db: &Connection,
    namespace: i64,
    after: i64,
) -> Result<Option<BTreeSet<u32>>, MemoryError> {
    let failed = MemoryError::doing("read");
    let last = last_change(db)?;
    let first: Option<i64> =
        db.query_row("SELECT min(seq) FROM change", [], |row| row.get(0)).map_err(&failed)?;
    if after > last || (after < last && first.is_none_or(|first| first > after + 1)) {
        return Ok(None);
    }
    let query = "SELECT ordinal FROM change WHERE seq > ?1 AND namespace = ?2";
    let mut select = db.prepare_cached(query).map_err(&failed)?;
    let rows = select.query_map([after, namespace], |row| row.get(0)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map(Some).map_err(&failed)
}

/// All namespaces.
pub(crate) fn namespaces(db: &Connection) -> Result<Vec<i64>, MemoryError> {
    let failed = MemoryError::doing("read");
    let mut select = db.prepare_cached("SELECT id FROM namespace ORDER BY id").map_err(&failed)?;
    let rows = select.query_map([], |row| row.get(0)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// The namespace with a tag.
pub(crate) fn namespace(db: &Connection, tag: &[u8; 16]) -> Result<Option<i64>, MemoryError> {
    let failed = MemoryError::doing("read");
    let mut select = db.prepare_cached("SELECT id FROM namespace WHERE tag = ?1").map_err(&failed)?;
    select.query_row([tag], |row| row.get(0)).optional().map_err(&failed)
}

/// What a namespace is called: its tag, the key that opens the name, the sealed name.
pub(crate) fn namespace_name(db: &Connection, id: i64) -> Result<([u8; 16], KeyId, Vec<u8>), MemoryError> {
    let mut select = db
        .prepare_cached("SELECT tag, key, name FROM namespace WHERE id = ?1")
        .map_err(MemoryError::doing("read"))?;
    let name = select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    name.map_err(MemoryError::doing("read"))
}

/// A memory by its place.
pub(crate) fn at(db: &Connection, namespace: i64, ordinal: u32) -> Result<Option<Row>, MemoryError> {
    let failed = MemoryError::doing("read");
    let query = format!("SELECT {COLUMNS} FROM memory WHERE namespace = ?1 AND ordinal = ?2");
    let mut select = db.prepare_cached(&query).map_err(&failed)?;
    select.query_row(params![namespace, ordinal], Row::read).optional().map_err(&failed)
}

/// A memory by its identifier.
pub(crate) fn by_id(db: &Connection, id: &Id) -> Result<Option<Row>, MemoryError> {
    let failed = MemoryError::doing("read");
    let query = format!("SELECT {COLUMNS} FROM memory WHERE id = ?1");
    let mut select = db.prepare_cached(&query).map_err(&failed)?;
    select.query_row([id.0], Row::read).optional().map_err(&failed)
}

/// Visits all memories of a namespace in the order of their places.
pub(crate) fn all(
    db: &Connection,
    namespace: i64,
    mut visit: impl FnMut(Row) -> Result<(), MemoryError>,
) -> Result<(), MemoryError> {
    let failed = MemoryError::doing("read");
    let query = format!("SELECT {COLUMNS} FROM memory WHERE namespace = ?1 ORDER BY ordinal");
    let mut select = db.prepare_cached(&query).map_err(&failed)?;
    let mut rows = select.query([namespace]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        visit(Row::read(row).map_err(&failed)?)?;
    }
    Ok(())
}
