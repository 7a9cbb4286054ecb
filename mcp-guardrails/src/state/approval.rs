//! Approvals: for one call, with these arguments, by this caller, once, until then.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::event::Event;
use crate::rule::canonical;

/// What an approval is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of an event: who does what to which tool with which arguments. Members' order and the notation of numbers do not matter.
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let mut text = Vec::with_capacity(256);
        let file = event.file.map(|file| (file.path, file.content.unwrap_or_default()));
        let (path, content) = file.unwrap_or_default();
        let who = [
            event.issuer,
            event.tenant,
            event.user,
            event.environment,
            event.server,
            event.tool,
            event.phase.name(),
        ];
        for part in who.into_iter().chain([event.prompt.unwrap_or_default(), path, content]) {
            text.extend_from_slice(&part.len().to_le_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        for value in [event.arguments, event.result, event.definition] {
            canonical(value.unwrap_or(&Value::Null), &mut text);
            text.push(b'\n');
        }
        Self(Sha256::digest(&text).into())
    }

    /// A digest of this one and of something that nobody can guess.
    #[cfg(feature = "layer")]
    pub(crate) fn with(self, secret: &[u8]) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(secret).finalize().into())
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest has 64 hexadecimal digits"))
    }
}

/// What somebody has to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// What [`Guard::approve`](super::Guard::approve) is called with.
    pub digest: Digest,
}

/// Eight bytes of a digest.
pub(crate) fn short(text: &[u8]) -> u64 {
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
