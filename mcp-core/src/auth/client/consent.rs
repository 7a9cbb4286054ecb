//! How a person is asked.

use std::fmt;
use std::future::Future;

use url::Url;

use crate::service::BoxError;

/// Asks a person to agree in a browser.
#[async_trait::async_trait]
pub trait Consent: Send + Sync + 'static {
    /// Gets ready for one answer.
    ///
    /// # Errors
    /// There is no way to get an answer now.
    async fn begin(&self) -> Result<Box<dyn Question>, BoxError>;
}

/// One question to a person.
#[async_trait::async_trait]
pub trait Question: Send {
    /// Where the authorization server sends the person afterwards.
    fn redirect_uri(&self) -> &Url;

    /// Shows the person the URL, and waits for the redirect: the redirect URI with `code` and `state`, or `error`.
    ///
    /// # Errors
    /// The person cannot be asked, or does not answer.
    async fn ask(self: Box<Self>, url: &Url) -> Result<Url, BoxError>;
}

/// Asks with a function that gets the authorization URL and gives the URL the person was sent to: for
/// applications that have a redirect URI of their own, and for tests.
pub fn with<F, R>(redirect_uri: Url, ask: F) -> impl Consent
where
    F: Fn(Url) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Url, BoxError>> + Send + 'static,
{
    With { redirect_uri, ask }
}

#[derive(Clone)]
struct With<F> {
    redirect_uri: Url,
    ask: F,
}

#[async_trait::async_trait]
impl<F, R> Consent for With<F>
where
    F: Fn(Url) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Url, BoxError>> + Send + 'static,
{
    async fn begin(&self) -> Result<Box<dyn Question>, BoxError> {
        Ok(Box::new(self.clone()))
    }
}

#[async_trait::async_trait]
impl<F, R> Question for With<F>
where
    F: Fn(Url) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Url, BoxError>> + Send + 'static,
{
    fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    async fn ask(self: Box<Self>, url: &Url) -> Result<Url, BoxError> {
        (self.ask)(url.clone()).await
    }
}

impl<F> fmt::Debug for With<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With").field("redirect_uri", &self.redirect_uri.as_str()).finish()
    }
}
