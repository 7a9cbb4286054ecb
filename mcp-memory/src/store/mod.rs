//! The record store: the only truth. Everything else is derived from it.

mod body;
pub(crate) mod read;
mod schema;
pub(crate) mod sql;
pub(crate) mod write;
mod writer;

pub(crate) use body::{Body, Bound, Sealing, Vector};
pub(crate) use read::{Reader, Row};
pub(crate) use write::{Kept, Stamp, Write};
pub(crate) use writer::Writer;

use crate::MemoryError;
use crate::crypto::KeyRing;
use sql::{Db, Location, values};

/// Opens the store that belongs to a key ring for writing, and brings it to the format of this version.
pub(crate) fn open(location: &Location, ring: &KeyRing) -> Result<Db, MemoryError> {
    let failed = MemoryError::doing("opened");
    let db = location.open().map_err(&failed)?;
    schema::migrate(&db, location)?;
    if !db.may_tend().map_err(&failed)? {
        let problem = "this role may not tend the tables, which row-level security guards: connect as the role that owns them, or \
            `GRANT` that to this one";
        return Err(MemoryError::invalid("postgres", problem));
    }
    let query = "SELECT value FROM store WHERE name = 'id'";
    match db.first(query, &[], |row| row.get::<[u8; 16]>(0)).map_err(&failed)? {
        Some(id) if id == *ring.store() => {}
        Some(_) if location.as_file().is_none() => {
            let problem = "it is the ring of another memory: machines that share a database share its ring too, in another database";
            return Err(MemoryError::Keys { problem });
        }
        Some(_) => return Err(MemoryError::Keys { problem: "it is the ring of another memory" }),
        None => {
            let insert = "INSERT INTO store (name, value) VALUES ('id', ?1) ON CONFLICT DO NOTHING";
            let transaction = db.begin(sql::For::Writing).map_err(&failed)?;
            transaction.execute(insert, values![ring.store()]).map_err(&failed)?;
            transaction.commit().map_err(&failed)?;
        }
    }
    Ok(db)
}
