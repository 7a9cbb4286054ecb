//! The error of programs that build a server and serve it, or use one.

use crate::server::BuildError;
use crate::transport::ServeError;

/// Building, serving or asking a server failed. For the `main` of a program; the operations have errors of their own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server could not be served, or its connection broke.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A server that was asked did not answer as wanted.
    #[error(transparent)]
    Client(#[from] crate::client::Error),
}
