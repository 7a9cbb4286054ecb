//! Who may see what: below every query, from the caller and never from an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::MemoryError;

/// Where memories are kept, within an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Scope {
    /// The caller's own.
    Private,
    /// Those of a workspace.
    Workspace(String),
    /// Those of the whole organisation.
    Org,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private => f.write_str("private"),
            Self::Workspace(slug) => write!(f, "workspace:{slug}"),
            Self::Org => f.write_str("org"),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl FromStr for Scope {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        match text.split_once(':') {
            None if text == "private" => Ok(Self::Private),
            None if text == "org" => Ok(Self::Org),
            Some(("workspace", slug)) if !slug.is_empty() => Ok(Self::Workspace(slug.to_owned())),
            _ => Err(MemoryError::invalid("scope", "must be `private`, `org` or `workspace:` and its name")),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = MemoryError;

    fn try_from(text: String) -> Result<Self, MemoryError> {
        text.parse()
    }
}

/// A caller and what they may do. Made by whoever has established who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    org: String,
    user: String,
    reads: Vec<Scope>,
    writes: Vec<Scope>,
    quota: Quota,
    acts: bool,
}

/// How much a user may keep, in all scopes together. Superseded memories count, earlier versions do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Quota {
    /// Memories; as many as there is room for where nothing is said.
    pub memories: Option<u64>,
    /// Bytes in the store.
    pub bytes: Option<u64>,
}

impl Quota {
    /// So many memories.
    #[must_use]
    pub const fn memories(limit: u64) -> Self {
        Self { memories: Some(limit), bytes: None }
    }

    /// So many bytes too.
    #[must_use]
    pub const fn bytes(mut self, limit: u64) -> Self {
        self.bytes = Some(limit);
        self
    }
}

impl Access {
    /// A user of an organisation: reads and writes their own memories, and reads those of the organisation.
    pub fn new(org: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            org: org.into(),
            user: user.into(),
            reads: vec![Scope::Private, Scope::Org],
            writes: vec![Scope::Private],
            quota: Quota::default(),
            acts: false,
        }
    }

    /// Lets the caller read a scope too.
    #[must_use]
    pub fn read(mut self, scope: Scope) -> Self {
        if !self.reads.contains(&scope) {
            self.reads.push(scope);
        }
        self
    }

    /// Lets the caller read and write a scope too.
    #[must_use]
    pub fn write(mut self, scope: Scope) -> Self {
        if !self.writes.contains(&scope) {
            self.writes.push(scope.clone());
        }
        self.read(scope)
    }

    /// Lets the caller keep so much and no more.
    #[must_use]
    pub const fn quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Lets the caller, a service, act for the users of its organisation: see [`acting_for`](Self::acting_for).
    #[must_use]
    pub const fn act_as(mut self) -> Self {
        self.acts = true;
        self
    }

    /// The same for a user of the organisation, in whose name the caller acts: their own memories instead of the caller's.
    ///
    /// # Errors
    /// The caller may not act for others.
    pub fn acting_for(&self, user: &str) -> Result<Self, MemoryError> {
        if !self.acts {
            return Err(MemoryError::Forbidden { scope: format!("user `{user}`") });
        }
        if user.trim().is_empty() {
            return Err(MemoryError::invalid("user_id", "must not be empty: leave it out instead"));
        }
        Ok(Self { user: user.to_owned(), acts: false, ..self.clone() })
    }

    /// How much the caller may keep.
    pub(crate) const fn allowed(&self) -> Quota {
        self.quota
    }

    /// The organisation.
    #[must_use]
    pub fn org(&self) -> &str {
        &self.org
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What may be read.
    #[must_use]
    pub fn reads(&self) -> &[Scope] {
        &self.reads
    }

    /// Whether the caller may write somewhere.
    pub(crate) fn check_write(&self, scope: &Scope) -> Result<(), MemoryError> {
        if self.writes.contains(scope) {
            Ok(())
        } else {
            Err(MemoryError::Forbidden { scope: scope.to_string() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in [Scope::Private, Scope::Org, Scope::Workspace("a:b".into())] {
            assert_eq!(scope.to_string().parse::<Scope>().unwrap(), scope);
        }
        for wrong in ["", "public", "workspace", "workspace:", "Private"] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_caller_writes_only_where_it_was_said() {
        let access = Access::new("acme", "ann").write(Scope::Workspace("x".into()));
        assert!(access.check_write(&Scope::Private).is_ok());
        assert!(access.check_write(&Scope::Workspace("x".into())).is_ok());
        assert!(access.check_write(&Scope::Org).is_err());
        assert_eq!(access.reads().len(), 3);
    }
}
