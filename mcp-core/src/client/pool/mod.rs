//! Clients of many servers, by name: for gateways and agents.
//!
//! ```
//! use mcp_core::client::{ClientPool, Upstream};
//! # use mcp_core::{Server, tool};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Server::builder("s", "1.0.0").tool(tool("report", async || "done")).build()?;
//! let pool = ClientPool::builder().upstream("reports", Upstream::new(server)?).build()?;
//! // Connected by the first call, and again whenever need be.
//! let report: String = pool.get("reports")?.call("report", ()).await?;
//! assert_eq!(report, "done");
//! for state in pool.states() {
//!     println!("{} has been {:?} for {:?}", state.name, state.health, state.lasting);
//! }
//! pool.close().await;
//! # Ok(())
//! # }
//! ```

mod backoff;
mod client;
mod entry;
mod error;
mod health;
mod upstream;

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

pub use backoff::Backoff;
pub use client::{PooledCall, PooledClient};
pub use error::PoolError;
pub use health::{UpstreamHealth, UpstreamState};
pub use upstream::Upstream;

use self::entry::Entry;
use super::{Client, ClientBuilder};

type Entries = IndexMap<Arc<str>, Arc<Entry>>;

/// Clients of servers by name. Each connects when it is first used, is left alone for a while when it
/// cannot be reached, and can be configured anew while calls run. Cheap to clone; clones are the same
/// pool. Dropping the last one, and the last [`PooledClient`], ends all connections.
#[derive(Clone)]
pub struct ClientPool(Arc<Inner>);

/// Settings of a [`ClientPool`].
#[must_use]
pub struct ClientPoolBuilder {
    upstreams: IndexMap<String, Upstream>,
    settings: Settings,
}

#[derive(Clone)]
struct Settings {
    client: ClientBuilder,
    backoff: Backoff,
    grace: Duration,
    probing: Option<Duration>,
}

struct Inner {
    entries: ArcSwap<Entries>,
    /// Held while upstreams are replaced; says whether the pool is closed.
    editing: Mutex<bool>,
    settings: Settings,
    /// Those who were replaced and still have calls.
    retiring: Mutex<JoinSet<()>>,
    closing: CancellationToken,
    probing: OnceLock<AbortHandle>,
    /// Counts changes of the configuration.
    generation: watch::Sender<u64>,
}

impl ClientPoolBuilder {
    /// Adds an upstream.
    pub fn upstream(mut self, name: impl Into<String>, upstream: Upstream) -> Self {
        self.upstreams.insert(name.into(), upstream);
        self
    }

    /// Settings of all clients that have none of their own.
    pub fn client(mut self, settings: ClientBuilder) -> Self {
        self.settings.client = settings;
        self
    }

    /// How long an upstream is left alone that could not be reached.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
        self
    }

    /// Looks this often whether those that were connected still answer, and tries those again that
    /// could not be reached, so that failures are known before somebody calls.
    pub const fn probe_every(mut self, interval: Duration) -> Self {
        self.settings.probing = Some(interval);
        self
    }

    /// How long running calls may go on when the pool is closed; 5 s unless set.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// The pool. Nothing is connected yet.
    ///
    /// # Errors
    /// An upstream cannot be connected to in principle.
    pub fn build(self) -> Result<ClientPool, PoolError> {
        let pool = ClientPool(Arc::new(Inner {
            entries: ArcSwap::default(),
            editing: Mutex::default(),
            settings: self.settings,
            retiring: Mutex::default(),
            closing: CancellationToken::new(),
            probing: OnceLock::new(),
            generation: watch::Sender::new(0),
        }));
        pool.replace_all(self.upstreams)?;
        Ok(pool)
    }
}

impl ClientPool {
    /// Settings of a pool.
    pub fn builder() -> ClientPoolBuilder {
        ClientPoolBuilder {
            upstreams: IndexMap::new(),
            settings: Settings {
                client: Client::builder("mcp-core", env!("CARGO_PKG_VERSION")),
                backoff: Backoff::default(),
                grace: Duration::from_secs(5),
                probing: None,
            },
        }
    }

    /// An upstream. What it stands for may be configured anew later; it then follows.
    ///
    /// # Errors
    /// There is none of this name, or the pool is closed.
    pub fn get(&self, name: &str) -> Result<PooledClient, PoolError> {
        let entry = self.0.entry(name)?;
        Ok(PooledClient { pool: Arc::clone(&self.0), name: Arc::clone(&entry.name) })
    }

    /// Adds an upstream, or replaces what one stands for; says whether that is a change. Calls that run
    /// go on where they are; new ones go where it is now.
    ///
    /// # Errors
    /// It cannot be connected to in principle, or the pool is closed.
    pub fn set(&self, name: impl Into<String>, upstream: Upstream) -> Result<bool, PoolError> {
        let name = name.into();
        self.0.edit(false, |entries| self.0.put(entries, &name, upstream)).map(|changed| changed > 0)
    }

    /// Removes an upstream; says whether there was one. Calls that run go on.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.0.edit(false, |entries| {
            entries.shift_remove(name);
            Ok(())
        });
        removed.is_ok_and(|changed| changed > 0)
    }

    /// Makes these the upstreams, and no others; says how many were added, changed or removed. Those
    /// whose description is the same as before keep their connections.
    ///
    /// # Errors
    /// One cannot be connected to in principle, or the pool is closed; then nothing has changed.
    pub fn replace_all<N: Into<String>>(
        &self,
        upstreams: impl IntoIterator<Item = (N, Upstream)>,
    ) -> Result<usize, PoolError> {
        let upstreams: Vec<(String, Upstream)> =
            upstreams.into_iter().map(|(name, upstream)| (name.into(), upstream)).collect();
        self.0.edit(false, |entries| {
            entries.retain(|name, _| upstreams.iter().any(|(kept, _)| **kept == **name));
            upstreams.into_iter().try_for_each(|(name, upstream)| self.0.put(entries, &name, upstream))
        })
    }

    /// How all upstreams are, in the order in which they were added.
    #[must_use]
    pub fn states(&self) -> Vec<UpstreamState> {
        self.0.entries.load().values().map(|entry| entry.state()).collect()
    }

    /// Connects to an upstream if need be, even one that is left alone, looks whether it answers, and
    /// says how it is.
    ///
    /// # Errors
    /// There is none of this name, or the pool is closed. That it does not answer is no error here.
    pub async fn probe(&self, name: &str) -> Result<UpstreamState, PoolError> {
        let entry = self.0.entry(name)?;
        if entry.client.is_connected() {
            entry.check(self.0.settings.probing.unwrap_or(PROBE_PATIENCE)).await;
        } else {
            // What comes of it is in the state.
            _ = entry.ready(true).await;
        }
        Ok(entry.state())
    }

    /// Ends all connections: no call starts any more, running ones get a time of grace, then every
    /// server is told politely. Returns when all are gone.
    pub async fn close(&self) {
        // A pool that is closed already is waited for.
        _ = self.0.edit(true, |entries| {
            entries.clear();
            Ok(())
        });
        if let Some(probing) = self.0.probing.get() {
            probing.abort();
        }
        self.0.closing.cancel();
        let mut retiring = std::mem::take(&mut *self.0.retiring.lock());
        while retiring.join_next().await.is_some() {}
    }
}

/// How long a probe waits for an answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

impl Inner {
    fn entry(&self, name: &str) -> Result<Arc<Entry>, PoolError> {
        let found = self.entries.load().get(name).cloned();
        found.ok_or_else(|| {
            if *self.editing.lock() {
                PoolError::Closed
            } else {
                PoolError::Unknown { name: name.to_owned() }
            }
        })
    }

    fn put(&self, entries: &mut Entries, name: &str, upstream: Upstream) -> Result<(), PoolError> {
        if entries.get(name).is_some_and(|entry| entry.upstream.is(&upstream)) {
            return Ok(());
        }
        let entry = Entry::new(name, upstream, &self.settings.client, self.settings.backoff)?;
        entries.insert(Arc::clone(&entry.name), entry);
        Ok(())
    }

    /// Replaces the upstreams by a changed copy; yields how many are new, other or gone. After the
    /// `last` time it never does so again.
    fn edit(
        &self,
        last: bool,
        edit: impl FnOnce(&mut Entries) -> Result<(), PoolError>,
    ) -> Result<usize, PoolError> {
        let mut closed = self.editing.lock();
        if *closed {
            return Err(PoolError::Closed);
        }
        let before = self.entries.load_full();
        let mut after = Entries::clone(&before);
        edit(&mut after)?;
        *closed = last;
        let kept = |name: &Arc<str>, entry: &Arc<Entry>| {
            after.get(name).is_some_and(|other| Arc::ptr_eq(other, entry))
        };
        let gone: Vec<_> = before.iter().filter(|(name, entry)| !kept(name, entry)).collect();
        let added = after.keys().filter(|name| !before.contains_key(*name)).count();
        let changed = gone.len() + added;
        if changed > 0 {
            self.entries.store(Arc::new(after.clone()));
            gone.into_iter().for_each(|(_, entry)| self.retire(entry));
            self.generation.send_modify(|generation| *generation += 1);
        }
        drop(closed);
        Ok(changed)
    }

    /// Lets an entry end by itself. Without a runtime it has no connection either.
    fn retire(&self, entry: &Arc<Entry>) {
        entry.withdraw();
        let Ok(runtime) = Handle::try_current() else { return };
        let mut retiring = self.retiring.lock();
        while retiring.try_join_next().is_some() {}
        let (entry, closing, grace) = (Arc::clone(entry), self.closing.clone(), self.settings.grace);
        retiring.spawn_on(entry.retire(closing, grace), &runtime);
    }

    /// Starts looking after the upstreams, if that is wanted and was not done yet.
    fn keep_probing(self: &Arc<Self>) {
        let Some(interval) = self.settings.probing else { return };
        self.probing.get_or_init(|| tokio::spawn(probe(Arc::downgrade(self), interval)).abort_handle());
    }
}

async fn probe(pool: Weak<Inner>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(pool) = pool.upgrade() else { return };
        let entries: Vec<_> = pool.entries.load().values().cloned().collect();
        drop(pool);
        let mut checks = JoinSet::new();
        for entry in entries {
            checks.spawn(async move { entry.check(interval.min(PROBE_PATIENCE)).await });
        }
        while checks.join_next().await.is_some() {}
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(probing) = self.probing.get() {
            probing.abort();
        }
    }
}

impl fmt::Debug for ClientPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientPool").field(&self.0.entries.load().keys().collect::<Vec<_>>()).finish()
    }
}

impl fmt::Debug for ClientPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientPoolBuilder").field("upstreams", &self.upstreams.keys()).finish_non_exhaustive()
    }
}
