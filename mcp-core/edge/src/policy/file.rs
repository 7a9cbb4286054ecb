//! A policy that is read again when its file changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::{Format, Policy, PolicyError};

/// A policy in force, and where it comes from. Clones share it.
#[derive(Debug, Clone)]
pub struct PolicyFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    policy: ArcSwap<Policy>,
    source: Option<(PathBuf, Format)>,
    seen: Mutex<Seen>,
}

/// What was read last.
#[derive(Debug, Default)]
struct Seen {
    text: String,
    stamp: Option<(SystemTime, u64)>,
}

impl PolicyFile {
    /// Reads a policy. The name of the file tells how it is written.
    ///
    /// # Errors
    /// The file cannot be read, or its policy cannot be used.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, PolicyError> {
        let path = path.into();
        let format = Format::of(&path).ok_or_else(|| PolicyError::Format { path: path.clone() })?;
        let stamp = stamp(&path);
        let text = read(&path)?;
        let policy = Policy::parse(&text, &path.display().to_string(), format)?;
        let seen = Mutex::new(Seen { text, stamp });
        Ok(Self(Arc::new(Inner {
            policy: ArcSwap::from_pointee(policy),
            source: Some((path, format)),
            seen,
        })))
    }

    /// A policy that comes from no file.
    #[must_use]
    pub fn fixed(policy: Policy) -> Self {
        let policy = ArcSwap::from_pointee(policy);
        Self(Arc::new(Inner { policy, source: None, seen: Mutex::default() }))
    }

    /// The policy in force.
    #[must_use]
    pub fn current(&self) -> Arc<Policy> {
        self.0.policy.load_full()
    }

    /// Looks at the policy in force without keeping it.
    pub fn with<R>(&self, look: impl FnOnce(&Policy) -> R) -> R {
        look(&self.0.policy.load())
    }

    /// Puts another policy in force.
    pub fn replace(&self, policy: Policy) {
        self.0.policy.store(Arc::new(policy));
    }

    /// Reads the file again and puts its policy in force; tells whether it holds something new.
    ///
    /// # Errors
    /// The file cannot be read, or its policy cannot be used. The policy in force stays.
    pub fn reload(&self) -> Result<bool, PolicyError> {
        let Some((path, format)) = &self.0.source else { return Ok(false) };
        let mut seen = self.0.seen.lock();
        seen.stamp = stamp(path);
        let text = read(path)?;
        if text == seen.text {
            return Ok(false);
        }
        let policy = Policy::parse(&text, &path.display().to_string(), *format);
        // What was refused is not tried again until it changes.
        seen.text = text;
        self.0.policy.store(Arc::new(policy?));
        Ok(true)
    }

    /// Reads the file again if its time or size say that it changed.
    fn poll(&self) -> Result<bool, PolicyError> {
        let Some((path, _)) = &self.0.source else { return Ok(false) };
        let unchanged = self.0.seen.lock().stamp == stamp(path);
        if unchanged { Ok(false) } else { self.reload() }
    }

    /// Looks at the file's time and size every so often and reloads it when they change, until the watch is dropped.
    /// Call it within a tokio runtime.
    #[must_use = "dropping the watch ends it"]
    pub fn watch(&self, every: Duration) -> Watch {
        let file = self.clone();
        Watch(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every.max(Duration::from_millis(10)));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                match file.poll() {
                    Ok(false) => {}
                    Ok(true) => tracing::info!(rules = file.current().len(), "a new policy is in force"),
                    Err(error) => tracing::error!(%error, "a policy was refused; the one in force stays"),
                }
            }
        }))
    }
}

/// Watches a policy file while it exists.
#[derive(Debug)]
pub struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn read(path: &Path) -> Result<String, PolicyError> {
    fs::read_to_string(path).map_err(|source| PolicyError::Read { path: path.to_owned(), source })
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}
