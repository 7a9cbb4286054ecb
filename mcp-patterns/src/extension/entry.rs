//! What a server says of one skill.

use serde::de::Error as _;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A file of a skill, as a server declares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SkillResource {
    /// Where it is read.
    pub uri: String,
    /// `sha256:` and 64 hexadecimal digits in lower case, of the raw bytes.
    pub digest: String,
    /// The number of bytes.
    pub size: u64,
}

/// The files of a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// All of them.
    Listed(Vec<SkillResource>),
    /// They are made when they are read: nothing can be verified.
    Dynamic,
}

impl Serialize for Manifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Dynamic => serializer.serialize_str("dynamic"),
            Self::Listed(files) => {
                let mut list = serializer.serialize_seq(Some(files.len()))?;
                files.iter().try_for_each(|file| list.serialize_element(file))?;
                list.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text == "dynamic" => Ok(Self::Dynamic),
            Value::Array(files) => {
                let files = files.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
                files.map(Self::Listed).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom("neither an array nor \"dynamic\"")),
        }
    }
}

/// One skill, as `skills/list` and `skills/get` give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkillEntry {
    /// The URI of its `SKILL.md`.
    pub uri: String,
    /// The frontmatter of its `SKILL.md`, member for member.
    pub frontmatter: Map<String, Value>,
    /// Its files.
    pub resources: Manifest,
}

impl SkillEntry {
    /// The name, as the frontmatter has it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.frontmatter.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// What it does and when to use it.
    #[must_use]
    pub fn description(&self) -> &str {
        self.frontmatter.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    /// The directory of the skill, without a slash at its end.
    #[must_use]
    pub fn root(&self) -> &str {
        self.uri.strip_suffix("/SKILL.md").unwrap_or(&self.uri)
    }

    /// A listed file.
    #[must_use]
    pub fn file(&self, uri: &str) -> Option<&SkillResource> {
        match &self.resources {
            Manifest::Listed(files) => files.iter().find(|file| file.uri == uri),
            Manifest::Dynamic => None,
        }
    }

    /// What an approval is bound to: every URI, digest and size, and the frontmatter. None where nothing can be verified.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        let Manifest::Listed(files) = &self.resources else { return None };
        let mut files: Vec<&SkillResource> = files.iter().collect();
        files.sort();
        let mut members: Vec<_> = self.frontmatter.iter().collect();
        members.sort_by_key(|(name, _)| name.as_str());
        let text = serde_json::to_vec(&(&self.uri, files, members)).ok()?;
        Some(Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
