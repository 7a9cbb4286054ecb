//! What an operator may know of the keys: which there are, never what they are.

use serde::Serialize;

use crate::{Memory, MemoryError};

/// A key of the key ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyEntry {
    /// Its number; a higher one is younger. Numbers are not used again.
    pub id: i64,
    /// What it is for.
    pub purpose: KeyPurpose,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyPurpose {
    /// Makes the pseudonyms by which people and places are looked up. There is one.
    Lookup,
    /// Seals what one person stored, or what an organisation shares.
    Owner,
    /// Seals what is derived from the memories of several, and is destroyed with any of them.
    Derived,
}

impl Memory {
    /// The keys of the key ring, oldest first. The ring does not keep when they were made.
    ///
    /// # Errors
    /// The key ring cannot be read.
    pub fn keys(&self) -> Result<Vec<KeyEntry>, MemoryError> {
        self.0.sealing.ring().entries()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, Draft, Scope};

    #[test]
    fn keys_are_told_by_number_and_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::open(folder.path()).unwrap();
        let purposes = || -> Vec<_> { memory.keys().unwrap().iter().map(|key| key.purpose).collect() };
        assert_eq!(purposes(), [KeyPurpose::Lookup]);
        let ann = memory.of(Access::new("acme", "ann"));
        ann.store(&Scope::Private, Draft::new("ann likes tea")).unwrap();
        assert_eq!(purposes().iter().filter(|purpose| **purpose == KeyPurpose::Owner).count(), 1);
        let all = memory.keys().unwrap();
        assert!(all.is_sorted_by_key(|key| key.id), "{all:?}");
        memory.erase("acme", "ann").unwrap();
        assert!(!purposes().contains(&KeyPurpose::Owner), "who is erased has no key");
    }
}
