//! What a memory is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::MemoryError;
use crate::crypto::random;

/// Identifies a memory: random, so that nobody can guess one or tell from it when it was made. Written as a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) [u8; 16]);

impl Id {
    /// An identifier that nothing else has.
    pub(crate) fn generate() -> Result<Self, MemoryError> {
        let mut bytes: [u8; 16] = random()?;
        // RFC 9562, version 4.
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        let wrong = || MemoryError::invalid("id", "must be a UUID, as `store` returned it");
        let mut bytes = [0; 16];
        let mut digits = text.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
        for byte in &mut bytes {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Err(wrong());
            };
            *byte = u8::try_from(high << 4 | low).map_err(|_| wrong())?;
        }
        if digits.next().is_some() || text.len() > 36 { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A memory to be stored. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Draft {
    /// What is to be remembered.
    pub content: String,
    /// What kind of memory it is: `note`, `decision`, `fact`. `note` where nothing is said.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Anything else, for filters.
    pub metadata: Map<String, Value>,
    /// The conversation it belongs to.
    pub session: Option<String>,
    /// Its place in the conversation; behind the last one where nothing is said.
    pub sequence: Option<i64>,
    /// Who says it, in a conversation.
    pub speaker: Option<String>,
    /// Where it comes from: a file, a URL.
    pub source: Option<String>,
    /// The agent that learned it.
    pub agent: Option<String>,
    /// The run in which it was learned.
    pub run: Option<String>,
    /// How much it matters, from 0 to 1.
    pub importance: Option<f32>,
    /// When it was learned; now where nothing is said.
    pub created: Option<i64>,
    /// From when on it is true.
    pub valid_from: Option<i64>,
    /// Until when it is true.
    pub valid_to: Option<i64>,
    /// When it is to be forgotten.
    pub expires: Option<i64>,
}

impl Draft {
    /// A memory of a text.
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// Sets the kind.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Makes it part of a conversation.
    #[must_use]
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }
}

/// Whether a memory counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// It does.
    Live,
    /// Another took its place.
    Superseded,
}

/// A memory as it is kept. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// Its identifier.
    pub id: Id,
    /// Who stored it.
    pub author: String,
    /// What is remembered.
    pub content: String,
    /// What kind of memory it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Its place in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// Who says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The agent that learned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The run in which it was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<f32>,
    /// When it was learned.
    pub created: i64,
    /// When it was changed last.
    pub updated: i64,
    /// From when on it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<i64>,
    /// Until when it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<i64>,
    /// When it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// How often it was changed, from 1.
    pub version: u32,
    /// Whether it counts.
    pub state: State,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_as_uuids_and_read_again() {
        let id = Id::generate().unwrap();
        let text = id.to_string();
        assert_eq!((text.len(), text.as_bytes()[14]), (36, b'4'));
        assert_eq!(text.parse::<Id>().unwrap(), id);
        assert_eq!(text.replace('-', "").to_uppercase().parse::<Id>().unwrap(), id);
        for wrong in ["", "x", &text[1..], &format!("{text}0"), "zz000000-0000-4000-8000-000000000000"] {
            assert!(wrong.parse::<Id>().is_err(), "{wrong}");
        }
    }
}
