//! Why a document cannot be read.

use std::error::Error;

/// A document cannot be read. The others of its directory are, still.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// It has no text in it that anybody knows how to read.
    #[error("is not a text, nor of a format that is read")]
    Binary,
    /// It is not what its name or its first bytes say.
    #[error("is not {format} that can be read: {problem}")]
    Broken {
        /// What it should be: "a PDF", "a ZIP archive".
        format: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// It, or what is packed into it, is too large.
    #[error("has {what}, and {most} are allowed")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        most: u64,
    },
    /// The file cannot be read at all.
    #[error("cannot be read: {0}")]
    Io(#[source] std::io::Error),
}

impl IngestError {
    /// An error of a reader for a format.
    pub(super) fn broken<E: Into<Box<dyn Error + Send + Sync>>>(format: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Broken { format, problem: one_line(&error.into().to_string()) }
    }
}

/// Messages of others may quote the document: one line of it is enough.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}
