//! The record store: the only truth. Everything else is derived from it.

pub(crate) mod sqlite;

mod body;
pub(crate) mod read;
mod schema;
pub(crate) mod write;
mod writer;

use std::path::Path;

pub(crate) use body::{Body, Bound, Sealing, Vector};
pub(crate) use read::{Reader, Row};
pub(crate) use write::{Kept, Stamp, Write};
pub(crate) use writer::Writer;

use rusqlite::{Connection, OptionalExtension as _};

use crate::MemoryError;
use crate::crypto::KeyRing;

/// Opens the store that belongs to a key ring for writing, and brings it to the format of this version.
pub(crate) fn open(path: &Path, ring: &KeyRing) -> Result<Connection, MemoryError> {
    let failed = MemoryError::doing("opened");
    let mut db = sqlite::open(path)?;
    schema::migrate(&mut db, path)?;
    let query = "SELECT value FROM store WHERE name = 'id'";
    let id: Option<[u8; 16]> = db.query_row(query, [], |row| row.get(0)).optional().map_err(&failed)?;
    match id {
        Some(id) if id == *ring.store() => {}
        Some(_) => return Err(MemoryError::Keys { problem: "it is the ring of another memory" }),
        None => {
            let insert = "INSERT OR IGNORE INTO store (name, value) VALUES ('id', ?1)";
            db.execute(insert, [ring.store()]).map_err(&failed)?;
        }
    }
    Ok(db)
}
