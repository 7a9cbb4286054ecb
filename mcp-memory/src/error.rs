//! What can go wrong.

use std::error::Error;
use std::path::PathBuf;

/// A memory could not be opened, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// What was asked for makes no sense, or is too large.
    #[error("{field}: {problem}")]
    Invalid {
        /// The member that is wrong.
        field: &'static str,
        /// What is wrong with it, and what would do.
        problem: String,
    },
    /// There is no such memory, or the caller may not see it: nobody is told which.
    #[error("no memory `{id}`")]
    NotFound {
        /// The identifier that was asked for.
        id: String,
    },
    /// The caller may not write there.
    #[error("{scope}: this caller may not do this here")]
    Forbidden {
        /// Where.
        scope: String,
    },
    /// The caller has stored all that they may.
    #[error("quota: this caller may keep {limit} {of}: delete some, or ask for more")]
    Quota {
        /// How much they may.
        limit: u64,
        /// Of what: "memories", "bytes".
        of: &'static str,
    },
    /// Nothing of this person may be deleted now.
    #[error("this is under a legal hold: nothing of it may be deleted until that is released")]
    Held,
    /// The directory was written by a newer version.
    #[error("`{}` has format {found}, and this version reads up to {supported}", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that is known.
        supported: i64,
    },
    /// The key ring does not fit: another master key, or a ring of another directory.
    #[error("key ring: {problem}")]
    Keys {
        /// What is wrong, and what would help.
        problem: &'static str,
    },
    /// What is stored was changed or cannot be decrypted.
    #[error("a stored value is damaged: {what}")]
    Damaged {
        /// Which kind of value.
        what: &'static str,
    },
    /// A text could not be embedded.
    #[error("embedding: {0}")]
    Embedding(#[source] Box<dyn Error + Send + Sync>),
    /// Where places meet to be synchronised cannot be reached, or refuses.
    #[error("synchronisation: {0}")]
    Remote(#[source] Box<crate::sync::RemoteError>),
    /// The disk, or what stands for one, failed.
    #[error("the memory cannot be {doing}")]
    Store {
        /// What was being done: "opened", "written".
        doing: &'static str,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The memory is being closed.
    #[error("the memory is closed")]
    Closed,
}

impl MemoryError {
    /// An error of the store while something was being done.
    pub(crate) fn doing<E: Into<Box<dyn Error + Send + Sync>>>(doing: &'static str) -> impl Fn(E) -> Self {
        move |source| Self::Store { doing, source: source.into() }
    }

    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }
}
