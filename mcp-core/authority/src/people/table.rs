//! A table of people with hashed passwords.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use async_trait::async_trait;
use mcp_core::auth::client::Secret;
use tokio::sync::Semaphore;

use super::{People, PeopleError, Person};

/// Hashes that are computed at a time: each takes 19 MiB and tens of milliseconds.
const AT_A_TIME: usize = 2;

/// People that a configuration names, with Argon2 hashes of their passwords.
#[derive(Clone)]
pub struct Table {
    rows: HashMap<String, (String, Person)>,
    /// What an unknown name is compared with, so that it takes as long as a known one.
    nobody: String,
    slots: Arc<Semaphore>,
}

/// A password hash cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// It is no such hash.
    #[error(
        "the password hash of `{login}` is no PHC string of Argon2, as `$argon2id$v=19$m=19456,t=2,p=1$…$…`"
    )]
    Malformed {
        /// Whose it is.
        login: String,
    },
    /// It cannot be made.
    #[error("a password cannot be hashed")]
    Failed,
}

impl Table {
    /// A table without people.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn new() -> Result<Self, HashError> {
        let nobody = Self::hash(&Secret::new("nobody"))?;
        Ok(Self { rows: HashMap::new(), nobody, slots: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// The hash of a password, to be kept in a configuration: Argon2id with the parameters that OWASP recommends
    /// (19 MiB, two passes).
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn hash(password: &Secret) -> Result<String, HashError> {
        let hashed = Argon2::default().hash_password(password.expose().as_bytes());
        Ok(hashed.map_err(|_| HashError::Failed)?.to_string())
    }

    /// Adds somebody who logs in with this name, and the hash of their password.
    ///
    /// # Errors
    /// The hash is none.
    pub fn person(mut self, login: impl Into<String>, hash: &str, person: Person) -> Result<Self, HashError> {
        let login = login.into();
        let sound = PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2"));
        if !sound {
            return Err(HashError::Malformed { login });
        }
        self.rows.insert(login, (hash.to_owned(), person));
        Ok(self)
    }
}

#[async_trait]
impl People for Table {
    async fn login(&self, name: &str, password: &Secret) -> Result<Option<Person>, PeopleError> {
        let row = self.rows.get(name);
        let hash = row.map_or(&self.nobody, |(hash, _)| hash).clone();
        let password = password.clone();
        let _slot = self.slots.acquire().await.map_err(|error| PeopleError(error.into()))?;
        let fits = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok()
            })
        });
        let fits = fits.await.map_err(|error| PeopleError(error.into()))?;
        Ok(row.filter(|_| fits).map(|(_, person)| person.clone()))
    }

    async fn find(&self, org: &str, user: &str) -> Result<Option<Person>, PeopleError> {
        let mut all = self.rows.values().map(|(_, person)| person);
        Ok(all.find(|person| person.org == org && person.user == user).cloned())
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("people", &self.rows.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let hash = Table::hash(&"lovelace".into()).unwrap();
        let ada = Person::new("acme", "ada").role("admin");
        let table = Table::new().unwrap().person("ada", &hash, ada.clone()).unwrap();
        let login = async |name: &str, password: &str| table.login(name, &password.into()).await.unwrap();
        assert_eq!(login("ada", "lovelace").await, Some(ada.clone()));
        assert_eq!(login("ada", "Lovelace").await, None);
        assert_eq!(login("bob", "lovelace").await, None);
        assert_eq!(login("bob", "nobody").await, None);
        assert_eq!(table.find("acme", "ada").await.unwrap(), Some(ada));
        assert_eq!(table.find("other", "ada").await.unwrap(), None);
        assert!(!format!("{table:?}").contains("argon2"));
    }

    #[test]
    fn what_is_no_hash_is_refused_by_name() {
        let error = Table::new().unwrap().person("ada", "lovelace", Person::new("a", "b")).unwrap_err();
        assert!(error.to_string().starts_with("the password hash of `ada` is no PHC string"));
    }
}
