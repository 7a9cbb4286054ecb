//! Where places meet.

use std::error::Error;

/// Something with keys and values that several places reach. It need not be consistent at once: what is late is seen the next time.
pub trait Remote {
    /// Which one it is: what was synchronised with another one does not count here.
    fn name(&self) -> &str;

    /// All entries whose keys begin with a prefix.
    ///
    /// # Errors
    /// It cannot be reached, or refuses.
    fn list(&self, prefix: &str) -> Result<Vec<Entry>, RemoteError>;

    /// Values of keys, in their order; nothing where there is none.
    ///
    /// # Errors
    /// It cannot be reached, or refuses.
    fn read(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, RemoteError>;

    /// Writes entries in the place of those with the same keys.
    ///
    /// # Errors
    /// It cannot be reached, or refuses. Some may have been written.
    fn write(&self, entries: &[Put]) -> Result<(), RemoteError>;

    /// Removes entries, where they are there.
    ///
    /// # Errors
    /// It cannot be reached, or refuses. Some may have been removed.
    fn remove(&self, keys: &[String]) -> Result<(), RemoteError>;
}

/// What is listed of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is: letters, digits, `-` and `/`.
    pub key: String,
    /// What was noted with it: letters, digits, `-` and `.`.
    pub mark: String,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Where, and what is noted with it.
    pub entry: Entry,
    /// The value.
    pub value: Vec<u8>,
}

/// A remote cannot be reached, or refuses.
#[derive(Debug, thiserror::Error)]
#[error("{remote} cannot be {doing}: {problem}")]
pub struct RemoteError {
    /// Which one.
    pub remote: String,
    /// What was being done: `listed`, `read`, `written`.
    pub doing: &'static str,
    /// What went wrong, and what would help.
    pub problem: String,
    /// The cause, where there is one.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}
