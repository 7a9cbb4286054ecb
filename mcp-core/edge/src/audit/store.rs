//! Where entries are kept.

use super::StoreError;

/// An entry on its way to a store.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// Its number.
    pub seq: u64,
    /// The organisation it is about; empty where there is none.
    pub org: &'a str,
    /// What is kept: one line of JSON, without its end.
    pub line: &'a str,
    /// Its hash, which the line holds too.
    pub hash: [u8; 32],
}

impl<'a> Entry<'a> {
    pub(super) const fn new(seq: u64, org: &'a str, line: &'a str, hash: [u8; 32]) -> Self {
        Self { seq, org, line, hash }
    }
}

/// What is left to do until all that was appended is on the disk; done without keeping anybody from appending.
pub type Sync = Box<dyn FnOnce() -> Result<(), StoreError> + Send>;

/// Keeps entries in order. It is used by one thread at a time, and may block.
pub trait Store: Send {
    /// The line of the last entry.
    ///
    /// # Errors
    /// It cannot be read.
    fn last(&mut self) -> Result<Option<String>, StoreError>;

    /// Keeps entries, all or none. They are in the hands of the operating system or the database when it returns.
    ///
    /// # Errors
    /// They cannot be kept.
    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError>;

    /// What has to be done to have on the disk all that was appended.
    fn sync(&mut self) -> Sync;

    /// Visits all lines in order.
    ///
    /// # Errors
    /// They cannot be read, or the visitor fails.
    fn read(&mut self, visit: &mut dyn FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Puts other lines in the place of entries.
    ///
    /// # Errors
    /// It cannot be done. Some may have been replaced.
    fn replace(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError>;

    /// The last entry that the store's own checkpoint knows; nothing where it keeps none.
    ///
    /// # Errors
    /// There should be one, and it is missing or broken.
    fn checkpoint(&mut self) -> Result<Option<super::Head>, super::VerifyError> {
        Ok(None)
    }
}
