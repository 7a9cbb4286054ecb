//! The sealed part of a memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::crypto::{Cipher, KeyId, KeyRing};
use crate::{Id, MemoryError};

/// What only holders of the subject's key can read. Short names: they stand in every memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    #[serde(rename = "c")]
    pub(crate) content: String,
    #[serde(rename = "u")]
    pub(crate) author: String,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(rename = "m", default, skip_serializing_if = "Map::is_empty")]
    pub(crate) metadata: Map<String, Value>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) speaker: Option<String>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(crate) importance: Option<f32>,
}

/// A vector as it is kept: which model made it, its scale, its cells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vector {
    pub(crate) scale: f32,
    pub(crate) cells: Box<[i8]>,
}

/// Seals and opens what belongs to a memory.
#[derive(Debug, Clone)]
pub(crate) struct Sealing(Arc<KeyRing>);

impl Sealing {
    pub(crate) const fn new(ring: Arc<KeyRing>) -> Self {
        Self(ring)
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.0
    }

    /// What a value is bound to: the store, the memory, its version, and what kind of value it is.
    fn bound(&self, id: &Id, version: u32, kind: u8) -> [u8; 37] {
        let mut bound = [0; 37];
        let parts = self.0.store().iter().chain(&id.0);
        let bytes = parts.copied().chain(version.to_le_bytes()).chain([kind]);
        for (to, from) in bound.iter_mut().zip(bytes) {
            *to = from;
        }
        bound
    }

    pub(crate) fn seal_body(
        &self,
        cipher: &Cipher,
        id: &Id,
        version: u32,
        body: &Body,
    ) -> Result<Vec<u8>, MemoryError> {
        let text = serde_json::to_vec(body).map_err(MemoryError::doing("written"))?;
        cipher.seal(&self.bound(id, version, b'b'), &text)
    }

    pub(crate) fn open_body(
        &self,
        key: KeyId,
        id: &Id,
        version: u32,
        sealed: &[u8],
    ) -> Result<Body, MemoryError> {
        let text = self.0.cipher(key)?.open(&self.bound(id, version, b'b'), sealed)?;
        serde_json::from_slice(&text).map_err(|_| MemoryError::Damaged { what: "a memory" })
    }

    pub(crate) fn seal_vector(
        &self,
        cipher: &Cipher,
        id: &Id,
        version: u32,
        vector: &Vector,
    ) -> Result<Vec<u8>, MemoryError> {
        let cells = vector.cells.iter().map(|cell| cell.cast_unsigned());
        let bytes: Vec<u8> = vector.scale.to_le_bytes().into_iter().chain(cells).collect();
        cipher.seal(&self.bound(id, version, b'v'), &bytes)
    }

    pub(crate) fn open_vector(
        &self,
        key: KeyId,
        id: &Id,
        version: u32,
        sealed: &[u8],
    ) -> Result<Vector, MemoryError> {
        let bytes = self.0.cipher(key)?.open(&self.bound(id, version, b'v'), sealed)?;
        let (scale, cells) =
            bytes.split_first_chunk::<4>().ok_or(MemoryError::Damaged { what: "a vector" })?;
        let cells = cells.iter().map(|byte| byte.cast_signed()).collect();
        Ok(Vector { scale: f32::from_le_bytes(*scale), cells })
    }

    pub(crate) fn seal_name(
        &self,
        cipher: &Cipher,
        tag: &[u8; 16],
        name: &[u8],
    ) -> Result<Vec<u8>, MemoryError> {
        cipher.seal(&self.bound_name(tag), name)
    }

    pub(crate) fn open_name(
        &self,
        key: KeyId,
        tag: &[u8; 16],
        sealed: &[u8],
    ) -> Result<Vec<u8>, MemoryError> {
        self.0.cipher(key)?.open(&self.bound_name(tag), sealed)
    }

    fn bound_name(&self, tag: &[u8; 16]) -> Vec<u8> {
        [&self.0.store()[..], tag].concat()
    }

    /// Seals what is in clear, or the other way round, for a copy that is kept as the original is not.
    pub(crate) fn converted(
        &self,
        key: KeyId,
        of: &Bound,
        value: &[u8],
        seal: bool,
    ) -> Result<Vec<u8>, MemoryError> {
        let bound = match of {
            Bound::Value(id, version, kind) => self.bound(id, *version, *kind).to_vec(),
            Bound::Name(tag) => self.bound_name(tag),
        };
        let (clear, sealed) = (Cipher::Plain, self.0.sealing_cipher(key)?);
        let (from, to) = if seal { (&clear, &sealed) } else { (&sealed, &clear) };
        to.seal(&bound, &from.open(&bound, value)?)
    }
}

/// What a value is bound to.
pub(crate) enum Bound {
    /// A body (`b`) or vector (`v`) of a version of a memory.
    Value(Id, u32, u8),
    /// The name of a namespace.
    Name([u8; 16]),
}
