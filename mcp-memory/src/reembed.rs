//! New vectors for memories that have none of the model that searches go by.

use serde::Serialize;

use crate::engine::Engine;
use crate::store::read::COLUMNS;
use crate::store::sql::{Sight, Transaction, values};
use crate::store::{Row, write};
use crate::vector::quantized;
use crate::{Memory, MemoryError};

/// Memories that are embedded together.
const BATCH: usize = 128;

/// How far it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Embedded {
    /// Memories that have a new vector.
    pub done: usize,
    /// Memories that still have none.
    pub left: usize,
}

impl Memory {
    /// Makes vectors for all memories that have none of this model, and tells how far it has come after each batch. Until one has its
    /// vector it is found by its words. Others read and write meanwhile; cut off, it goes on where it was.
    ///
    /// # Errors
    /// There is no embedder, it fails, or the store cannot be written.
    pub fn reembed(&self, mut progress: impl FnMut(&Embedded)) -> Result<Embedded, MemoryError> {
        self.0.reembed(|embedded| {
            progress(embedded);
            true
        })
    }

    /// How many memories have no vector of this model.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn without_vector(&self) -> Result<usize, MemoryError> {
        self.0.stale()
    }
}

impl Engine {
    fn stale(&self) -> Result<usize, MemoryError> {
        let Some(model) = self.model else { return Ok(0) };
        self.reader.read(&Sight::Everything, |db| {
            let query = "SELECT count(*) FROM memory WHERE model IS DISTINCT FROM ?1";
            db.one(query, values![model], |row| row.get(0)).map_err(MemoryError::doing("read"))
        })
    }

    /// As [`Memory::reembed`], until `progress` says that it is enough.
    pub(crate) fn reembed(
        &self,
        mut progress: impl FnMut(&Embedded) -> bool,
    ) -> Result<Embedded, MemoryError> {
        let Some(model) = self.model else {
            return Err(MemoryError::invalid("embedder", "there is none: open the memory with one"));
        };
        let mut embedded = Embedded { done: 0, left: self.stale()? };
        let mut after = 0;
        loop {
            let (rows, last) = self.stale_rows(model, after)?;
            let Some(last) = last else { return Ok(embedded) };
            after = last;
            embedded.done += self.embed_rows(model, &rows)?;
            embedded.left = embedded.left.saturating_sub(rows.len());
            if !progress(&embedded) {
                return Ok(embedded);
            }
        }
    }

    /// The next memories without a vector of a model, and the place of the last.
    fn stale_rows(&self, model: i64, after: i64) -> Result<(Vec<Row>, Option<i64>), MemoryError> {
        let failed = MemoryError::doing("read");
        self.reader.read(&Sight::Everything, |db| {
            let query = format!(
                "SELECT {COLUMNS}, row FROM memory WHERE row > ?1 AND model IS DISTINCT FROM ?2 ORDER BY row
                 LIMIT {BATCH}"
            );
            let rows: Vec<(Row, i64)> = db
                .query(&query, values![after, model], |row| Ok((Row::read(row)?, row.get(16)?)))
                .map_err(&failed)?;
            let last = rows.last().map(|(_, place)| *place);
            Ok((rows.into_iter().map(|(row, _)| row).collect(), last))
        })
    }

    fn embed_rows(&self, model: i64, rows: &[Row]) -> Result<usize, MemoryError> {
        // One that is damaged, or whose key was destroyed meanwhile, has nothing to be embedded.
        let open = |row: &Row| self.sealing.open_body(row.key, &row.id, row.version, &row.body).ok();
        let opened: Vec<(&Row, String)> =
            rows.iter().filter_map(|row| Some((row, open(row)?.content))).collect();
        let texts: Vec<&str> = opened.iter().map(|(_, text)| text.as_str()).collect();
        let vectors = self.embed(&texts)?;
        self.while_keys_last(&Sight::Everything, || {
            let mut sealed = Vec::new();
            for ((row, _), vector) in opened.iter().zip(&vectors) {
                let Some(vector) = vector else { continue };
                let Ok(cipher) = self.sealing.ring().cipher(row.key) else { continue };
                let vector = self.sealing.seal_vector(&cipher, &row.id, row.version, &quantized(vector))?;
                let before = row.vector.as_ref().map_or(0, Vec::len);
                sealed.push((row.id, row.version, row.namespace, row.ordinal, row.subject, before, vector));
            }
            Ok(move |db: &Transaction<'_>| {
                let failed = MemoryError::doing("written");
                let mut done = 0;
                for (id, version, namespace, ordinal, subject, before, vector) in sealed {
                    // One that was changed meanwhile has a vector of its new text.
                    let update = "UPDATE memory SET model = ?3, vector = ?4 WHERE id = ?1 AND version = ?2";
                    if db.execute(update, values![id.0, version, model, vector]).map_err(&failed)? > 0 {
                        let grown = i64::try_from(vector.len()).unwrap_or(i64::MAX)
                            - i64::try_from(before).unwrap_or(i64::MAX);
                        write::count(db, &subject, 0, grown)?;
                        write::changed(db, namespace, ordinal)?;
                        done += 1;
                    }
                }
                Ok(done)
            })
        })
    }
}
