//! The keys that sign access tokens: one that is used, and older ones that are published while tokens of theirs live.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::builder::Settings;
use crate::error::Internal;
use crate::jose::{Algorithm, Compact, Jwk, Signer, sign};
use crate::seal::StoreKeys;
use crate::store::{Store, StoredKey};

/// Seconds that verifiers may be late.
const SKEW: u64 = 300;

/// All keys.
pub(crate) struct Keys {
    ring: RwLock<Arc<Ring>>,
    sealing: StoreKeys,
    rotating: AtomicBool,
    algorithm: Algorithm,
    /// How old a key gets, and how long its last token lives.
    rotate: u64,
    access: u64,
}

struct Ring {
    id: String,
    algorithm: Algorithm,
    signer: Signer,
    created: u64,
    old: Vec<Old>,
}

#[derive(Clone)]
struct Old {
    id: String,
    algorithm: Algorithm,
    public: Jwk,
    retired: u64,
}

impl Keys {
    /// The keys of a store; with a new one if there is none, or none of the algorithm that is wanted. Nothing is written
    /// unless all can be read.
    pub(crate) async fn load(
        store: &dyn Store,
        sealing: StoreKeys,
        settings: &Settings,
        now: u64,
    ) -> Result<Self, Internal> {
        let stored = reseal(store, &sealing).await?;
        let current = stored.iter().rfind(|key| key.retired.is_none());
        let ring = match current {
            Some(key) if key.algorithm == settings.algorithm.name() => Ring::of(key, &stored)?,
            _ => {
                let key = generate(store, &sealing, settings.algorithm, now).await?;
                Ring::of(&key, &open(store, &sealing).await?)?
            }
        };
        Ok(Self {
            ring: RwLock::new(Arc::new(ring)),
            sealing,
            rotating: AtomicBool::new(false),
            algorithm: settings.algorithm,
            rotate: settings.rotate,
            access: settings.access,
        })
    }

    /// A token of these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, Internal> {
        let ring = Arc::clone(&self.ring.read());
        let header = json!({ "typ": "at+jwt", "alg": ring.algorithm.name(), "kid": ring.id });
        sign(&ring.signer, &header, claims)
    }

    /// Whether the key is old enough to be replaced.
    pub(crate) fn is_old(&self, now: u64) -> bool {
        now >= self.ring.read().created.saturating_add(self.rotate)
    }

    /// Replaces the key, and names the new one. Who comes second waits for nobody and keeps the old one.
    pub(crate) async fn rotate(&self, store: &dyn Store, now: u64) -> Result<String, Internal> {
        if self.rotating.swap(true, Ordering::Acquire) {
            return Ok(self.ring.read().id.clone());
        }
        let done = self.replace(store, now).await;
        self.rotating.store(false, Ordering::Release);
        done
    }

    async fn replace(&self, store: &dyn Store, now: u64) -> Result<String, Internal> {
        let key = generate(store, &self.sealing, self.algorithm, now).await?;
        let ring = Ring::of(&key, &open(store, &self.sealing).await?)?;
        *self.ring.write() = Arc::new(ring);
        Ok(key.id)
    }

    /// Keys that were retired before then have signed nothing that still lives.
    pub(crate) fn oldest_useful(&self, now: u64) -> u64 {
        now.saturating_sub(self.access.saturating_add(SKEW))
    }

    /// The key set (RFC 7517).
    pub(crate) fn published(&self, now: u64) -> Value {
        let ring = Arc::clone(&self.ring.read());
        let describe = |id: &str, algorithm: Algorithm, public: &Jwk| {
            let mut key = public.public();
            key["kid"] = id.into();
            key["alg"] = algorithm.name().into();
            key["use"] = "sig".into();
            key
        };
        let mut keys = vec![describe(&ring.id, ring.algorithm, ring.signer.public())];
        keys.extend(self.useful(&ring, now).map(|old| describe(&old.id, old.algorithm, &old.public)));
        json!({ "keys": keys })
    }

    /// Whether a token is one of ours. Its claims are not looked at.
    pub(crate) fn signed(&self, token: &Compact<'_>, now: u64) -> bool {
        let ring = Arc::clone(&self.ring.read());
        let is = |algorithm: Algorithm| token.header("alg") == Some(algorithm.name());
        match token.header("kid") {
            Some(id) if id == ring.id => is(ring.algorithm) && token.is_signed_by(ring.signer.public()),
            Some(id) => self
                .useful(&ring, now)
                .any(|old| old.id == id && is(old.algorithm) && token.is_signed_by(&old.public)),
            None => false,
        }
    }

    fn useful<'a>(&self, ring: &'a Ring, now: u64) -> impl Iterator<Item = &'a Old> {
        let oldest = self.oldest_useful(now);
        ring.old.iter().filter(move |old| old.retired >= oldest)
    }
}

impl Ring {
    fn of(current: &StoredKey, all: &[StoredKey]) -> Result<Self, Internal> {
        let read = |key: &StoredKey| {
            let algorithm = Algorithm::named(&key.algorithm).ok_or(Internal::Key)?;
            Ok::<_, Internal>((algorithm, Signer::read(algorithm, &key.body)?))
        };
        let (algorithm, signer) = read(current)?;
        let old = all.iter().filter(|key| key.id != current.id).map(|key| {
            let (algorithm, signer) = read(key)?;
            let retired = key.retired.unwrap_or(current.created);
            Ok(Old { id: key.id.clone(), algorithm, public: signer.public().clone(), retired })
        });
        let old = old.collect::<Result<_, Internal>>()?;
        Ok(Self { id: current.id.clone(), algorithm, signer, created: current.created, old })
    }
}

/// The keys of a store, in clear.
async fn open(store: &dyn Store, sealing: &StoreKeys) -> Result<Vec<StoredKey>, Internal> {
    store.keys().await?.iter().map(|key| sealing.open(key)).collect()
}

/// The same, once all of them are stored as new ones would be.
async fn reseal(store: &dyn Store, sealing: &StoreKeys) -> Result<Vec<StoredKey>, Internal> {
    let stored = store.keys().await?;
    let keys = stored.iter().map(|key| sealing.open(key)).collect::<Result<Vec<_>, _>>()?;
    let others = stored.iter().zip(&keys).filter(|(stored, _)| !sealing.is_current(stored));
    let sealed = others.map(|(_, key)| sealing.seal(key)).collect::<Result<Vec<_>, _>>()?;
    if !sealed.is_empty() {
        store.replace_keys(&sealed).await?;
        tracing::info!(keys = sealed.len(), "signing keys are encrypted under the first store key now");
    }
    Ok(keys)
}

/// Makes a key where that may take long, and stores it.
async fn generate(
    store: &dyn Store,
    sealing: &StoreKeys,
    algorithm: Algorithm,
    now: u64,
) -> Result<StoredKey, Internal> {
    let made = tokio::task::spawn_blocking(move || {
        let pkcs8 = algorithm.generate()?;
        let id = Signer::read(algorithm, &pkcs8)?.public().thumbprint();
        Ok::<_, Internal>((pkcs8, id))
    });
    let (pkcs8, id) = made.await.map_err(|_| Internal::Key)??;
    let algorithm = algorithm.name().to_owned();
    let key = StoredKey { id, algorithm, body: pkcs8, sealed: None, created: now, retired: None };
    store.add_key(&sealing.seal(&key)?).await?;
    Ok(key)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("current", &self.ring.read().id).finish_non_exhaustive()
    }
}
