//! Why a skill is not used.

use super::SkillId;

/// What a server gave is not what it declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Verification {
    /// Another number of bytes.
    #[error("{found} bytes came where {declared} were declared")]
    Size {
        /// What the entry says.
        declared: u64,
        /// What came.
        found: u64,
    },
    /// Other bytes.
    #[error("the digest is {found} where {declared} was declared")]
    Digest {
        /// What the entry says.
        declared: String,
        /// What came.
        found: String,
    },
    /// A member of the frontmatter differs.
    #[error("`{field}` of the frontmatter is not what was declared")]
    Frontmatter {
        /// Which member.
        field: String,
    },
    /// The text has no frontmatter that can be read.
    #[error("the frontmatter cannot be read")]
    Unreadable,
    /// A file that is not on the list.
    #[error("the file is not one of the skill's")]
    Unlisted,
    /// Not one text or one sequence of bytes at the URI that was asked for.
    #[error("the answer does not hold exactly what was asked for")]
    Shape,
    /// More than a skill may hold.
    #[error("the skill holds more than {limit} bytes")]
    Limit {
        /// How many are allowed.
        limit: u64,
    },
}

/// Why a host did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A label of a server that is taken or cannot be shown.
    #[error(
        "`{label}` cannot be the label of a server: it is taken, empty, or has characters that labels do not have"
    )]
    Label {
        /// The label.
        label: String,
    },
    /// No such server or skill.
    #[error("no skill or server `{skill}` is known here")]
    Unknown {
        /// What was asked for.
        skill: String,
    },
    /// Several skills have the name.
    #[error("`{name}` is the name of several skills{}: say which: {}", if *local { ", one of them your own" } else { "" }, among.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// The qualified names of those that have it.
        among: Vec<String>,
        /// Whether one in the host's own files has it.
        local: bool,
    },
    /// The server does not serve skills.
    #[error("the server `{label}` serves no skills")]
    Undeclared {
        /// The host's label of it.
        label: String,
    },
    /// An entry that no host may load.
    #[error("{id} cannot be loaded: {problem}")]
    Entry {
        /// Which skill.
        id: SkillId,
        /// What is wrong with its entry.
        problem: String,
    },
    /// A person has to approve it first, or again since it changed.
    #[error("{id} is not approved as it is now; a person has to approve it")]
    NotApproved {
        /// Which skill.
        id: SkillId,
    },
    /// Its files cannot be verified.
    #[error("{id} is made when it is read: nothing in it can be verified, and this host does not load it")]
    Dynamic {
        /// Which skill.
        id: SkillId,
    },
    /// It is not in use.
    #[error("{id} is not in use; load it first")]
    NotLoaded {
        /// Which skill.
        id: SkillId,
    },
    /// What came is not what was declared. It may have changed: refresh the skill, and let a person approve it again.
    #[error("`{uri}` of {id} is refused: {reason}")]
    Refused {
        /// Which skill.
        id: SkillId,
        /// Which file.
        uri: String,
        /// Why.
        reason: Verification,
    },
    /// The server cannot be asked, or answered with an error.
    #[error("the server `{label}` did not answer")]
    Server {
        /// The host's label of it.
        label: String,
        /// Why.
        source: Box<mcp_core::client::Error>,
    },
    /// The server's list has no end.
    #[error("the list of the server `{label}` has no end")]
    Endless {
        /// The host's label of it.
        label: String,
    },
    /// An answer that cannot be read.
    #[error("the answer of the server `{label}` to `{method}` cannot be read")]
    Answer {
        /// The host's label of it.
        label: String,
        /// What was asked.
        method: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
}

impl HostError {
    pub(super) fn unknown(id: &SkillId) -> Self {
        Self::Unknown { skill: id.to_string() }
    }
}
