//! What can be wrong with a document.

/// An OpenAPI document cannot be turned into tools.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenApiError {
    /// It is not JSON, or nests too deep.
    #[error("the document is not JSON that can be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another kind or version.
    #[error("the document is not OpenAPI 3.0 or 3.1: {0}")]
    Version(String),
    /// There is too much of something.
    #[error("the document has more than {limit} {what}; {hint}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
        /// What to do about it.
        hint: &'static str,
    },
    /// A part of it is missing or malformed.
    #[error("`{at}`: {problem}")]
    Malformed {
        /// Where.
        at: String,
        /// What is wrong.
        problem: String,
    },
    /// It refers to another document. Those are never fetched.
    #[error("`{at}` refers to `{reference}`, which is not in the document: put it there, it is not fetched")]
    Outside {
        /// Where.
        at: String,
        /// What it refers to.
        reference: String,
    },
    /// The address of the API is missing, or cannot be used.
    #[error("the address of the API, `{url}`, cannot be used: {problem}")]
    BaseUrl {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A credential cannot be sent.
    #[error("the credential for `{0}` holds characters that cannot be sent there")]
    Credential(String),
}

impl OpenApiError {
    pub(super) fn malformed(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed { at: at.into(), problem: problem.into() }
    }
}
