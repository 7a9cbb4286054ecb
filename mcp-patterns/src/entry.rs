//! What the catalogue holds: one model for skills, patterns, rules, commands, prompts and tools.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What an entry was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A directory with a `SKILL.md`.
    Skill,
    /// A Fabric pattern.
    Pattern,
    /// A skill of a `skill-rules.json`.
    Rule,
    /// A Markdown command.
    Command,
    /// A Markdown agent.
    Agent,
    /// A prompt of an MCP server.
    Prompt,
    /// A tool of an MCP server.
    Tool,
}

impl Kind {
    /// The word for it: `skill`, `pattern`, `rule`, `command`, `agent`, `prompt` or `tool`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Pattern => "pattern",
            Self::Rule => "rule",
            Self::Command => "command",
            Self::Agent => "agent",
            Self::Prompt => "prompt",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What says that an entry fits, besides its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Triggers {
    /// Words and phrases that a request for it has.
    pub keywords: Vec<String>,
    /// Whole requests that it answers.
    pub requests: Vec<String>,
    /// Regular expressions, in the syntax of the crate `regex`, whose matches say what a request for it means. Upper and lower case are the
    /// same. One that cannot be compiled matches nothing.
    pub patterns: Vec<String>,
    /// Endings of files that it is about, without the dot: `rs`.
    pub extensions: Vec<String>,
}

/// A file that belongs to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFile {
    /// Where it is within the entry, with `/`.
    pub path: String,
    /// `sha256:` and 64 hexadecimal digits, over its bytes.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

/// Something that can be recommended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// What it is called in answers and feedback: unique in a catalogue. `kind:name` unless its source says otherwise.
    pub id: String,
    /// What it was written as.
    pub kind: Kind,
    /// Its name, as written.
    pub name: String,
    /// What it is for, in a sentence or two.
    pub description: String,
    /// What a model is given: Markdown or plain text.
    pub body: String,
    /// What says that it fits.
    pub triggers: Triggers,
    /// Words it is filed under.
    pub tags: Vec<String>,
    /// Its licence as written, if that is said.
    pub licence: Option<String>,
    /// Where it comes from: a path, an address, the name of a server.
    pub origin: String,
    /// Its version as written, if that is said.
    pub version: Option<String>,
    /// Tools that it asks for. That it asks grants nothing.
    pub allowed_tools: Vec<String>,
    /// The files that belong to it.
    pub files: Vec<EntryFile>,
    /// `sha256:` and 64 hexadecimal digits: changes when anything that a model is given changes.
    pub digest: String,
}

impl Entry {
    /// An entry of which only the necessary is said; other fields can be set, then [`seal`](Self::seal) computes its digest.
    pub fn new(
        kind: Kind,
        name: impl Into<String>,
        description: impl Into<String>,
        body: impl Into<String>,
        origin: impl Into<String>,
    ) -> Self {
        let name = name.into();
        Self {
            id: format!("{kind}:{name}"),
            kind,
            name,
            description: description.into(),
            body: body.into(),
            triggers: Triggers::default(),
            tags: Vec::new(),
            licence: None,
            origin: origin.into(),
            version: None,
            allowed_tools: Vec::new(),
            files: Vec::new(),
            digest: String::new(),
        }
        .seal()
    }

    /// Computes the digest anew: over kind, name, description, body and files. Texts give back the room that they do not need: there are
    /// thousands of entries, and what grew while it was written takes up to twice its length.
    #[must_use]
    pub fn seal(mut self) -> Self {
        for text in [&mut self.id, &mut self.name, &mut self.description, &mut self.body, &mut self.origin] {
            text.shrink_to_fit();
        }
        let mut hasher = Sha256::new();
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        [self.kind.as_str(), &self.name, &self.description, &self.body].into_iter().for_each(&mut part);
        for file in &self.files {
            part(&file.path);
            part(&file.digest);
        }
        self.digest = hexadecimal(&hasher.finalize());
        self
    }

    /// How many tokens a model needs to read it, about: a token for four bytes.
    #[must_use]
    pub fn tokens(&self) -> usize {
        tokens(&self.name) + tokens(&self.description) + tokens(&self.body)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many tokens a text has, about.
pub(crate) const fn tokens(text: &str) -> usize {
    text.len().div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_follows_what_a_model_reads() {
        let entry = Entry::new(Kind::Skill, "a", "b", "c", "here");
        let mut moved = entry.clone();
        moved.origin = "there".into();
        assert_eq!(moved.seal().digest, entry.digest);
        let mut changed = entry.clone();
        changed.body = "d".into();
        assert_ne!(changed.seal().digest, entry.digest);
        // What stands in one field cannot be moved into the next.
        assert_ne!(
            Entry::new(Kind::Skill, "ab", "", "c", "here").digest,
            Entry::new(Kind::Skill, "a", "b", "c", "here").digest
        );
        assert!(entry.digest.starts_with("sha256:") && entry.digest.len() == 71);
    }
}
