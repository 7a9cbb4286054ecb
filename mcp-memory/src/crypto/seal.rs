//! AES-256-GCM with random nonces, and keyed look-ups.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;

use crate::MemoryError;

/// The first byte of a value: how the rest is to be read.
const PLAIN: u8 = 0;
const SEALED: u8 = 1;

/// Random bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], MemoryError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| MemoryError::Keys { problem: "the system has no random numbers" })?;
    Ok(bytes)
}

/// Seals values with one key, or leaves them in clear where encryption is off.
pub(crate) enum Cipher {
    Plain,
    Aes(Box<LessSafeKey>),
}

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, MemoryError> {
        let key = UnboundKey::new(&AES_256_GCM, key)
            .map_err(|_| MemoryError::Keys { problem: "a key has the wrong length" })?;
        Ok(Self::Aes(Box::new(LessSafeKey::new(key))))
    }

    /// Seals a value. `bound` is what it belongs to: with anything else it cannot be opened.
    pub(crate) fn seal(&self, bound: &[u8], value: &[u8]) -> Result<Vec<u8>, MemoryError> {
        let Self::Aes(key) = self else {
            return Ok([&[PLAIN], value].concat());
        };
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + value.len() + AES_256_GCM.tag_len());
        out.push(SEALED);
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(value);
        let failed = |_| MemoryError::Keys { problem: "a value cannot be sealed" };
        let (_, text) = out.split_at_mut(start);
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), text)
            .map_err(failed)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens a value that was sealed with the same key and belongs to the same thing.
    pub(crate) fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, MemoryError> {
        let damaged = MemoryError::Damaged { what: "it does not open with its key" };
        let Some((kind, rest)) = sealed.split_first() else { return Err(damaged) };
        match (kind, self) {
            (&PLAIN, Self::Plain) => Ok(rest.to_vec()),
            // A value in clear where all are sealed was put there by somebody else.
            (&SEALED, Self::Aes(key)) => {
                let Some((nonce, text)) = rest.split_at_checked(NONCE_LEN) else { return Err(damaged) };
                let Ok(nonce) = Nonce::try_assume_unique_for_key(nonce) else { return Err(damaged) };
                let mut text = text.to_vec();
                let Ok(plain) = key.open_in_place(nonce, Aad::from(bound), &mut text) else {
                    return Err(damaged);
                };
                let length = plain.len();
                text.truncate(length);
                Ok(text)
            }
            _ => Err(damaged),
        }
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Plain) { "Plain" } else { "Aes" })
    }
}

/// Finds equal values without telling which they are: HMAC-SHA-256, cut to 16 bytes.
pub(crate) struct Lookup(hmac::Key);

impl Lookup {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// What stands for a value of some kind. Parts cannot run into each other.
    pub(crate) fn of(&self, kind: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [kind.as_bytes()].iter().chain(parts) {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        short
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_one_changed_bit_does_not(
            value in prop::collection::vec(any::<u8>(), 0..200), bound in prop::collection::vec(any::<u8>(), 0..40),
            at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let cipher = Cipher::new(&[7; 32]).unwrap();
            let sealed = cipher.seal(&bound, &value).unwrap();
            prop_assert_eq!(cipher.open(&bound, &sealed).unwrap(), value.clone());
            let mut changed = sealed.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(cipher.open(&bound, &changed).is_err());
            prop_assert!(cipher.open(&[&bound[..], b"x"].concat(), &sealed).is_err());
            prop_assert!(Cipher::new(&[8; 32]).unwrap().open(&bound, &sealed).is_err());
            prop_assert!(Cipher::Plain.open(&bound, &sealed).is_err());
            prop_assert!(cipher.open(&bound, &Cipher::Plain.seal(&bound, &value).unwrap()).is_err());
        }
    }

    #[test]
    fn a_nonce_is_never_used_twice() {
        let cipher = Cipher::new(&[7; 32]).unwrap();
        let nonces: std::collections::HashSet<_> =
            (0..20_000).map(|_| cipher.seal(b"", b"").unwrap()[1..13].to_vec()).collect();
        assert_eq!(nonces.len(), 20_000);
    }

    #[test]
    fn parts_of_a_look_up_do_not_run_into_each_other() {
        let lookup = Lookup::new(&[1; 32]);
        assert_ne!(lookup.of("t", &[b"ab", b"c"]), lookup.of("t", &[b"a", b"bc"]));
        assert_ne!(lookup.of("t", &[b"a"]), lookup.of("s", &[b"a"]));
        assert_ne!(lookup.of("t", &[b"a"]), Lookup::new(&[2; 32]).of("t", &[b"a"]));
    }
}
