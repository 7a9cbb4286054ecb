//! Who the people are.

#[cfg(feature = "passwords")]
mod table;

use std::collections::BTreeSet;

use async_trait::async_trait;
use mcp_core::auth::client::Secret;

#[cfg(feature = "passwords")]
pub use table::{HashError, Table};

use crate::scope::Scopes;

/// Knows people by their logins. Implement it to ask a directory or a database.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// The person who has this name and password; none if there is no such pair. Take as long for an unknown name as
    /// for a wrong password.
    ///
    /// # Errors
    /// The people cannot be asked.
    async fn login(&self, name: &str, password: &Secret) -> Result<Option<Person>, PeopleError>;

    /// The person as they are today; none if they may no longer use what they once allowed. Asked at every refresh, so
    /// that role and plan are current and who left is out.
    ///
    /// # Errors
    /// The people cannot be asked.
    async fn find(&self, org: &str, user: &str) -> Result<Option<Person>, PeopleError>;
}

/// The people cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the people cannot be asked")]
pub struct PeopleError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A person, or a client that acts for itself: what a token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The organisation (tenant).
    pub org: String,
    /// The identifier within it.
    pub user: String,
    /// The role within the organisation.
    pub role: Option<String>,
    /// The plan the organisation pays for.
    pub plan: Option<String>,
    /// The scopes that they can give away; all if none are named.
    pub scopes: Option<Scopes>,
}

impl Person {
    /// Somebody by organisation and user.
    pub fn new(org: impl Into<String>, user: impl Into<String>) -> Self {
        Self { org: org.into(), user: user.into(), role: None, plan: None, scopes: None }
    }

    /// Their role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// The plan of their organisation.
    #[must_use]
    pub fn plan(mut self, plan: impl Into<String>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// The only scopes that they can give away.
    #[must_use]
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        let scopes: BTreeSet<String> = scopes.into_iter().map(str::to_owned).collect();
        self.scopes = Some(scopes.into_iter().collect());
        self
    }

    /// What is left of scopes that somebody else asked for.
    pub(crate) fn allows(&self, asked: &Scopes) -> Scopes {
        self.scopes.as_ref().map_or_else(|| asked.clone(), |own| own.intersection(asked))
    }
}

/// How people are known.
pub(crate) enum Login {
    /// By name and password.
    People(Box<dyn People>),
    /// Whoever comes is this person.
    Development(Person),
    /// Nobody: only clients that act for themselves.
    Nobody,
}

impl Login {
    pub(crate) async fn find(&self, org: &str, user: &str) -> Result<Option<Person>, PeopleError> {
        match self {
            Self::People(people) => people.find(org, user).await,
            Self::Development(person) if person.org == org && person.user == user => Ok(Some(person.clone())),
            Self::Development(_) | Self::Nobody => Ok(None),
        }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::People(_) => f.write_str("People"),
            Self::Development(person) => f.debug_tuple("Development").field(person).finish(),
            Self::Nobody => f.write_str("Nobody"),
        }
    }
}
