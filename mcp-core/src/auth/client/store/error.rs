//! Why a store cannot be used.

use std::path::PathBuf;

use crate::service::BoxError;

/// A store cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file was written with another key.
    #[error("`{}` was written with another key: give that key, or delete the file to start afresh", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// The file was cut or changed.
    #[error("`{}` is damaged: restore it, or delete it to start afresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file system says no.
    #[error("`{}` cannot be {verb}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read` or `written`.
        verb: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A store of another kind failed.
    #[error("the token store failed")]
    Other(#[source] BoxError),
}
