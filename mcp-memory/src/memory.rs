//! The handle of a memory.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::audit::{Audit, Trail};
use crate::crypto::Master;
use crate::embed::{Embedder, Table};
use crate::engine::{Handle, Settings, system_clock};
use crate::store::sql::Location;
#[cfg(feature = "postgres")]
use crate::store::sql::postgres::Postgres;
use crate::tenant::Tenant;
use crate::{Access, MemoryError};

/// Memories that are kept ready to be searched.
const CACHED: usize = 1_000_000;

/// A memory in a directory. Clones are the same memory; several processes may have it open at the same time.
///
/// ```
/// use mcp_memory::{Access, Draft, Memory, Scope, Search};
///
/// # fn main() -> Result<(), mcp_memory::MemoryError> {
/// # let directory = std::env::temp_dir().join(format!("memory-doc-{}", std::process::id()));
/// let memory = Memory::open(&directory)?;
/// let ann = memory.of(Access::new("acme", "ann"));
/// ann.store(&Scope::Private, Draft::new("The deploy key rotates every three weeks").tag("ops"))?;
/// let found = ann.search(&Search::new("when do we rotate deploy keys"))?;
/// assert_eq!(found.hits[0].record.tags, ["ops"]);
/// // Nobody else finds it.
/// assert!(memory.of(Access::new("acme", "bob")).search(&Search::new("deploy key"))?.hits.is_empty());
/// # drop((ann, memory));
/// # std::fs::remove_dir_all(directory).ok();
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Memory(pub(crate) Arc<Handle>);

/// How a memory is to be opened.
#[must_use = "a builder does nothing until it opens"]
pub struct MemoryBuilder {
    directory: PathBuf,
    settings: Settings,
    #[cfg(feature = "postgres")]
    postgres: [Option<Postgres>; 2],
}

impl Memory {
    /// Opens a memory, or makes a new one, with what is built in.
    ///
    /// # Errors
    /// The directory cannot be read or written, or was written by a newer version.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, MemoryError> {
        Self::builder(directory).open()
    }

    /// Opens a memory in a PostgreSQL database, by its URL, or makes a new one. What is derived, and the key ring, are in a directory;
    /// see [`MemoryBuilder::key_ring_in_postgres`] where there is more than one machine.
    ///
    /// # Errors
    /// As [`Memory::open`]; or the database is on another machine, and TLS was switched off: see [`Postgres::insecure`].
    #[cfg(feature = "postgres")]
    pub fn postgres(url: impl Into<String>, directory: impl AsRef<Path>) -> Result<Self, MemoryError> {
        Self::builder(directory).postgres(Postgres::new(url)).open()
    }

    /// Opens a memory with other settings.
    pub fn builder(directory: impl AsRef<Path>) -> MemoryBuilder {
        let settings = Settings {
            master: Master::None,
            encrypt: true,
            data: None,
            key_ring: None,
            embedder: Some(Arc::new(Table)),
            clock: Arc::new(system_clock),
            audit: Trail::default(),
            reembed: false,
            cached: CACHED,
        };
        MemoryBuilder {
            directory: directory.as_ref().to_owned(),
            settings,
            #[cfg(feature = "postgres")]
            postgres: [None, None],
        }
    }

    /// Wraps all keys with another master key, and returns how many there are. Opened with the old one, the memory refuses.
    ///
    /// # Errors
    /// The new master key cannot be had, or the key ring cannot be written.
    pub fn rotate_master(&self, master: &Master) -> Result<usize, MemoryError> {
        self.0.sealing.ring().rewrap(master)
    }

    /// Derives anew from the store whatever is searched, and returns of how many namespaces. Nobody needs to: a view that is missing,
    /// damaged or too old is made anew by itself. Tells after each namespace how many are done, of how many.
    ///
    /// # Errors
    /// The store cannot be read, or the views cannot be written.
    pub fn reindex(&self, progress: impl FnMut(usize, usize)) -> Result<usize, MemoryError> {
        self.0.reindex(progress)
    }

    /// What it goes by, for whoever operates it.
    #[must_use]
    pub fn health(&self) -> Health {
        let embedder = self.0.embedder.as_ref();
        Health {
            embedder: embedder.map(|embedder| embedder.id().to_owned()),
            dimension: embedder.map(|embedder| embedder.dimension()),
            encrypted: self.0.sealing.ring().encrypts(),
        }
    }

    /// The memory as a caller has it.
    #[must_use]
    pub fn of(&self, access: Access) -> Tenant {
        Tenant::new(Arc::clone(&self.0), access)
    }
}

/// What a memory goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// The model whose vectors are searched; none where it goes by words alone.
    pub embedder: Option<String>,
    /// How many numbers a vector of it has.
    pub dimension: Option<usize>,
    /// Whether memories are encrypted.
    pub encrypted: bool,
}

impl MemoryBuilder {
    /// Wraps the keys with a master key.
    pub fn master(mut self, master: Master) -> Self {
        self.settings.master = master;
        self
    }

    /// Keeps the key ring somewhere else (default: `keys.db` in the directory). It must not be where backups of the data go.
    pub fn key_ring(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.key_ring = Some(Location::File(path.into()));
        self
    }

    /// Whether memories are encrypted (default: yes).
    pub const fn encrypt(mut self, encrypt: bool) -> Self {
        self.settings.encrypt = encrypt;
        self
    }

    /// Keeps memories in a PostgreSQL database, which several machines may share; each has a directory of its own for what is derived.
    /// What is written on one is found by the next search on the others.
    ///
    /// Row-level security holds each transaction to the tenants that it says that it sees. So that it binds the engine too, the role should
    /// be the owner of the schema (or a member of that role), and neither a superuser nor one with `BYPASSRLS`.
    ///
    /// Backups of it are base backups with an archive, or made with `pg_dump` by a role that sees everything; after one was restored,
    /// [`Memory::restored`] has to be called. With encryption switched off, what was deleted may stand in PostgreSQL's files and logs until it overwrites them.
    #[cfg(feature = "postgres")]
    pub fn postgres(mut self, data: Postgres) -> Self {
        self.postgres[0] = Some(data);
        self
    }

    /// Keeps the key ring in a PostgreSQL database: another one than that of the data, of which backups are kept elsewhere, or none. A
    /// file can be shared by processes of one machine only. What is destroyed is gone from the tables; the server's log
    /// and its archive have it as long as they are kept: wrap the keys with a [`master`](Self::master) key.
    #[cfg(feature = "postgres")]
    pub fn key_ring_in_postgres(mut self, keys: Postgres) -> Self {
        self.postgres[1] = Some(keys);
        self
    }

    /// Searches by the vectors of another model (default: [`Table`], which is built in).
    pub fn embedder(mut self, embedder: impl Embedder) -> Self {
        self.settings.embedder = Some(Arc::new(embedder));
        self
    }

    /// Searches by words alone.
    pub fn without_embedder(mut self) -> Self {
        self.settings.embedder = None;
        self
    }

    /// Tells somebody who did what.
    pub fn audit(mut self, audit: impl Audit) -> Self {
        self.settings.audit = Trail(Some(Arc::new(audit)));
        self
    }

    /// Keeps what is searched in memory for so many memories (default: a million, which take about 300 MB), and of those that were
    /// used last. Others are read from the disk when they are searched.
    pub const fn cached(mut self, memories: usize) -> Self {
        self.settings.cached = memories;
        self
    }

    /// Replaces vectors that another model made, in the background. Without it, [`Memory::reembed`] does.
    pub const fn reembed_in_background(mut self) -> Self {
        self.settings.reembed = true;
        self
    }

    /// Goes by another clock: milliseconds since 1970.
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`Memory::open`]; or the master key is not the one that the ring was made with.
    #[cfg_attr(not(feature = "postgres"), expect(unused_mut, reason = "there is nothing to be looked up"))]
    pub fn open(mut self) -> Result<Memory, MemoryError> {
        #[cfg(feature = "postgres")]
        {
            let [data, keys] = self.postgres.each_ref().map(Option::as_ref);
            let location = |at: &Postgres| at.target().map(Location::Postgres);
            self.settings.data = data.map(location).transpose()?;
            if let Some(keys) = keys {
                self.settings.key_ring = Some(location(keys)?);
            }
        }
        Ok(Memory(Arc::new(Handle::open(&self.directory, self.settings)?)))
    }
}

impl fmt::Debug for MemoryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBuilder").field("directory", &self.directory).finish_non_exhaustive()
    }
}
