//! What a database says when it cannot.

/// A statement or a transaction failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[cfg(feature = "postgres")]
    #[error("{}", said(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// Known not to have been done.
    #[cfg(feature = "postgres")]
    #[error("the database cannot be reached, and nothing of this was written: {}", said(.0))]
    Unreachable(#[source] tokio_postgres::Error),
    /// Known not to have been done.
    #[cfg(feature = "postgres")]
    #[error("the connection to the database was lost, and nothing of this was written: try again")]
    Lost(#[source] Option<tokio_postgres::Error>),
    /// Nobody knows.
    #[cfg(feature = "postgres")]
    #[error(
        "the connection to the database was lost during the commit: look whether it was written before you try again"
    )]
    Unknown(#[source] tokio_postgres::Error),
    /// Something in the transaction failed and could not be undone alone, so all of it was undone.
    #[cfg(feature = "postgres")]
    #[error("something else in the same transaction failed, and nothing of it was written: try again")]
    Undone,
    #[error("a value is of another kind than its column should have")]
    Kind,
    #[error("a row that must be there is not")]
    NoRow,
    #[cfg(feature = "postgres")]
    #[error("a connection was asked for something while it was giving rows")]
    Nested,
    #[cfg(feature = "postgres")]
    #[error("the thread that talks to the database is gone")]
    Closed,
}

/// What the server says of it, without the values that it may repeat.
#[cfg(feature = "postgres")]
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("the database says: {}", error.message()),
        // What kept it from being reached, such as a certificate that nobody vouches for.
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

impl Error {
    /// Whether there is such a row already.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(error) => error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION),
            _ => false,
        }
    }
}
