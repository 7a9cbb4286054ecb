//! Keys that an issuer publishes, followed as they rotate. Fetches are few, whatever strangers send.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, CACHE_CONTROL, HeaderValue};
use jsonwebtoken::Algorithm;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use super::super::{Reason, Rejection};
use super::KeySet;
use crate::auth::client::{self, ServerMetadata};
use crate::client::http::{HttpClient, HttpError};

/// No key set comes near.
const LIMIT: usize = 256 * 1024;
/// How long one fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long keys are used without asking again, unless the issuer says otherwise.
const FRESH: Duration = Duration::from_secs(600);
/// What the issuer may say.
const FRESHNESS: std::ops::RangeInclusive<u64> = 30..=24 * 3600;
/// How long keys are used when the issuer cannot be reached any more.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// The shortest time between two fetches: a token with an unknown key leads to one, and strangers can send many.
const PAUSE: Duration = Duration::from_secs(10);

/// A key set that is fetched when it is first needed, again before it is old, and when a token names a key
/// that is not in it.
pub struct RemoteKeys {
    place: Place,
    http: HttpClient,
    plain: bool,
    pause: Duration,
    shared: Arc<Shared>,
}

#[derive(Clone)]
enum Place {
    Set(Url),
    Issuer(String),
}

/// What is known, and who finds out more.
struct Shared {
    known: ArcSwap<Known>,
    /// Counts the sets that differed from the one before.
    generation: AtomicU64,
    /// One fetch at a time; when the last began.
    fetching: tokio::sync::Mutex<Option<Instant>>,
    /// The fetch that nobody waits for.
    behind: Mutex<Option<JoinHandle<()>>>,
}

struct Known {
    set: Arc<KeySet>,
    digest: Bytes,
    /// When to ask again, and until when the keys may be used.
    until: Option<(Instant, Instant)>,
}

/// Keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the server answered {0}")]
    Status(http::StatusCode),
    #[error("the answer is no key set")]
    Document(#[from] serde_json::Error),
    #[error("the issuer's metadata names no key set")]
    NoPlace,
    #[error("the issuer's metadata cannot be had")]
    Metadata(#[from] client::AuthError),
    #[error("`{0}` has neither https nor a loopback address")]
    Plain(String),
}

impl RemoteKeys {
    pub(super) fn at(url: Url) -> Self {
        Self::new(Place::Set(url))
    }

    pub(super) fn of_issuer(issuer: &str) -> Self {
        Self::new(Place::Issuer(issuer.to_owned()))
    }

    fn new(place: Place) -> Self {
        let nothing = Known { set: Arc::new(KeySet::empty()), digest: Bytes::new(), until: None };
        let shared = Shared {
            known: ArcSwap::from_pointee(nothing),
            generation: AtomicU64::new(0),
            fetching: tokio::sync::Mutex::default(),
            behind: Mutex::default(),
        };
        let http = HttpClient::default();
        Self { place, http, plain: false, pause: PAUSE, shared: Arc::new(shared) }
    }

    /// Fetches with these connections and roots.
    #[must_use]
    pub fn http(mut self, http: HttpClient) -> Self {
        self.http = http;
        self
    }

    /// Allows plain http to hosts that are not loopback: only in a network that nobody else is in.
    #[must_use]
    pub const fn allow_plain_http(mut self) -> Self {
        self.plain = true;
        self
    }

    /// The shortest time between two fetches; ten seconds unless set.
    #[must_use]
    pub const fn min_interval(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub(super) fn generation(&self) -> u64 {
        // Tokens that were verified before lead here too: keys get old also when nothing new is verified.
        self.refresh_behind();
        self.shared.generation.load(Ordering::Acquire)
    }

    /// The set in which a key should be.
    pub(super) async fn set(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<KeySet>, Rejection> {
        let known = self.shared.known.load_full();
        let usable = known.until.is_some_and(|(_, until)| Instant::now() < until);
        if usable && known.set.candidates(id, algorithm).next().is_some() {
            self.refresh_behind();
            return Ok(Arc::clone(&known.set));
        }
        let retry_after = self.fetch().run(Some(&known)).await;
        let known = self.shared.known.load_full();
        if known.until.is_some_and(|(_, until)| Instant::now() < until) {
            return Ok(Arc::clone(&known.set));
        }
        Err(Rejection::new(Reason::Unavailable { what: "the issuer's keys", retry_after }))
    }

    /// Asks again, without anybody waiting, if it is time.
    fn refresh_behind(&self) {
        let due = |known: &Known| known.until.is_some_and(|(fresh, _)| Instant::now() >= fresh);
        if !due(&self.shared.known.load()) {
            return;
        }
        let mut behind = self.shared.behind.lock();
        if behind.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let fetch = self.fetch();
        *behind = Some(tokio::spawn(async move {
            fetch.run(None).await;
        }));
    }

    fn fetch(&self) -> Fetch {
        Fetch {
            place: self.place.clone(),
            http: self.http.clone(),
            plain: self.plain,
            pause: self.pause,
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl Drop for RemoteKeys {
    fn drop(&mut self) {
        if let Some(task) = self.shared.behind.lock().take() {
            task.abort();
        }
    }
}

/// One fetch. It does not keep the keys alive.
struct Fetch {
    place: Place,
    http: HttpClient,
    plain: bool,
    pause: Duration,
    shared: std::sync::Weak<Shared>,
}

impl Fetch {
    /// Fetches the set, unless that was tried a moment ago, or somebody else replaced `before` meanwhile.
    /// Yields how long to wait before another try is of use.
    async fn run(self, before: Option<&Arc<Known>>) -> Duration {
        let Some(shared) = self.shared.upgrade() else { return self.pause };
        let mut last = shared.fetching.lock().await;
        if before.is_some_and(|before| !Arc::ptr_eq(before, &shared.known.load())) {
            return Duration::ZERO;
        }
        if let Some(left) =
            last.and_then(|last| self.pause.checked_sub(last.elapsed())).filter(|left| !left.is_zero())
        {
            return left;
        }
        *last = Some(Instant::now());
        match self.document().await {
            Ok((set, fresh, text)) => shared.learn(set, fresh, &text),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the keys of an issuer could not be fetched");
            }
        }
        self.pause
    }

    async fn document(&self) -> Result<(KeySet, Duration, Bytes), FetchError> {
        let url = match &self.place {
            Place::Set(url) => url.clone(),
            Place::Issuer(issuer) => {
                let metadata = ServerMetadata::discover(issuer, &self.http, self.plain).await?;
                metadata.jwks_uri.and_then(|url| Url::parse(&url).ok()).ok_or(FetchError::NoPlace)?
            }
        };
        if !self.plain && url.scheme() != "https" && !client::is_loopback(&url) {
            return Err(FetchError::Plain(url.to_string()));
        }
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.as_str().parse().map_err(|_| FetchError::NoPlace)?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.http.fetch(request, LIMIT, TIMEOUT).await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status()));
        }
        let fresh = freshness(response.headers().get(CACHE_CONTROL));
        let text = response.into_body();
        Ok((KeySet::parse(&text)?, fresh, text))
    }
}

impl Shared {
    fn learn(&self, set: KeySet, fresh: Duration, text: &[u8]) {
        let digest = Bytes::copy_from_slice(digest(&SHA256, text).as_ref());
        let now = Instant::now();
        let until = Some((now + fresh, now + fresh.max(STALE)));
        let known = self.known.load();
        if known.digest == digest {
            self.known.store(Arc::new(Known { set: Arc::clone(&known.set), digest, until }));
            return;
        }
        self.known.store(Arc::new(Known { set: Arc::new(set), digest, until }));
        // After the keys: who sees the new number finds the new keys.
        self.generation.fetch_add(1, Ordering::Release);
    }
}

/// How long an answer may be used.
fn freshness(header: Option<&HeaderValue>) -> Duration {
    let said = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let seconds = said.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    seconds.map_or(FRESH, |seconds| Duration::from_secs(seconds.clamp(*FRESHNESS.start(), *FRESHNESS.end())))
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            Place::Set(url) => url.path(),
            Place::Issuer(issuer) => issuer,
        };
        f.debug_struct("RemoteKeys").field("place", &place).finish_non_exhaustive()
    }
}
