//! Sessions of clients until 2025-11-25: bounded, owned, and gone after their time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::streams::Streams;
use crate::protocol::{ErrorCode, RequestId, RpcError};
use crate::service::{Principal, same_caller};
use crate::session::Session;

/// A session, and what its connections share.
pub(crate) struct HttpSession {
    pub(crate) id: Box<str>,
    pub(crate) session: Arc<Session>,
    /// Milliseconds since the store was made.
    last_seen: AtomicU64,
    /// Streams and calls that keep the session alive.
    busy: AtomicUsize,
    in_flight: Mutex<HashMap<RequestId, CancellationToken>>,
    streams: Mutex<Option<Box<Streams>>>,
    ended: CancellationToken,
}

impl HttpSession {
    /// Marks the session as in use as long as the guard lives.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Marks a request as in flight; refuses an identifier that already is.
    pub(crate) fn begin(self: &Arc<Self>, id: &RequestId) -> Result<Begun, RpcError> {
        let cancelled = CancellationToken::new();
        match self.in_flight.lock().entry(id.clone()) {
            Entry::Occupied(_) => {
                let message = format!(
                    "request `{id}` is in flight already: identifiers must be unique within a session"
                );
                Err(RpcError::invalid_request(message))
            }
            Entry::Vacant(slot) => {
                slot.insert(cancelled.clone());
                Ok(Begun { busy: self.busy(), id: id.clone(), cancelled })
            }
        }
    }

    /// Cancels a request in flight.
    pub(crate) fn cancel(&self, id: &RequestId) {
        if let Some(cancelled) = self.in_flight.lock().get(id) {
            cancelled.cancel();
        }
    }

    /// The resumable streams of the session; made when they are first needed.
    pub(crate) fn streams<R>(&self, with: impl FnOnce(&mut Streams) -> R) -> R {
        with(self.streams.lock().get_or_insert_default())
    }

    /// Cancelled when the session ends.
    pub(crate) const fn ended(&self) -> &CancellationToken {
        &self.ended
    }
}

impl fmt::Debug for HttpSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The identifier is a credential.
        f.debug_struct("HttpSession").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Keeps a session from being swept.
#[derive(Debug)]
pub(crate) struct Busy(Arc<HttpSession>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct Begun {
    busy: Busy,
    id: RequestId,
    cancelled: CancellationToken,
}

impl Begun {
    /// Cancelled when the client gives up on the request.
    pub(crate) fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.busy.0.in_flight.lock().remove(&self.id);
    }
}

/// All sessions of a transport.
pub(crate) struct Sessions {
    by_id: Mutex<HashMap<Box<str>, Arc<HttpSession>>>,
    epoch: Instant,
    ttl: Duration,
    limit: usize,
    limit_per_principal: usize,
}

impl Sessions {
    pub(crate) fn new(ttl: Duration, limit: usize, limit_per_principal: usize) -> Self {
        Self { by_id: Mutex::default(), epoch: Instant::now(), ttl, limit, limit_per_principal }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Adds a session under an identifier of 128 random bits. Where there are too many, the one that
    /// has been idle longest goes; if none is idle, the new one is refused.
    pub(crate) fn open(&self, make: impl FnOnce(&str) -> Session) -> Result<Arc<HttpSession>, RpcError> {
        let id: Box<str> = crate::server::random_token()?.into();
        let session = Arc::new(make(&id));
        let opened = Arc::new(HttpSession {
            id: id.clone(),
            last_seen: self.now().into(),
            busy: AtomicUsize::new(0),
            in_flight: Mutex::default(),
            streams: Mutex::default(),
            ended: CancellationToken::new(),
            session,
        });
        let mut all = self.by_id.lock();
        let principal = opened.session.peer().principal.as_deref();
        if let Some(principal) = principal {
            let owned = |other: &&Arc<HttpSession>| is_owner(other, Some(principal));
            if self.limit_per_principal < self.limit
                && all.values().filter(owned).count() >= self.limit_per_principal
                && !evict(&mut all, |other| is_owner(other, Some(principal)))
            {
                return Err(RpcError::new(
                    ErrorCode::OVERLOADED,
                    "the caller has as many sessions as allowed",
                ));
            }
        }
        if all.len() >= self.limit && !evict(&mut all, |_| true) {
            return Err(RpcError::new(ErrorCode::OVERLOADED, "the server has as many sessions as it allows"));
        }
        all.insert(id, Arc::clone(&opened));
        Ok(opened)
    }

    /// The session of a caller. A session of somebody else does not exist.
    pub(crate) fn find(&self, id: &str, principal: Option<&Principal>) -> Option<Arc<HttpSession>> {
        let found = self.by_id.lock().get(id).cloned();
        let found = found.filter(|session| is_owner(session, principal))?;
        found.last_seen.store(self.now(), Ordering::Relaxed);
        Some(found)
    }

    /// Ends a session.
    pub(crate) fn close(&self, session: &HttpSession) {
        self.by_id.lock().remove(&session.id);
        session.ended.cancel();
    }

    /// Ends the sessions that nobody used for longer than the TTL.
    pub(crate) fn sweep(&self) {
        let ttl = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        let oldest = self.now().saturating_sub(ttl);
        let mut all = self.by_id.lock();
        let stale = |s: &HttpSession| {
            s.busy.load(Ordering::Relaxed) == 0 && s.last_seen.load(Ordering::Relaxed) < oldest
        };
        all.retain(|_, session| {
            let keep = !stale(session);
            if !keep {
                session.ended.cancel();
            }
            keep
        });
        if all.capacity() > 64 && all.len() < all.capacity() / 4 {
            all.shrink_to_fit();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.lock().len()
    }

    /// How often to sweep.
    pub(crate) fn sweep_interval(&self) -> Duration {
        (self.ttl / 4).clamp(Duration::from_millis(50), Duration::from_secs(60))
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.by_id.lock().values().for_each(|session| session.ended.cancel());
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("open", &self.len()).finish_non_exhaustive()
    }
}

fn is_owner(session: &HttpSession, principal: Option<&Principal>) -> bool {
    same_caller(session.session.peer().principal.as_deref(), principal)
}

/// Ends the session that has been idle longest, out of those that `which` picks.
fn evict(all: &mut HashMap<Box<str>, Arc<HttpSession>>, which: impl Fn(&HttpSession) -> bool) -> bool {
    let idle = all.values().filter(|s| s.busy.load(Ordering::Relaxed) == 0 && which(s));
    let Some(oldest) = idle.min_by_key(|s| s.last_seen.load(Ordering::Relaxed)).map(|s| s.id.clone()) else {
        return false;
    };
    if let Some(session) = all.remove(&oldest) {
        session.ended.cancel();
    }
    true
}
