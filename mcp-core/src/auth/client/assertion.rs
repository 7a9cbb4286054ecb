//! Statements of others about who we are.

use std::future::Future;

use super::Secret;
use crate::service::BoxError;

/// Gives a statement about who we are: an ID token, or the JWT of a workload.
#[async_trait::async_trait]
pub trait Assertion: Send + Sync + 'static {
    /// A statement that is good now, for the authorization server `audience` where that matters.
    ///
    /// # Errors
    /// There is none.
    async fn assertion(&self, audience: &str) -> Result<Secret, BoxError>;
}

/// Always the same.
#[async_trait::async_trait]
impl Assertion for Secret {
    async fn assertion(&self, _audience: &str) -> Result<Self, BoxError> {
        Ok(self.clone())
    }
}

/// Asks a function, which gets the audience.
#[async_trait::async_trait]
impl<F, R> Assertion for F
where
    F: Fn(String) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Secret, BoxError>> + Send,
{
    async fn assertion(&self, audience: &str) -> Result<Secret, BoxError> {
        self(audience.to_owned()).await
    }
}
