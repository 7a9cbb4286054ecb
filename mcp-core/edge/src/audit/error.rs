//! What can go wrong.

use std::error::Error;

/// A store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be {doing}")]
pub struct StoreError {
    doing: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// An error while the log was being `doing`: "opened", "written".
    pub fn new(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }

    pub(super) fn doing<E: Into<Box<dyn Error + Send + Sync>>>(doing: &'static str) -> impl Fn(E) -> Self {
        move |source| Self::new(doing, source)
    }
}

/// An audit log cannot be opened or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there is no audit log, or was changed.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The writer is gone, or has more to do than it can.
    #[error("the audit log takes no more entries now")]
    Unavailable,
}

/// A log is not what was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// An entry was changed, removed, added or moved.
    #[error("the audit log is broken at entry {seq}: {problem}")]
    Broken {
        /// The entry that should be there.
        seq: u64,
        /// What is wrong with what is there.
        problem: &'static str,
    },
    /// Entries are missing at the end.
    #[error("the audit log ends at entry {last}, and once had {expected}")]
    Truncated {
        /// The last entry that is there.
        last: u64,
        /// The last that the checkpoint knows.
        expected: u64,
    },
    /// There are entries and no sound checkpoint.
    #[error("the checkpoint of the audit log is missing or broken")]
    Checkpoint,
    /// The log cannot be read.
    #[error("the audit log cannot be read")]
    Unreadable(#[from] StoreError),
}
