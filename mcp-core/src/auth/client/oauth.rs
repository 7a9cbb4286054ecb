//! The steps as one: credentials for all requests to a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::AuthError;
use super::builder::OAuthBuilder;
use super::challenge::Challenges;
use super::current::{Current, Origin, Traffic};
use super::dpop::Proofs;
use super::session::{Need, Session};
use super::settings::Settings;
use super::step_up::StepUps;
use super::store::Kind;
use crate::client::http::{Authorize, AuthorizeError, Next};

/// Answers to one request that may lead to another try: a nonce, a late answer, a refreshed token, a new
/// one, more scopes.
const MAX_ATTEMPTS: u32 = 6;

/// Gets tokens for an MCP server, and puts them on requests. Cheap to clone; clones share their tokens.
///
/// Nothing happens before the server asks. Then one request authorizes, and others wait for it. Where a
/// caller gives up meanwhile, the authorization goes on for the next; it ends with the last clone.
/// Its errors hold an `Arc<`[`AuthError`]`>`.
#[derive(Debug, Clone)]
pub struct OAuth {
    inner: Arc<Inner>,
    _running: Arc<DropGuard>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) current: ArcSwapOption<Current>,
    pub(super) traffic: Mutex<Traffic>,
    pub(super) step_ups: Mutex<StepUps>,
    proofs: OnceCell<Option<Proofs>>,
    session: tokio::sync::Mutex<Session>,
    /// How many authorizations came to an end.
    turns: AtomicU64,
    stop: CancellationToken,
}

type Shared = Arc<AuthError>;

impl OAuth {
    /// Settings for the MCP server at this URL.
    pub fn builder(server: Url) -> OAuthBuilder {
        OAuthBuilder::new(server)
    }

    pub(super) fn new(settings: Settings) -> Self {
        let stop = CancellationToken::new();
        let running = Arc::new(stop.clone().drop_guard());
        let inner = Inner {
            settings,
            current: ArcSwapOption::empty(),
            traffic: Mutex::default(),
            step_ups: Mutex::default(),
            proofs: OnceCell::new(),
            session: tokio::sync::Mutex::default(),
            turns: AtomicU64::new(0),
            stop,
        };
        Self { inner: Arc::new(inner), _running: running }
    }

    /// Forgets all tokens and registrations for this server, here and in the store.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget(&self) -> Result<(), AuthError> {
        let mut session = self.inner.session.lock().await;
        session.saved.forget();
        self.inner.replace(None);
        self.inner.settings.store.remove(&self.inner.settings.key).await?;
        Ok(())
    }

    /// Waits for an authorization that was already running, or runs one. It goes on if nobody waits.
    async fn authorized(&self, need: Need) -> Result<(), Shared> {
        let (inner, seen) = (Arc::clone(&self.inner), self.inner.turns.load(Ordering::Acquire));
        let work = tokio::spawn(async move {
            tokio::select! {
                () = inner.stop.cancelled() => Err(AuthError::Stopped.into()),
                outcome = inner.turn(need, seen) => outcome,
            }
        });
        work.await.unwrap_or_else(|_| Err(AuthError::Stopped.into()))
    }

    /// The token to send now, renewed if it is about to end.
    async fn token(&self) -> Result<Option<Arc<Current>>, Shared> {
        let Some(current) = self.inner.current.load_full() else { return Ok(None) };
        if !current.is_due() {
            return Ok(Some(current));
        }
        match self.authorized(Need::Renew).await {
            Err(error) if current.is_over() => Err(error),
            Err(error) => {
                tracing::warn!(
                    error = &*error as &dyn std::error::Error,
                    "a token could not be renewed early"
                );
                Ok(Some(current))
            }
            Ok(()) => Ok(self.inner.current.load_full()),
        }
    }

    async fn put(&self, method: &Method, url: &Url, headers: &mut HeaderMap) -> Result<(), Shared> {
        let proofs = self.inner.ready().await?;
        if let Some(current) = self.token().await? {
            current.put(method, url, proofs, headers)?;
        }
        self.inner.traffic.lock().sent();
        Ok(())
    }

    async fn judge(&self, answer: Answer<'_>) -> Result<Next, Shared> {
        self.inner.traffic.lock().answered();
        let proofs = self.inner.ready().await?;
        let learned = proofs.is_some_and(|proofs| proofs.learn(answer.url, answer.headers));
        let (challenges, first) = (Challenges::of(answer.headers), answer.attempt == 0);
        // The nonce may have come with another answer meanwhile.
        let nonce = challenges.wants_nonce() && proofs.is_some() && (learned || first);
        let Some(need) = answer.need(challenges) else {
            self.inner.accepted(answer.status, answer.attempt);
            return Ok(Next::Accept);
        };
        if answer.attempt >= MAX_ATTEMPTS {
            return Ok(Next::Accept);
        }
        let known = first && self.inner.current.load().is_some();
        if nonce || (known && self.inner.traffic.lock().take_late()) {
            return Ok(Next::Retry);
        }
        self.authorized(need).await.map(|()| Next::Retry)
    }

    /// Tokens are for the server and nobody else.
    fn is_for(&self, url: &Url) -> bool {
        url.origin() == self.inner.settings.server.origin()
    }
}

struct Answer<'a> {
    method: &'a Method,
    url: &'a Url,
    status: StatusCode,
    headers: &'a HeaderMap,
    attempt: u32,
}

impl Answer<'_> {
    /// What is missing, if anything.
    fn need(&self, challenges: Challenges) -> Option<Need> {
        match self.status {
            StatusCode::UNAUTHORIZED => Some(Need::Token { challenges, again: self.attempt > 0 }),
            StatusCode::FORBIDDEN if challenges.wants_scope() => {
                let operation = format!("{} {}", self.method, self.url.path());
                Some(Need::Scope { challenges, operation })
            }
            _ => None,
        }
    }
}

impl Inner {
    /// Reads the store, once.
    async fn ready(&self) -> Result<Option<&Proofs>, AuthError> {
        let proofs = self.proofs.get_or_try_init(|| async {
            let mut session = self.session.lock().await;
            let mut saved = self.settings.store.load(&self.settings.key).await?.unwrap_or_default();
            let proofs = match (self.settings.dpop, &saved.proof_key) {
                (false, _) => None,
                (true, None) => Some(Proofs::generate()?),
                (true, Some(key)) => Some(Proofs::restore(key)?),
            };
            saved.proof_key = proofs.as_ref().map(|proofs| proofs.stored().clone());
            let wanted = if self.settings.dpop { Kind::DPoP } else { Kind::Bearer };
            let current = saved.current().filter(|grant| grant.kind == wanted);
            self.current.store(current.and_then(|grant| Current::of(grant, Origin::Stored)).map(Arc::new));
            session.saved = saved;
            Ok::<_, AuthError>(proofs)
        });
        Ok(proofs.await?.as_ref())
    }

    /// The key that tokens are bound to.
    pub(super) fn proofs(&self) -> Option<&Proofs> {
        self.proofs.get().and_then(Option::as_ref)
    }

    /// Runs an authorization, unless one ended since `seen`: then what came of it is shared.
    async fn turn(&self, need: Need, seen: u64) -> Result<(), Shared> {
        let mut session = self.session.lock().await;
        if self.turns.load(Ordering::Acquire) != seen {
            return session.last.clone();
        }
        let outcome = self.obtain(&mut session, need).await.map_err(Arc::new);
        session.last.clone_from(&outcome);
        self.turns.fetch_add(1, Ordering::Release);
        outcome
    }

    /// Puts another token in use.
    pub(super) fn replace(&self, current: Option<Current>) {
        self.current.store(current.map(Arc::new));
        self.traffic.lock().changed();
    }

    fn accepted(&self, status: StatusCode, attempt: u32) {
        if !status.is_success() {
            return;
        }
        if let Some(current) = &*self.current.load() {
            current.accept();
        }
        if attempt > 0 {
            self.step_ups.lock().clear();
        }
    }
}

#[async_trait::async_trait]
impl Authorize for OAuth {
    async fn authorize(
        &self,
        method: &Method,
        url: &Url,
        headers: &mut HeaderMap,
    ) -> Result<(), AuthorizeError> {
        if !self.is_for(url) {
            return Ok(());
        }
        self.put(method, url, headers).await.map_err(wrap)
    }

    async fn answered(
        &self,
        method: &Method,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
        attempt: u32,
    ) -> Result<Next, AuthorizeError> {
        if !self.is_for(url) {
            return Ok(Next::Accept);
        }
        self.judge(Answer { method, url, status, headers, attempt }).await.map_err(wrap)
    }
}

fn wrap(error: Shared) -> AuthorizeError {
    AuthorizeError(Box::new(error))
}
