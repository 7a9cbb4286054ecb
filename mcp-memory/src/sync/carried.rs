//! A memory on its way, sealed.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::mark::Mark;
use super::ties::Tie;
use crate::crypto::{Cipher, Lookup};
use crate::{Access, Id, MasterKey, MemoryError, Record, Scope};

/// The first part of all keys. Another form gets another one.
const FORM: &str = "mcp-memory/1";

/// What is carried.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    /// Nothing of one that was deleted.
    pub(super) record: Option<Record>,
    /// What it is to others: the number of the relation, the other, since when.
    #[serde(default)]
    pub(super) links: Vec<Tie>,
}

/// Keys of what a user stored in a scope.
pub(super) struct Secret {
    cipher: Cipher,
    lookup: Lookup,
    user: String,
    place: String,
}

impl Secret {
    pub(super) fn of(key: &MasterKey, access: &Access, scope: &Scope) -> Result<Self, MemoryError> {
        let (seal, lookup) = key.derived();
        let lookup = Lookup::new(&lookup);
        let (org, who, scope) = (access.org().as_bytes(), access.user().as_bytes(), scope.to_string());
        let user = format!("{FORM}/{}/", digits(&lookup.of("user", &[org, who])));
        let place = format!("{user}{}/", digits(&lookup.of("scope", &[org, who, scope.as_bytes()])));
        Ok(Self { cipher: Cipher::new(&seal)?, lookup, user, place })
    }

    /// What all keys of the user begin with.
    pub(super) fn of_user(&self) -> String {
        self.user.clone()
    }

    /// What all keys of the scope begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.place
    }

    pub(super) fn key(&self, id: &Id) -> String {
        format!("{}{id}", self.place)
    }

    /// The memory that a key is of.
    pub(super) fn id(&self, key: &str) -> Option<Id> {
        key.strip_prefix(&self.place)?.parse().ok()
    }

    /// Seals a memory, and says which state of it that is.
    pub(super) fn seal(
        &self,
        id: &Id,
        (version, updated): (u32, i64),
        carried: &Carried,
    ) -> Result<(Mark, Vec<u8>), MemoryError> {
        let text = serde_json::to_vec(carried).map_err(MemoryError::doing("written"))?;
        let [a, b, c, d, ..] = self.lookup.of("state", &[&text]);
        let deleted = carried.record.is_none();
        let mark = Mark { version, updated, deleted, digest: u32::from_be_bytes([a, b, c, d]) };
        Ok((mark, self.cipher.seal(&self.bound(id, mark), &text)?))
    }

    /// Opens what was sealed as some state of a memory; nothing where it is another state than was listed, as a remote may be late.
    pub(super) fn open(&self, id: &Id, mark: Mark, sealed: &[u8]) -> Option<Carried> {
        let text = self.cipher.open(&self.bound(id, mark), sealed).ok()?;
        let carried: Carried = serde_json::from_slice(&text).ok()?;
        (carried.record.is_none() == mark.deleted).then_some(carried)
    }

    fn bound(&self, id: &Id, mark: Mark) -> Vec<u8> {
        format!("{} {mark}", self.key(id)).into_bytes()
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes whatever is written.
        write!(text, "{byte:02x}").ok();
        text
    })
}
