//! Signing keys at rest: AES-256-GCM under keys that the store does not have.
//!
//! A sealed key is a nonce of 96 random bits, the ciphertext and its tag (NIST SP 800-38D). What is authenticated beside it
//! is the name of the store key (its length in eight bytes, big endian, then the name) and that of the signing key, so
//! that no row passes for another one.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

use crate::error::{BuildError, Internal};
use crate::store::StoredKey;

/// The bytes of a nonce.
const NONCE: usize = 12;

/// The keys of a store: the first seals, all of them open. Without any, keys are stored as they are.
#[derive(Default)]
pub(crate) struct StoreKeys(Vec<(String, Aes256Gcm)>);

impl StoreKeys {
    pub(crate) fn add(&mut self, id: String, key: &[u8; 32]) {
        self.0.push((id, Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every key has a name of its own.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        for (at, (id, _)) in self.0.iter().enumerate() {
            let wrong = |why| BuildError::StoreKey { id: id.clone(), why };
            if id.is_empty() {
                return Err(wrong("its name is empty"));
            }
            if self.0.iter().take(at).any(|(other, _)| other == id) {
                return Err(wrong("there are two with this name"));
            }
        }
        Ok(())
    }

    /// Whether this key is stored as a new one would be.
    pub(crate) fn is_current(&self, key: &StoredKey) -> bool {
        key.sealed.as_ref() == self.0.first().map(|(id, _)| id)
    }

    /// The key as it may be stored.
    pub(crate) fn seal(&self, key: &StoredKey) -> Result<StoredKey, Internal> {
        let Some((id, cipher)) = self.0.first() else { return Ok(key.clone()) };
        let mut nonce = [0; NONCE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Internal::Random)?;
        let payload = Payload { msg: &key.body, aad: &beside(id, &key.id) };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| Internal::Seal)?;
        Ok(StoredKey { body: [&nonce[..], &sealed].concat(), sealed: Some(id.clone()), ..key.clone() })
    }

    /// The key that was stored.
    pub(crate) fn open(&self, stored: &StoredKey) -> Result<StoredKey, Internal> {
        let Some(id) = &stored.sealed else { return Ok(stored.clone()) };
        let names = || (stored.id.clone(), id.clone());
        let Some((_, cipher)) = self.0.iter().find(|(known, _)| known == id) else {
            let (key, store_key) = names();
            return Err(Internal::NoStoreKey { key, store_key });
        };
        let opened = stored.body.split_first_chunk::<NONCE>().and_then(|(nonce, sealed)| {
            let payload = Payload { msg: sealed, aad: &beside(id, &stored.id) };
            cipher.decrypt(&Nonce::from(*nonce), payload).ok()
        });
        let Some(body) = opened else {
            let (key, store_key) = names();
            return Err(Internal::NotAuthentic { key, store_key });
        };
        Ok(StoredKey { body, sealed: None, ..stored.clone() })
    }
}

/// What is authenticated beside a sealed key.
fn beside(store_key: &str, key: &str) -> Vec<u8> {
    let length = u64::try_from(store_key.len()).unwrap_or(u64::MAX).to_be_bytes();
    [&length[..], store_key.as_bytes(), key.as_bytes()].concat()
}

impl fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn ring(keys: &[(&str, u8)]) -> StoreKeys {
        let mut ring = StoreKeys::default();
        for (id, byte) in keys {
            ring.add((*id).to_owned(), &[*byte; 32]);
        }
        ring
    }

    fn key(id: &str, body: &[u8]) -> StoredKey {
        let algorithm = "ES256".to_owned();
        StoredKey {
            id: id.to_owned(),
            algorithm,
            body: body.to_vec(),
            sealed: None,
            created: 1,
            retired: None,
        }
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (ring, key) = (ring(&[("a", 1)]), key("one", b"private"));
        let nonces: HashSet<_> =
            (0..20_000).map(|_| ring.seal(&key).unwrap().body[..NONCE].to_vec()).collect();
        assert_eq!(nonces.len(), 20_000);
        // Each byte of a nonce is random, not only some of them.
        for at in 0..NONCE {
            assert_eq!(nonces.iter().map(|nonce| nonce[at]).collect::<HashSet<_>>().len(), 256, "byte {at}");
        }
    }

    #[test]
    fn without_a_ring_a_key_stays_as_it_is() {
        let (ring, key) = (ring(&[]), key("one", b"private"));
        assert!(ring.is_current(&key) && ring.seal(&key).unwrap() == key && ring.open(&key).unwrap() == key);
    }

    #[test]
    fn names_are_part_of_what_is_authenticated() {
        let sealed = ring(&[("ab", 1)]).seal(&key("c", b"private")).unwrap();
        // The same key under a name that only the border between both names tells from the other.
        let moved = StoredKey { id: "bc".into(), sealed: Some("a".into()), ..sealed };
        assert!(matches!(ring(&[("a", 1)]).open(&moved), Err(Internal::NotAuthentic { .. })));
    }

    #[test]
    fn names_of_store_keys_are_checked() {
        assert!(ring(&[("a", 1), ("b", 1)]).check().is_ok());
        let error = ring(&[("a", 1), ("a", 2)]).check().unwrap_err();
        assert_eq!(error.to_string(), "the store key `a` cannot be used: there are two with this name");
        assert!(ring(&[("", 1)]).check().is_err());
        assert_eq!(format!("{:?}", ring(&[("a", 1)])), "[\"a\"]");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_with_its_key_alone(body: Vec<u8>, id in "\\PC{1,8}", at: usize, bit in 0u8..8) {
            let ring = ring(&[("new", 1), ("old", 2)]);
            let plain = key(&id, &body);
            let (one, other) = (ring.seal(&plain).unwrap(), ring.seal(&plain).unwrap());
            prop_assert_ne!(&one.body, &other.body);
            prop_assert!(ring.is_current(&one) && !ring.is_current(&plain));
            prop_assert!(ring.open(&one).unwrap() == plain);
            let mut changed = one.clone();
            let at = at % changed.body.len();
            changed.body[at] ^= 1 << bit;
            let others = [
                changed,
                StoredKey { id: format!("{id}x"), ..one.clone() },
                StoredKey { sealed: Some("old".into()), ..one.clone() },
                StoredKey { body: one.body[..at].to_vec(), ..one },
            ];
            for other in others {
                let refused = matches!(ring.open(&other), Err(Internal::NotAuthentic { .. }));
                prop_assert!(refused, "{:?}", other);
            }
        }
    }
}
