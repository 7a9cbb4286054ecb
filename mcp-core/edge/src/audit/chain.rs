//! How entries hang together.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

use super::VerifyError;
use crate::json;

pub(super) type Hash = [u8; 32];

/// The hash before the first entry.
pub(super) const START: Hash = [0; 32];
const PREV: &[u8] = br#","prev":""#;
const HASH: &[u8] = br#"","hash":""#;
const END: &[u8] = br#""}"#;
/// Bytes behind what is hashed.
const TAIL: usize = HASH.len() + 64 + END.len();

/// What entries are hashed with: SHA-256, or HMAC-SHA-256 with a key that only the service and its auditors know.
#[derive(Clone, Default)]
pub struct ChainKey(Option<hmac::Key>);

impl ChainKey {
    /// A key; at least 32 random bytes.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Some(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    pub(super) fn hash(&self, bytes: &[u8]) -> Hash {
        let mut hash = START;
        match &self.0 {
            Some(key) => hash.copy_from_slice(hmac::sign(key, bytes).as_ref()),
            None => hash.copy_from_slice(digest(&SHA256, bytes).as_ref()),
        }
        hash
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainKey").field("keyed", &self.0.is_some()).finish()
    }
}

/// The last entry of a log: keep it elsewhere, and nobody can cut the log off behind it unnoticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Adds the line of an entry, without its end, and returns its hash. `body` are the members in between.
pub(super) fn seal(line: &mut Vec<u8>, key: &ChainKey, seq: u64, prev: &Hash, body: &[u8]) -> Hash {
    let start = line.len();
    line.extend_from_slice(br#"{"seq":"#);
    json::number(line, seq);
    line.push(b',');
    line.extend_from_slice(body);
    line.extend_from_slice(PREV);
    json::hex_bytes(line, prev);
    let hash = key.hash(line.get(start..).unwrap_or_default());
    link(line, &hash);
    hash
}

/// The line that takes the place of an entry whose content was taken away. Its hash stays.
pub(super) fn stub(seq: u64, by: u64, prev: &Hash, hash: &Hash) -> Vec<u8> {
    let mut line = Vec::with_capacity(220);
    line.extend_from_slice(br#"{"seq":"#);
    json::number(&mut line, seq);
    line.extend_from_slice(br#","erased":"#);
    json::number(&mut line, by);
    line.extend_from_slice(PREV);
    json::hex_bytes(&mut line, prev);
    link(&mut line, hash);
    line
}

fn link(line: &mut Vec<u8>, hash: &Hash) {
    line.extend_from_slice(HASH);
    json::hex_bytes(line, hash);
    line.extend_from_slice(END);
}

/// A line, taken apart.
#[derive(Debug)]
pub(super) struct Link<'a> {
    pub(super) seq: u64,
    /// The entry that took the content away.
    pub(super) erased_by: Option<u64>,
    pub(super) prev: Hash,
    pub(super) hash: Hash,
    hashed: &'a [u8],
}

impl<'a> Link<'a> {
    /// Takes a line apart that should be entry `expected`.
    pub(super) fn parse(line: &'a str, expected: u64) -> Result<Self, VerifyError> {
        let broken = |problem| VerifyError::Broken { seq: expected, problem };
        let bytes = line.as_bytes();
        let shape = || broken("it is no entry");
        let (hashed, tail) = bytes.split_at_checked(bytes.len().wrapping_sub(TAIL)).ok_or_else(shape)?;
        let hash = tail
            .strip_prefix(HASH)
            .and_then(|rest| rest.strip_suffix(END))
            .and_then(unhex)
            .ok_or_else(shape)?;
        let (front, prev) = hashed.split_at_checked(hashed.len().wrapping_sub(64)).ok_or_else(shape)?;
        let prev = unhex(prev).filter(|_| front.ends_with(PREV)).ok_or_else(shape)?;
        let rest = line.strip_prefix(r#"{"seq":"#).ok_or_else(shape)?;
        let (seq, rest) = rest.split_once(',').ok_or_else(shape)?;
        let seq = seq.parse().map_err(|_| shape())?;
        let erased =
            rest.strip_prefix(r#""erased":"#).and_then(|rest| rest.split_once(',')).map(|(by, _)| by.parse());
        let erased_by = erased.transpose().map_err(|_| shape())?;
        // A stub holds nothing else: nothing can hide where no hash is computed.
        if erased_by.is_some_and(|by| stub(seq, by, &prev, &hash) != bytes) {
            return Err(shape());
        }
        Ok(Self { seq, erased_by, prev, hash, hashed })
    }

    /// Whether it is what should follow the entry with hash `prev`.
    pub(super) fn check(&self, expected: u64, prev: &Hash, key: &ChainKey) -> Result<(), VerifyError> {
        let broken = |problem| Err(VerifyError::Broken { seq: expected, problem });
        if self.seq != expected {
            return broken("another entry stands in its place");
        }
        if self.prev != *prev {
            return broken("it does not follow the entry before");
        }
        if self.erased_by.is_none() && key.hash(self.hashed) != self.hash {
            return broken("it was changed, or the key is another");
        }
        Ok(())
    }
}

pub(super) fn unhex(digits: &[u8]) -> Option<Hash> {
    let mut hash = START;
    if digits.len() != 64 {
        return None;
    }
    // One spelling only: a letter in upper case is a change too.
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(hash)
}
