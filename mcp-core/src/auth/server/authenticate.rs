//! The seam: credentials in, a caller out.

use std::sync::Arc;

use http::request::Parts;

use super::Rejection;
use crate::service::Principal;

/// Establishes who calls from one kind of credential.
#[async_trait::async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// The caller; none where the request carries no credential of this kind, so that another kind may
    /// be looked for.
    ///
    /// # Errors
    /// There is a credential of this kind, and it is not good.
    async fn authenticate(&self, request: &Parts) -> Result<Option<Arc<Principal>>, Rejection>;
}

#[async_trait::async_trait]
impl<A: Authenticate + ?Sized> Authenticate for Arc<A> {
    async fn authenticate(&self, request: &Parts) -> Result<Option<Arc<Principal>>, Rejection> {
        self.as_ref().authenticate(request).await
    }
}
