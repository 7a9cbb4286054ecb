//! One upstream: its client, its health, and how many may use it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::health::{Health, told};
use super::{Backoff, PoolError, Upstream, UpstreamHealth, UpstreamState};
use crate::client::{Client, ClientBuilder, Error};

pub(super) struct Entry {
    /// Tells it from what had the name before, or has it later.
    pub(super) id: u64,
    pub(super) name: Arc<str>,
    pub(super) upstream: Upstream,
    pub(super) client: Client,
    permits: Arc<Semaphore>,
    health: watch::Sender<Health>,
    backoff: Backoff,
    attempt: Mutex<Option<AbortHandle>>,
    retired: AtomicBool,
}

/// Why an entry gives no lease.
pub(super) enum Refusal {
    /// Another one has taken its place.
    Retired,
    /// It cannot.
    Error(PoolError),
}

/// The right to run one call.
pub(super) struct Lease {
    pub(super) entry: Arc<Entry>,
    _permit: OwnedSemaphorePermit,
}

impl Entry {
    pub(super) fn new(
        name: &str,
        upstream: Upstream,
        client: &ClientBuilder,
        backoff: Backoff,
    ) -> Result<Arc<Self>, PoolError> {
        let settings = upstream.client.as_deref().unwrap_or(client).clone();
        let client = settings
            .connect_lazily(upstream.target.clone())
            .map_err(|source| PoolError::Client { name: name.to_owned(), source: Box::new(source) })?;
        let most = upstream.max_in_flight.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Ok(Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            upstream: upstream.max_in_flight(most),
            client,
            permits: Arc::new(Semaphore::new(most)),
            health: watch::Sender::new(Health::new()),
            backoff,
            attempt: Mutex::default(),
            retired: AtomicBool::new(false),
        }))
    }

    /// Waits until the upstream is connected and may run one call more.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, Refusal> {
        self.ready(false).await?;
        let wait = self.upstream.max_wait;
        let permit = tokio::time::timeout(wait, Arc::clone(&self.permits).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Lease { entry: Arc::clone(self), _permit: permit }),
            Ok(Err(_)) => Err(Refusal::Retired),
            Err(_) => Err(Refusal::Error(PoolError::Busy {
                name: self.name.to_string(),
                limit: self.upstream.max_in_flight,
                waited: wait,
            })),
        }
    }

    /// Waits until the upstream is connected. `now`, it is tried even if it was to be left alone.
    pub(super) async fn ready(self: &Arc<Self>, now: bool) -> Result<(), Refusal> {
        let mut health = self.health.subscribe();
        let mut waited = false;
        loop {
            if self.retired.load(Ordering::Acquire) {
                return Err(Refusal::Retired);
            }
            let seen = health.borrow_and_update().clone();
            match (seen.phase, seen.retry_in()) {
                (UpstreamHealth::Ready, _) if waited || self.client.is_connected() => return Ok(()),
                (UpstreamHealth::Failing, Some(retry_in)) if waited || !now => {
                    return Err(Refusal::Error(PoolError::Unreachable {
                        name: self.name.to_string(),
                        failures: seen.failures,
                        retry_in,
                        last: seen.error.unwrap_or_default(),
                    }));
                }
                (UpstreamHealth::Connecting, _) => {}
                _ => self.attempt(),
            }
            waited = true;
            if health.changed().await.is_err() {
                return Err(Refusal::Retired);
            }
        }
    }

    /// Starts connecting, unless somebody did. It goes on when whoever needed it has left.
    pub(super) fn attempt(self: &Arc<Self>) {
        let mut started = false;
        self.health.send_if_modified(|health| {
            started = health.phase != UpstreamHealth::Connecting;
            if started {
                health.enter(UpstreamHealth::Connecting);
            }
            started
        });
        if !started {
            return;
        }
        let settle = Settle { entry: Arc::downgrade(self), outcome: None };
        let client = self.client.clone();
        let task = tokio::spawn(async move {
            let outcome =
                if client.is_connected() { ping(&client).await } else { client.server().await.map(drop) };
            settle.now(outcome);
        });
        *self.attempt.lock() = Some(task.abort_handle());
    }

    fn settled(&self, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.health.send_modify(Health::succeed),
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &Error) {
        tracing::warn!(
            upstream = &*self.name,
            error = error as &dyn std::error::Error,
            "an upstream is failing"
        );
        let text = told(error);
        self.health.send_modify(|health| {
            let pause = self.backoff.pause(health.failures.saturating_add(1));
            health.fail(text, pause);
        });
    }

    /// Learns from how a call went.
    pub(super) fn observe(&self, error: &Error) {
        if error.was_never_sent() {
            self.fail(error);
        } else if error.is_broken() {
            let text = told(error);
            self.health.send_if_modified(|health| {
                health.error = Some(text);
                false
            });
        }
    }

    /// Looks whether an upstream that was connected still answers; tries one that was not reached.
    pub(super) async fn check(self: &Arc<Self>, patience: Duration) {
        let seen = self.health.borrow().clone();
        match seen.phase {
            UpstreamHealth::Ready if self.client.is_connected() => {
                let answer = tokio::time::timeout(patience, ping(&self.client)).await;
                let timeout = || Error::Timeout { method: crate::protocol::Method::Ping, after: patience };
                let Err(error) = answer.unwrap_or_else(|_| Err(timeout())) else { return };
                // A server that works on a call may be too busy to answer. One that does not is stuck.
                if error.is_timeout() && self.in_flight() > 0 {
                    return;
                }
                self.fail(&error);
                self.client.close().await;
            }
            UpstreamHealth::Failing if seen.retry_in().is_none() => self.attempt(),
            _ => {}
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.upstream.max_in_flight.saturating_sub(self.permits.available_permits())
    }

    pub(super) fn state(&self) -> UpstreamState {
        let health = self.health.borrow().clone();
        let lost = health.phase == UpstreamHealth::Ready && !self.client.is_connected();
        UpstreamState {
            name: self.name.to_string(),
            target: self.upstream.target.name(),
            health: if lost { UpstreamHealth::Idle } else { health.phase },
            lasting: health.since.elapsed(),
            failures: health.failures,
            retry_in: health.retry_in(),
            last_error: health.error,
            in_flight: self.in_flight(),
            max_in_flight: self.upstream.max_in_flight,
        }
    }

    /// Takes no new calls, waits for those that run (for `grace` once the pool closes), and ends the
    /// connection.
    pub(super) async fn retire(self: Arc<Self>, closing: CancellationToken, grace: Duration) {
        self.withdraw();
        let all = u32::try_from(self.upstream.max_in_flight).unwrap_or(u32::MAX);
        tokio::select! {
            _ = self.permits.acquire_many(all) => {}
            () = async { closing.cancelled().await; tokio::time::sleep(grace).await } => {}
        }
        self.permits.close();
        self.client.close().await;
    }

    /// Sends those who wait for a connection to whatever has taken this entry's place.
    pub(super) fn withdraw(&self) {
        self.retired.store(true, Ordering::Release);
        if let Some(attempt) = self.attempt.lock().take() {
            attempt.abort();
        }
        self.health.send_modify(|health| health.enter(UpstreamHealth::Idle));
    }
}

/// Whether the server answers. A refusal is an answer.
async fn ping(client: &Client) -> Result<(), Error> {
    match client.ping().await {
        Err(Error::Rpc(_)) => Ok(()),
        other => other,
    }
}

/// Tells how an attempt ended, however it did.
struct Settle {
    entry: Weak<Entry>,
    outcome: Option<Result<(), Error>>,
}

impl Settle {
    fn now(mut self, outcome: Result<(), Error>) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        let Some(entry) = self.entry.upgrade().filter(|entry| !entry.retired.load(Ordering::Acquire)) else {
            return;
        };
        entry.settled(self.outcome.take().unwrap_or_else(|| {
            let reason = "connecting was given up".to_owned();
            Err(Error::Closed { reason, stderr: String::new(), sent: false })
        }));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(attempt) = self.attempt.lock().take() {
            attempt.abort();
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}
