//! Changing what is stored.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::store::{Place, Stored};
use super::{Relation, Tenant, draft, stats};
use crate::audit::{About, Action};
use crate::store::sql::{Sight, Transaction, values};
use crate::store::{Body, Row, Stamp, Write, write};
use crate::vector::quantized;
use crate::{Draft, Id, MemoryError, State};

/// A change to a memory. What is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Edit {
    /// Another text.
    pub content: Option<String>,
    /// Another kind.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Other tags.
    pub tags: Option<Vec<String>>,
    /// Members of the metadata to set; `null` takes one away.
    pub metadata: Option<Map<String, Value>>,
    /// Another weight.
    pub importance: Option<f32>,
    /// From when on it is true.
    pub valid_from: Option<i64>,
    /// Until when it is true.
    pub valid_to: Option<i64>,
    /// When it is to be forgotten.
    pub expires: Option<i64>,
    /// The version that is to be changed; the change fails if there is a newer one.
    pub version: Option<u32>,
}

/// An earlier version of a memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Past {
    /// Which version.
    pub version: u32,
    /// When the next one took its place.
    pub until: i64,
    /// What it said.
    pub content: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its metadata.
    pub metadata: Map<String, Value>,
}

impl Tenant {
    /// Changes a memory. The version before becomes part of its history.
    ///
    /// # Errors
    /// There is none that the caller may change, a member is wrong, or somebody else has changed it meanwhile.
    pub fn update(&self, id: &Id, edit: Edit) -> Result<u32, MemoryError> {
        let (row, scope) = self.row_to_change(id, Action::Write)?;
        let subject = self.place(&scope)?.subject;
        // A text of two authors could not be erased with either.
        if row.subject != subject {
            return Err(MemoryError::invalid(
                "id",
                "only its author may change this memory: supersede it instead",
            ));
        }
        if edit.version.is_some_and(|version| version != row.version) {
            let problem = format!("the memory has version {} now: read it again", row.version);
            return Err(MemoryError::invalid("version", problem));
        }
        let old = self.engine.sealing.open_body(row.key, id, row.version, &row.body)?;
        let stamp = Stamp {
            created: row.created,
            updated: self.engine.now(),
            valid_from: edit.valid_from.or(row.valid_from),
            valid_to: edit.valid_to.or(row.valid_to),
            expires: edit.expires.or(row.expires),
        };
        draft::span(stamp.valid_from, stamp.valid_to)?;
        let body = edited(old, edit)?;
        let vector = self.engine.embed(&[&body.content])?.into_iter().next().flatten();
        self.engine.while_keys_last(&Sight::of(row.namespace).with(subject), || {
            let new = self.resealed(&self.place(&scope)?, &row, stamp, &body, vector.as_deref())?;
            let old = row.clone();
            let (quota, subject) = (self.access.allowed(), new.subject);
            Ok(move |db: &Transaction<'_>| {
                write::replace(db, &old, &new)?;
                stats::within(db, &subject, quota).map(|()| new.version)
            })
        })
    }

    fn resealed(
        &self,
        place: &Place,
        row: &Row,
        stamp: Stamp,
        body: &Body,
        vector: Option<&[f32]>,
    ) -> Result<Write, MemoryError> {
        let (sealing, id, version) = (&self.engine.sealing, row.id, row.version.saturating_add(1));
        let vector =
            vector.map(|vector| sealing.seal_vector(&place.cipher, &id, version, &quantized(vector)));
        Ok(Write {
            id,
            subject: place.subject,
            version,
            stamp,
            session: None,
            sequence: row.sequence,
            same: self.same(place, &body.content, body.session.as_deref(), row.sequence),
            key: place.key,
            body: sealing.seal_body(&place.cipher, &id, version, body)?,
            model: self.engine.model.filter(|_| vector.is_some()),
            vector: vector.transpose()?,
        })
    }

    /// Stores a memory in the place of another, which stays readable and counts no longer.
    ///
    /// # Errors
    /// As [`update`](Self::update) and [`store`](Self::store).
    pub fn supersede(&self, id: &Id, by: Draft) -> Result<Stored, MemoryError> {
        let (row, scope) = self.row_to_change(id, Action::Write)?;
        if row.state == State::Superseded {
            return Err(MemoryError::invalid(
                "id",
                "the memory is superseded already: supersede the newer one",
            ));
        }
        let at = by.valid_from.unwrap_or_else(|| self.engine.now());
        let stored = self.store(&scope, by)?;
        if stored.id == *id {
            return Err(MemoryError::invalid("content", "says what the memory says already"));
        }
        let source = stored.id;
        self.engine.writer.write(Sight::of(row.namespace), move |db| {
            write::supersede(db, &row, at)?;
            write::link(db, &source, &row.id, Relation::Supersedes.number(), at)
        })?;
        Ok(stored)
    }

    /// Deletes a memory with its history. What it said may be stored again.
    ///
    /// # Errors
    /// There is none that the caller may change.
    pub fn delete(&self, id: &Id) -> Result<(), MemoryError> {
        let (row, scope) = self.row_to_change(id, Action::Delete)?;
        let sealing = self.engine.sealing.clone();
        self.engine.writer.write(Sight::of(row.namespace), move |db| {
            if sealing.ring().held()?.contains(&row.subject) {
                return Err(MemoryError::Held);
            }
            write::remove(db, &row.id, row.namespace, row.ordinal)
        })?;
        self.told(Action::Delete, About { scope: Some(scope.to_string()), id: Some(*id), memories: 1 })
    }

    /// What a memory said before, oldest first.
    ///
    /// # Errors
    /// There is none that the caller may read.
    pub fn history(&self, id: &Id) -> Result<Vec<Past>, MemoryError> {
        let (row, _) = self.row(id)?;
        let rows: Vec<(u32, i64, i64, Vec<u8>)> =
            self.engine.reader.read(&Sight::of(row.namespace), |db| {
                let query = "SELECT version, at, key, body FROM past WHERE memory = ?1 ORDER BY version";
                db.query(query, values![id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                    .map_err(MemoryError::doing("read"))
            })?;
        rows.into_iter()
            .map(|(version, until, key, body)| {
                let body = self.engine.sealing.open_body(key, id, version, &body)?;
                Ok(Past { version, until, content: body.content, tags: body.tags, metadata: body.metadata })
            })
            .collect()
    }
}

fn edited(mut body: Body, edit: Edit) -> Result<Body, MemoryError> {
    if let Some(content) = edit.content {
        draft::content(&content)?;
        body.content = content;
    }
    if let Some(kind) = edit.kind {
        draft::name("type", &kind)?;
        body.kind = Some(kind);
    }
    if let Some(tags) = edit.tags {
        draft::tags(&tags)?;
        body.tags = draft::tidy(tags);
    }
    for (name, value) in edit.metadata.unwrap_or_default() {
        if value.is_null() {
            body.metadata.shift_remove(&name);
        } else {
            body.metadata.insert(name, value);
        }
    }
    draft::metadata(&body.metadata)?;
    draft::importance(edit.importance)?;
    body.importance = edit.importance.or(body.importance);
    Ok(body)
}
