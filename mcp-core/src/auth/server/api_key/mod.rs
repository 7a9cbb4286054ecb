//! API keys: shown once, kept as a keyed hash.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use quick_cache::sync::Cache;
use tokio::time::Instant;

pub use memory::MemoryApiKeys;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteApiKeys;
pub use store::{ApiKeyError, ApiKeyRecord, ApiKeyStore};

use super::credential::{X_API_KEY, single, token};
use super::{Authenticate, Reason, Rejection};
use crate::auth::client::Secret;
use crate::service::Principal;

/// What every key begins with, so that people and scanners know one when they see it.
const MARK: &str = "mcpk_";
/// Letters of the part that names a key.
const ID: usize = 16;
/// How long a key is known without asking the store: a key that is revoked is good for no longer.
const FRESH: Duration = Duration::from_millis(500);
/// How often the store hears that a key is in use, in seconds.
const TOUCH: u64 = 60;
/// Keys that are remembered.
const REMEMBERED: usize = 10_000;

/// A key to be made.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NewApiKey {
    /// The organisation whose key it is.
    pub org: String,
    /// The person or service that uses it.
    pub user: String,
    /// What it is for, in words.
    pub label: String,
    /// The caller's role.
    pub role: Option<String>,
    /// The caller's plan.
    pub plan: Option<String>,
    /// What the key may be used for.
    pub scopes: BTreeSet<String>,
    /// Until when it is good; for ever if absent.
    pub expires: Option<SystemTime>,
}

impl NewApiKey {
    /// A key for a user of an organisation.
    pub fn new(org: impl Into<String>, user: impl Into<String>) -> Self {
        Self { org: org.into(), user: user.into(), ..Self::default() }
    }
}

/// Issues API keys and knows their owners.
///
/// A key is `mcpk_ID_SECRET`, sent as `Authorization: Bearer` or `X-API-Key`. The store holds its name and
/// an HMAC-SHA256 of it under a key of the server's; 256 random bits need no slower hash.
pub struct ApiKeys {
    store: Arc<dyn ApiKeyStore>,
    hash: hmac::Key,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    known: Cache<Box<str>, (Instant, Arc<Known>)>,
}

struct Known {
    record: ApiKeyRecord,
    principal: Arc<Principal>,
}

impl ApiKeys {
    /// Keys in a store, hashed under 32 secret bytes. With another secret no key is good any more.
    pub fn new(store: impl ApiKeyStore, secret: &[u8; 32]) -> Self {
        Self {
            store: Arc::new(store),
            hash: hmac::Key::new(hmac::HMAC_SHA256, secret),
            clock: Arc::new(|| seconds(SystemTime::now())),
            known: Cache::new(REMEMBERED),
        }
    }

    /// What time it is, in seconds since 1970. For tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes a key. It is shown now and never again.
    ///
    /// # Errors
    /// The store is down, or the system has no random bytes.
    pub async fn issue(&self, new: NewApiKey) -> Result<(Secret, ApiKeyRecord), ApiKeyError> {
        let id = random::<{ ID * 3 / 4 }>()?.replace(['-', '_'], "0");
        let key = format!("{MARK}{id}_{}", random::<32>()?);
        let record = ApiKeyRecord {
            hash: self.hash(&key),
            id,
            org: new.org,
            user: new.user,
            label: new.label,
            role: new.role,
            plan: new.plan,
            scopes: new.scopes,
            created: (self.clock)(),
            expires: new.expires.map(seconds),
            last_used: None,
            revoked: None,
        };
        self.store.insert(&record).await?;
        Ok((Secret::new(key), record))
    }

    /// Takes a key of an organisation back. Whether there was one. Other processes that share the store
    /// refuse it within half a second.
    ///
    /// # Errors
    /// The store is down.
    pub async fn revoke(&self, org: &str, id: &str) -> Result<bool, ApiKeyError> {
        let revoked = self.store.revoke(org, id, (self.clock)()).await?;
        self.known.remove(id);
        Ok(revoked)
    }

    /// The keys of an organisation, revoked ones too.
    ///
    /// # Errors
    /// The store is down.
    pub async fn list(&self, org: &str) -> Result<Vec<ApiKeyRecord>, ApiKeyError> {
        self.store.list(org).await
    }

    fn hash(&self, key: &str) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.hash, key.as_bytes()).as_ref());
        hash
    }

    async fn known(&self, id: &str) -> Result<Option<Arc<Known>>, ApiKeyError> {
        if let Some((since, known)) = self.known.get(id)
            && since.elapsed() < FRESH
        {
            return Ok(Some(known));
        }
        let Some(record) = self.store.find(id).await? else {
            self.known.remove(id);
            return Ok(None);
        };
        let mut principal = Principal::new(&record.org, &record.user);
        principal.issuer = "api-key".to_owned();
        principal.role.clone_from(&record.role);
        principal.plan.clone_from(&record.plan);
        principal.scopes.clone_from(&record.scopes);
        let known = Arc::new(Known { record, principal: Arc::new(principal) });
        self.known.insert(id.into(), (Instant::now(), Arc::clone(&known)));
        Ok(Some(known))
    }

    async fn check(&self, key: &str) -> Result<Arc<Principal>, Rejection> {
        let unknown = || Rejection::invalid("the API key is not known here");
        let Some(id) = key.strip_prefix(MARK).and_then(|rest| rest.get(..ID)) else { return Err(unknown()) };
        let known = self.known(id).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "API keys cannot be looked up");
            Rejection::new(Reason::Unavailable { what: "API keys", retry_after: Duration::from_secs(1) })
        })?;
        // The hash is made also for names that are not known: how long it takes tells nothing.
        let hash = self.hash(key);
        let Some(known) = known else { return Err(unknown()) };
        let record = &known.record;
        if verify_slices_are_equal(&hash, &record.hash).is_err() {
            return Err(unknown());
        }
        let now = (self.clock)();
        let whose = |reason| Rejection::of(&record.org, &record.user, reason);
        if record.revoked.is_some() {
            return Err(whose(Reason::Revoked));
        }
        if record.expires.is_some_and(|expires| expires <= now) {
            return Err(whose(Reason::Expired));
        }
        if record.last_used.is_none_or(|last| last + TOUCH <= now) {
            self.touch(id, &known, now).await;
        }
        Ok(Arc::clone(&known.principal))
    }

    /// Notes that a key is in use. Best effort: a call must not fail because of it.
    async fn touch(&self, id: &str, known: &Known, now: u64) {
        let record = ApiKeyRecord { last_used: Some(now), ..known.record.clone() };
        let touched = Known { record, principal: Arc::clone(&known.principal) };
        self.known.insert(id.into(), (Instant::now(), Arc::new(touched)));
        if let Err(error) = self.store.touch(id, now).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the use of an API key could not be noted"
            );
        }
    }
}

#[async_trait::async_trait]
impl Authenticate for ApiKeys {
    async fn authenticate(&self, request: &Parts) -> Result<Option<Arc<Principal>>, Rejection> {
        if let Some(key) = single(&request.headers, &X_API_KEY)? {
            return self.check(key).await.map(Some);
        }
        match token(&request.headers)? {
            Some((_, key)) if key.starts_with(MARK) => self.check(key).await.map(Some),
            _ => Ok(None),
        }
    }
}

fn random<const N: usize>() -> Result<String, ApiKeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| ApiKeyError(error.into()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeys")
    }
}
