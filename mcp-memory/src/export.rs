//! All that a person stored, to take along; and keeping a store small.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::audit::{About, Action};
use crate::store::read::{self, COLUMNS};
use crate::store::sql::{Sight, values};
use crate::store::{Row, write};
use crate::{Draft, Id, Memory, MemoryError, Record, Scope, State, Stored, Tenant, erase};

/// Memories that an import stores at once.
const BATCH: usize = 1_000;
/// Changes that are kept for processes that have not followed them; those farther behind read everything anew.
const CHANGES: i64 = 100_000;

/// What was exported or imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// Memories that were written.
    pub memories: usize,
    /// Memories that were there already, or were left out as others superseded them.
    pub left_out: usize,
}

/// What was tidied up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Compacted {
    /// Memories that had expired and are overwritten now.
    pub expired: usize,
}

/// A line of an export.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    record: &'a Record,
    /// Where it was kept.
    scope: &'a str,
}

/// The members of a line that an import needs. Others are let by: they are of the store that it came from.
#[derive(Deserialize)]
struct Imported {
    content: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    metadata: serde_json::Map<String, serde_json::Value>,
    session: Option<String>,
    sequence: Option<i64>,
    speaker: Option<String>,
    source: Option<String>,
    agent: Option<String>,
    run: Option<String>,
    importance: Option<f32>,
    created: Option<i64>,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    expires: Option<i64>,
    state: Option<State>,
}

impl Memory {
    /// Writes all that a user of an organisation stored, wherever they did, as a JSON object a line: what a person may ask for.
    ///
    /// # Errors
    /// The store cannot be read, or the lines cannot be written.
    pub fn export(&self, org: &str, user: &str, mut to: impl Write) -> Result<Moved, MemoryError> {
        let (engine, failed) = (&self.0, MemoryError::doing("exported"));
        let subject = engine.sealing.ring().subject(org, user);
        let rows: Vec<Row> = engine.reader.read(&Sight::Everything, |db| {
            let query =
                format!("SELECT {COLUMNS} FROM memory WHERE subject = ?1 ORDER BY namespace, ordinal");
            db.query(&query, values![subject], Row::read).map_err(MemoryError::doing("read"))
        })?;
        let mut moved = Moved::default();
        for row in &rows {
            let record = row.record(&engine.sealing)?;
            let scope = engine.scope_name(row.namespace)?;
            let line = serde_json::to_vec(&Line { record: &record, scope: &scope });
            let mut line = line.map_err(MemoryError::doing("exported"))?;
            line.push(b'\n');
            to.write_all(&line).map_err(&failed)?;
            moved.memories += 1;
        }
        to.flush().map_err(&failed)?;
        let about = About { memories: moved.memories, ..About::default() };
        engine.audit.done(engine.now(), (org, user), Action::Export, about)?;
        Ok(moved)
    }

    /// Overwrites what has expired, shortens the change log, and gives the space of the write-ahead log back.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn compact(&self) -> Result<Compacted, MemoryError> {
        let (engine, now) = (&self.0, self.0.now());
        let sealing = engine.sealing.clone();
        let expired = engine.writer.write(Sight::Everything, move |db| {
            let (failed, held) = (MemoryError::doing("written"), sealing.ring().held()?);
            let mut places: Vec<(Id, i64, u32)> = erase::places(db, "expires <= ?1", values![now])?;
            for subject in held {
                let kept: Vec<_> =
                    erase::places(db, "expires <= ?1 AND subject = ?2", values![now, subject])?;
                places.retain(|place| !kept.contains(place));
            }
            for (id, namespace, ordinal) in &places {
                write::remove(db, id, *namespace, *ordinal)?;
            }
            let shorten = "DELETE FROM change WHERE seq <= (SELECT max(seq) FROM change) - ?1";
            db.execute(shorten, values![CHANGES]).map_err(&failed)?;
            Ok(places.len())
        })?;
        engine.empty_log()?;
        Ok(Compacted { expired })
    }
}

impl Tenant {
    /// Stores the memories of an export in a scope, a JSON object a line. What is there already is not stored twice, so an import that
    /// was cut off can be done again.
    ///
    /// # Errors
    /// A line cannot be read (the error says which; those of batches before it are stored), or the caller may not write there.
    pub fn import(&self, scope: &Scope, from: impl BufRead) -> Result<Moved, MemoryError> {
        let (mut moved, mut batch) = (Moved::default(), Vec::new());
        let keep = |batch: Vec<Draft>, moved: &mut Moved| -> Result<(), MemoryError> {
            let stored: Vec<Stored> = self.store_all(scope, batch)?;
            let new = stored.iter().filter(|stored| stored.new).count();
            moved.memories += new;
            moved.left_out += stored.len() - new;
            Ok(())
        };
        for (number, line) in from.lines().enumerate() {
            let line = line.map_err(MemoryError::doing("imported"))?;
            if line.trim().is_empty() {
                continue;
            }
            let wrong =
                |error: serde_json::Error| MemoryError::invalid("line", format!("{}: {error}", number + 1));
            let imported: Imported = serde_json::from_str(&line).map_err(wrong)?;
            if imported.state == Some(State::Superseded) {
                moved.left_out += 1;
                continue;
            }
            batch.push(imported.into());
            if batch.len() == BATCH {
                keep(std::mem::take(&mut batch), &mut moved)?;
            }
        }
        keep(batch, &mut moved)?;
        Ok(moved)
    }
}

impl From<Imported> for Draft {
    fn from(line: Imported) -> Self {
        Self {
            content: line.content,
            kind: line.kind,
            tags: line.tags,
            metadata: line.metadata,
            sequence: line.sequence.filter(|_| line.session.is_some()),
            session: line.session,
            speaker: line.speaker,
            source: line.source,
            agent: line.agent,
            run: line.run,
            importance: line.importance,
            created: line.created,
            valid_from: line.valid_from,
            valid_to: line.valid_to,
            expires: line.expires,
        }
    }
}

impl crate::engine::Engine {
    /// The scope of a namespace.
    fn scope_name(&self, namespace: i64) -> Result<String, MemoryError> {
        self.namespace_name(namespace).map(|(_, scope, _)| scope)
    }

    /// Organisation, scope and user of a namespace, by the name that was sealed when it was made.
    pub(crate) fn namespace_name(&self, namespace: i64) -> Result<(String, String, String), MemoryError> {
        let (tag, key, sealed) =
            self.reader.read(&Sight::of(namespace), |db| read::namespace_name(db, namespace))?;
        let name = self.sealing.open_name(key, &tag, &sealed)?;
        serde_json::from_slice(&name).map_err(|_| MemoryError::Damaged { what: "the name of a namespace" })
    }
}
