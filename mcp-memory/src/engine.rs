//! What all handles of a memory share.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex, RwLock};
use rusqlite::Transaction;

use crate::crypto::{KeyRing, Master};
use crate::embed::Embedder;
use crate::live::Presence;
use crate::store::{self, Reader, Row, Sealing, Writer, read, write};
use crate::text::Analyzer;
use crate::view::View;
use crate::{Access, MemoryError, Record, Scope};

/// Gives the time, in milliseconds since 1970.
pub(crate) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The milliseconds since 1970.
pub(crate) fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// How a memory is opened.
pub(crate) struct Settings {
    pub(crate) master: Master,
    pub(crate) encrypt: bool,
    pub(crate) key_ring: Option<std::path::PathBuf>,
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    pub(crate) clock: Clock,
}

pub(crate) struct Engine {
    pub(crate) sealing: Sealing,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) analyzer: Arc<Analyzer>,
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    /// The number of the embedder's model.
    pub(crate) model: Option<i64>,
    pub(crate) clock: Clock,
    views: Mutex<Views>,
    presence: Mutex<Presence>,
    /// The last epoch up to which nothing of what was erased is left here.
    passed: Mutex<i64>,
}

/// The namespaces that are in memory, and what of them is not up to date.
#[derive(Default)]
struct Views {
    /// The last change that was followed.
    followed: i64,
    by_namespace: HashMap<i64, Loaded>,
}

#[derive(Clone)]
struct Loaded {
    view: Arc<RwLock<View>>,
    /// Places that changed since the view was made. Looking at one again does no harm.
    dirty: Arc<Mutex<BTreeSet<u32>>>,
}

impl Engine {
    pub(crate) fn open(directory: &Path, settings: Settings) -> Result<Self, MemoryError> {
        fs::create_dir_all(directory).map_err(MemoryError::doing("opened"))?;
        let path = directory.join("memory.db");
        let keys = settings.key_ring.unwrap_or_else(|| directory.join("keys.db"));
        let ring = KeyRing::open(&keys, &settings.master, settings.encrypt)?;
        let mut db = store::open(&path, &ring)?;
        let epoch = ring.epoch()?;
        // What was before is read with the namespaces.
        let followed = read::last_change(&db)?;
        let model =
            settings.embedder.as_ref().map(|embedder| model_number(&mut db, &**embedder)).transpose()?;
        Ok(Self {
            sealing: Sealing::new(Arc::new(ring)),
            reader: Reader::new(&path),
            writer: Writer::start(db)?,
            analyzer: Arc::new(Analyzer::new()),
            embedder: settings.embedder,
            model,
            clock: settings.clock,
            views: Mutex::new(Views { followed, ..Views::default() }),
            presence: Mutex::new(Presence::enter(directory, epoch)?),
            passed: Mutex::new(epoch),
        })
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Writes what `prepare` has sealed, and prepares it anew if keys were destroyed meanwhile.
    pub(crate) fn while_keys_last<R, W>(
        &self,
        prepare: impl Fn() -> Result<W, MemoryError>,
    ) -> Result<R, MemoryError>
    where
        R: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<R, MemoryError> + Send + 'static,
    {
        loop {
            let epoch = self.sealing.ring().epoch()?;
            self.catch_up_to(epoch)?;
            let (write, sealing) = (prepare()?, self.sealing.clone());
            let written = self.writer.write(move |db| {
                // INVARIANT: looked at within the transaction. See `Memory::erase`.
                if sealing.ring().epoch()? != epoch { Ok(None) } else { write(db).map(Some) }
            })?;
            if let Some(written) = written {
                return Ok(written);
            }
        }
    }

    /// Forgets what was erased by anybody.
    pub(crate) fn catch_up(&self) -> Result<(), MemoryError> {
        self.catch_up_to(self.sealing.ring().epoch()?)
    }

    fn catch_up_to(&self, epoch: i64) -> Result<(), MemoryError> {
        let mut passed = self.passed.lock();
        if *passed >= epoch {
            return Ok(());
        }
        self.sealing.ring().forget();
        // They hold texts in clear; those who are searched are read anew.
        self.views.lock().by_namespace.clear();
        self.presence.lock().passed(epoch)?;
        *passed = epoch;
        Ok(())
    }

    /// How many handles of the directory have not forgotten what was erased up to an epoch.
    pub(crate) fn behind(&self, epoch: i64) -> Result<usize, MemoryError> {
        self.presence.lock().behind(epoch)
    }

    /// What stands for a namespace in the store.
    pub(crate) fn namespace_tag(&self, access: &Access, scope: &Scope) -> [u8; 16] {
        let lookup = self.sealing.ring().lookup();
        let org = access.org().as_bytes();
        match scope {
            Scope::Private => lookup.of("namespace", &[org, b"private", access.user().as_bytes()]),
            Scope::Workspace(slug) => lookup.of("namespace", &[org, b"workspace", slug.as_bytes()]),
            Scope::Org => lookup.of("namespace", &[org, b"org"]),
        }
    }

    /// The namespaces that a caller may read and that have anything in them.
    pub(crate) fn readable(&self, access: &Access) -> Result<Vec<(i64, Scope)>, MemoryError> {
        self.reader.read(|db| {
            let mut found = Vec::new();
            for scope in access.reads() {
                if let Some(id) = read::namespace(db, &self.namespace_tag(access, scope))? {
                    found.push((id, scope.clone()));
                }
            }
            Ok(found)
        })
    }

    /// Notes what changed, in this process or another.
    fn follow(&self) -> Result<(), MemoryError> {
        let mut views = self.views.lock();
        let followed = views.followed;
        let changes = self.reader.read(|db| read::changes(db, followed))?;
        let Some(last) = changes.last() else { return Ok(()) };
        if changes.first().is_some_and(|first| first.seq > followed + 1) {
            // What lies between was cut off: nothing can be brought up to date.
            views.by_namespace.clear();
        }
        views.followed = last.seq;
        for change in &changes {
            if let Some(loaded) = views.by_namespace.get(&change.namespace) {
                loaded.dirty.lock().insert(change.ordinal);
            }
        }
        Ok(())
    }

    /// A namespace as it is now.
    pub(crate) fn view(&self, namespace: i64) -> Result<Arc<RwLock<View>>, MemoryError> {
        self.follow()?;
        let known = self.views.lock().by_namespace.get(&namespace).cloned();
        let loaded = match known {
            Some(loaded) if !loaded.view.read().is_worn() => loaded,
            _ => self.load(namespace)?,
        };
        // The lock is held until the places are up to date: whoever finds none dirty may rely on it.
        let mut dirty = loaded.dirty.lock();
        if !dirty.is_empty() {
            let mut view = loaded.view.write();
            self.reader.read(|db| {
                for ordinal in dirty.iter() {
                    let row = read::at(db, namespace, *ordinal)?;
                    view.put(*ordinal, row.map(|row| self.opened(&row)).transpose()?.flatten());
                }
                Ok(())
            })?;
            dirty.clear();
        }
        drop(dirty);
        Ok(loaded.view)
    }

    /// Reads a whole namespace.
    fn load(&self, namespace: i64) -> Result<Loaded, MemoryError> {
        let dimension = self.embedder.as_ref().map_or(0, |embedder| embedder.dimension());
        let view = Arc::new(RwLock::new(View::new(Arc::clone(&self.analyzer), dimension)));
        let loaded = Loaded { view, dirty: Arc::default() };
        // Nobody searches it before it is whole.
        let mut whole = loaded.view.write();
        // INVARIANT: it is known before it is read, so that no change falls between.
        self.views.lock().by_namespace.insert(namespace, loaded.clone());
        let read = self.reader.read(|db| {
            read::all(db, namespace, |row| {
                whole.put(row.ordinal, self.opened(&row)?);
                Ok(())
            })
        });
        drop(whole);
        if let Err(error) = read {
            self.views.lock().by_namespace.remove(&namespace);
            return Err(error);
        }
        Ok(loaded)
    }

    /// What a row holds; nothing where it is damaged or its key was destroyed: the others are to be found still.
    fn opened(&self, row: &Row) -> Result<Option<(Record, Option<store::Vector>)>, MemoryError> {
        let vector = self.model.map(|model| row.vector(&self.sealing, model));
        let both = row.record(&self.sealing).and_then(|record| Ok((record, vector.transpose()?.flatten())));
        match both {
            Ok(both) => Ok(Some(both)),
            Err(error @ (MemoryError::Damaged { .. } | MemoryError::Keys { .. })) => {
                tracing::error!(%error, id = %row.id, "a memory cannot be opened");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The vectors of texts; none where there is no embedder.
    pub(crate) fn embed(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, MemoryError> {
        let Some(embedder) = &self.embedder else { return Ok(vec![None; texts.len()]) };
        let vectors = embedder.embed(texts).map_err(|error| MemoryError::Embedding(Box::new(error)))?;
        Ok(vectors.into_iter().map(Some).collect())
    }
}

fn model_number(db: &mut rusqlite::Connection, embedder: &dyn Embedder) -> Result<i64, MemoryError> {
    let failed = MemoryError::doing("opened");
    let transaction =
        db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(&failed)?;
    let number = write::model(&transaction, embedder.id(), embedder.dimension())?;
    transaction.commit().map_err(&failed)?;
    Ok(number)
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("model", &self.model).finish_non_exhaustive()
    }
}

/// How often a handle looks whether somebody was erased.
const WATCH: Duration = Duration::from_millis(200);

/// An engine, and a thread that forgets what others erased also while nobody asks.
pub(crate) struct Handle {
    engine: Arc<Engine>,
    stop: Arc<(Mutex<bool>, Condvar)>,
    keeper: Option<JoinHandle<()>>,
}

impl Handle {
    pub(crate) fn open(directory: &Path, settings: Settings) -> Result<Self, MemoryError> {
        let engine = Arc::new(Engine::open(directory, settings)?);
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (kept, told) = (Arc::clone(&engine), Arc::clone(&stop));
        let keep = move || {
            let mut stopped = told.0.lock();
            while !*stopped {
                told.1.wait_for(&mut stopped, WATCH);
                if let Err(error) = kept.catch_up() {
                    tracing::warn!(%error, "what others erased cannot be forgotten yet");
                }
            }
        };
        let keeper = thread::Builder::new()
            .name("memory-keeper".into())
            .spawn(keep)
            .map_err(MemoryError::doing("opened"))?;
        Ok(Self { engine, stop, keeper: Some(keeper) })
    }
}

impl std::ops::Deref for Handle {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_one();
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.engine, f)
    }
}
