//! The service, and what its requests share.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use crate::builder::{AuthorityBuilder, Settings};
use crate::client::{Client, Documents};
use crate::clock::Clock;
use crate::error::Internal;
use crate::event::{Event, Observer};
use crate::keys::Keys;
use crate::people::Login;
use crate::replay::Replay;
use crate::route;
use crate::store::{Store, StoreError};
use crate::throttle::Throttle;
use crate::ticket::TicketKey;
use crate::token::Proofs;

/// Seconds between two looks for what has expired.
const SWEEP: u64 = 60;

/// An authorization server as a tower service over HTTP requests. Cheap to clone.
#[derive(Clone)]
pub struct Authority(pub(crate) Arc<Inner>);

/// What all requests share.
pub(crate) struct Inner {
    /// Without a slash at the end.
    pub(crate) issuer: String,
    /// The path of the issuer, which all endpoints are below; empty mostly.
    pub(crate) base: String,
    pub(crate) settings: Settings,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) documents: Documents,
    pub(crate) login: Login,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) observers: Vec<Box<dyn Observer>>,
    pub(crate) throttles: Throttles,
    pub(crate) proofs: Proofs,
    pub(crate) assertions: Replay,
    pub(crate) tickets: TicketKey,
    pub(crate) swept: AtomicU64,
}

/// What must not happen often.
#[derive(Debug)]
pub(crate) struct Throttles {
    /// Wrong secrets, by client and address.
    pub(crate) clients: Throttle,
    /// Wrong passwords, by login and address.
    pub(crate) logins: Throttle,
    /// Wrong passwords, by address alone: many names from one place.
    pub(crate) places: Throttle,
    /// Wrong passwords, by login alone: one name from many places.
    pub(crate) names: Throttle,
    /// Registrations, by address.
    pub(crate) registrations: Throttle,
    /// Documents that had to be fetched, by address of who asked.
    pub(crate) documents: Throttle,
}

impl Authority {
    /// An authorization server with this identifier: an `https` URL without query and fragment. On loopback it may be
    /// `http`.
    pub fn builder(issuer: impl Into<String>) -> AuthorityBuilder {
        AuthorityBuilder::new(issuer.into())
    }

    /// The issuer, as it is in tokens and metadata.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Signs with a new key from now on. The old one stays published until its last token has expired. Keys are replaced
    /// by themselves as well, see [`AuthorityBuilder::rotate_keys_after`].
    ///
    /// # Errors
    /// The new key cannot be stored.
    pub async fn rotate_key(&self) -> Result<(), StoreError> {
        let failed = |error: Internal| match error {
            Internal::Store(error) => error,
            error => StoreError::Failed(error.into()),
        };
        let inner = &self.0;
        let key = inner.keys.rotate(&*inner.store, inner.clock.now()).await.map_err(failed)?;
        inner.tell(&Event::KeyRotated { key });
        Ok(())
    }

    /// Ends everything that a person allowed, as when they leave or lose a device. Access tokens that are out stay
    /// good until they expire, unless a server asks about them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn revoke_person(&self, org: &str, user: &str) -> Result<usize, StoreError> {
        self.0.store.revoke_person(org, user).await
    }
}

impl Inner {
    /// The URL of an endpoint.
    pub(crate) fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    pub(crate) fn tell(&self, event: &Event) {
        for observer in &self.observers {
            observer.observe(event);
        }
    }

    /// Forgets what has expired, now and then.
    pub(crate) async fn sweep(&self) {
        let (now, last) = (self.clock.now(), self.swept.load(Ordering::Relaxed));
        if now < last.saturating_add(SWEEP)
            || self.swept.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        if let Err(error) = self.store.sweep(now, self.keys.oldest_useful(now)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "expired entries could not be removed");
        }
    }
}

impl<B> Service<http::Request<B>> for Authority
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Ok(route::route(&inner, request).await) })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}
