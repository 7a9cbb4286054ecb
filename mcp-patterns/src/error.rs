//! What can go wrong.

use std::error::Error;
use std::path::PathBuf;

/// The catalogue or what was learned cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A file or directory cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A value is not what it has to be.
    #[error("`{field}`: {problem}")]
    Invalid {
        /// What is wrong: an argument, a setting, a field of a file.
        field: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// What was learned cannot be read or kept.
    #[error("cannot use what was learned: {doing}")]
    Store {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A directory cannot be watched.
    #[error("cannot watch the catalogue's directories")]
    Watch {
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
}
