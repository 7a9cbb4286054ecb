//! What all handles of a memory share.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex, RwLock};

use crate::audit::Trail;
use crate::crypto::{KeyRing, Master};
use crate::derived::{Folder, Made};
use crate::embed::Embedder;
use crate::live::Presence;
use crate::store::sql::{self, Db, For, Location, Sight, Transaction};
use crate::store::{self, Reader, Row, Sealing, Writer, read, write};
use crate::text::Analyzer;
use crate::used::{self, Used};
use crate::view::{Opened, View};
use crate::{Access, MemoryError, Scope};

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
    /// Where memories are; in the directory where nothing is said.
    pub(crate) data: Option<Location>,
    pub(crate) key_ring: Option<Location>,
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    pub(crate) clock: Clock,
    pub(crate) audit: Trail,
    /// Memories that views are kept of.
    pub(crate) cached: usize,
    /// Whether vectors that another model made are replaced in the background.
    pub(crate) reembed: bool,
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
    pub(crate) audit: Trail,
    pub(crate) used: Used,
    directory: PathBuf,
    pub(crate) folder: Folder,
    cached: usize,
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
    /// Counts searches, to tell which view was used last.
    uses: u64,
    /// Changes to namespaces that are not in memory.
    elsewhere: HashMap<i64, usize>,
}

#[derive(Clone)]
struct Loaded {
    view: Arc<RwLock<View>>,
    /// Places that changed since the view was made. Looking at one again does no harm.
    dirty: Arc<Mutex<BTreeSet<u32>>>,
    /// The last use.
    used: Arc<AtomicU64>,
    /// Changes since the view was written to the disk.
    unsaved: Arc<AtomicUsize>,
}

impl Engine {
    pub(crate) fn open(directory: &Path, settings: Settings) -> Result<Self, MemoryError> {
        fs::create_dir_all(directory).map_err(MemoryError::doing("opened"))?;
        #[cfg(feature = "postgres")]
        if let (Some(data), Some(keys)) = (&settings.data, &settings.key_ring)
            && data.is_beside(keys).map_err(MemoryError::doing("opened"))?
        {
            let problem = "it is in the database of the data: a copy of both would bring back who was erased. Name another database";
            return Err(MemoryError::Keys { problem });
        }
        let location = settings.data.unwrap_or_else(|| Location::File(directory.join("memory.db")));
        let keys = settings.key_ring.unwrap_or_else(|| Location::File(directory.join("keys.db")));
        let ring = KeyRing::open(&keys, &settings.master, settings.encrypt)?;
        let db = store::open(&location, &ring)?;
        let (epoch, since) = (ring.epoch()?, read::since(&db)?);
        let reader = Reader::new(&location);
        // What was before is read with the namespaces.
        let followed = reader.read(&Sight::Everything, read::last_change)?;
        let model = settings.embedder.as_ref().map(|embedder| model_number(&db, &**embedder)).transpose()?;
        Ok(Self {
            sealing: Sealing::new(Arc::new(ring)),
            reader,
            writer: Writer::start(db)?,
            analyzer: Arc::new(Analyzer::new()),
            embedder: settings.embedder,
            model,
            clock: settings.clock,
            audit: settings.audit,
            used: Used::default(),
            directory: directory.to_owned(),
            folder: Folder::of(directory, since),
            cached: settings.cached,
            views: Mutex::new(Views { followed, ..Views::default() }),
            presence: Mutex::new(Presence::enter(directory, &location, epoch)?),
            passed: Mutex::new(epoch),
        })
    }

    /// Where it is kept.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Writes what `prepare` has sealed to what may be seen, and prepares it anew if keys were destroyed meanwhile.
    pub(crate) fn while_keys_last<R, W>(
        &self,
        sight: &Sight,
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
            let written = self.writer.write(sight.clone(), move |db| {
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
        // Others take this one for dead soon: what it has in memory goes before anything can fail.
        if self.presence.lock().is_lost() {
            self.forget();
        }
        self.catch_up_to(self.sealing.ring().epoch()?)
    }

    fn catch_up_to(&self, epoch: i64) -> Result<(), MemoryError> {
        let mut passed = self.passed.lock();
        let mut presence = self.presence.lock();
        if *passed >= epoch && !presence.is_lost() {
            return Ok(());
        }
        self.forget();
        presence.passed(epoch)?;
        *passed = epoch;
        Ok(())
    }

    /// Forgets keys and words in clear. Who is searched is read anew.
    pub(crate) fn forget(&self) {
        self.sealing.ring().forget();
        self.views.lock().by_namespace.clear();
    }

    /// How many handles of the directory have not forgotten what was erased up to an epoch.
    pub(crate) fn behind(&self, epoch: i64) -> Result<usize, MemoryError> {
        self.catch_up()?;
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
        self.reader.read(&Sight::Everything, |db| {
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
        let changes = self.reader.read(&Sight::Everything, |db| read::changes(db, followed))?;
        let Some(last) = changes.last() else { return Ok(()) };
        if changes.first().is_some_and(|first| first.seq > followed + 1) {
            // What lies between was cut off: nothing can be brought up to date.
            views.by_namespace.clear();
        }
        views.followed = last.seq;
        for change in &changes {
            if let Some(loaded) = views.by_namespace.get(&change.namespace) {
                loaded.dirty.lock().insert(change.ordinal);
                loaded.unsaved.fetch_add(1, Relaxed);
            } else {
                *views.elsewhere.entry(change.namespace).or_default() += 1;
            }
        }
        Ok(())
    }

    /// A namespace as it is now.
    pub(crate) fn view(&self, namespace: i64) -> Result<Arc<RwLock<View>>, MemoryError> {
        self.follow()?;
        let known = {
            let mut views = self.views.lock();
            views.uses += 1;
            let known = views.by_namespace.get(&namespace).cloned();
            known.inspect(|loaded| loaded.used.store(views.uses, Relaxed))
        };
        let loaded = match known {
            Some(loaded) if !loaded.view.read().is_worn() => loaded,
            known => self.load(namespace, known.is_some())?,
        };
        // The lock is held until the places are up to date: whoever finds none dirty may rely on it.
        let mut dirty = loaded.dirty.lock();
        if !dirty.is_empty() {
            let mut view = loaded.view.write();
            self.reader.read(&Sight::of(namespace), |db| self.bring_up(db, namespace, &mut view, &dirty))?;
            dirty.clear();
        }
        drop(dirty);
        Ok(loaded.view)
    }

    /// Makes a view of a namespace: of what is on the disk and what changed since, or of the whole store.
    fn load(&self, namespace: i64, anew: bool) -> Result<Loaded, MemoryError> {
        let dimension = self.embedder.as_ref().map_or(0, |embedder| embedder.dimension());
        let view = Arc::new(RwLock::new(View::new(Arc::clone(&self.analyzer), dimension)));
        let loaded = Loaded { view, dirty: Arc::default(), used: Arc::default(), unsaved: Arc::default() };
        // Nobody searches it before it is whole.
        let mut whole = loaded.view.write();
        {
            let mut views = self.views.lock();
            // INVARIANT: it is known before it is read, so that no change falls between.
            views.by_namespace.insert(namespace, loaded.clone());
            views.elsewhere.remove(&namespace);
        }
        let read = match if anew { Ok(None) } else { self.saved(namespace) } {
            Ok(Some((view, changed))) => {
                *whole = view;
                loaded.unsaved.store(changed, Relaxed);
                Ok(())
            }
            Ok(None) => self.reader.read(&Sight::of(namespace), |db| {
                read::all(db, namespace, |row| {
                    whole.put(row.ordinal, self.opened(&row)?);
                    Ok(())
                })?;
                loaded.unsaved.store(whole.len(), Relaxed);
                Ok(())
            }),
            Err(error) => Err(error),
        };
        drop(whole);
        if let Err(error) = read {
            self.views.lock().by_namespace.remove(&namespace);
            return Err(error);
        }
        self.make_room(namespace);
        Ok(loaded)
    }

    /// Forgets the views that nobody has used for longest, where there are too many.
    fn make_room(&self, newest: i64) {
        let mut views = self.views.lock();
        if let Some(loaded) = views.by_namespace.get(&newest) {
            loaded.used.store(views.uses, Relaxed);
        }
        // One that somebody is making is not counted.
        let size = |loaded: &Loaded| loaded.view.try_read().map_or(0, |view| view.len());
        let mut known: Vec<(u64, i64, usize)> = views
            .by_namespace
            .iter()
            .map(|(namespace, loaded)| (loaded.used.load(Relaxed), *namespace, size(loaded)))
            .collect();
        known.sort_unstable();
        let mut all: usize = known.iter().map(|(.., size)| size).sum();
        for (_, namespace, size) in known {
            if all <= self.cached {
                break;
            }
            if namespace != newest {
                views.by_namespace.remove(&namespace);
                all -= size;
            }
        }
    }

    /// Puts some places of a view as they are now.
    fn bring_up(
        &self,
        db: &Db,
        namespace: i64,
        view: &mut View,
        places: &BTreeSet<u32>,
    ) -> Result<(), MemoryError> {
        let places: Vec<u32> = places.iter().copied().collect();
        for part in places.chunks(sql::TOGETHER) {
            let rows = read::at_each(db, namespace, part)?;
            for ordinal in part {
                let opened = rows.get(ordinal).map(|row| self.opened(row)).transpose()?;
                view.put(*ordinal, opened.flatten());
            }
        }
        Ok(())
    }

    /// The view on the disk, brought up to date, and how many places that changed; nothing where there is none of use.
    fn saved(&self, namespace: i64) -> Result<Option<(View, usize)>, MemoryError> {
        let saved = self.folder.read(self.sealing.ring(), namespace, &self.analyzer);
        let Some((made, mut view)) = saved.filter(|(made, _)| made.model == self.model) else {
            return Ok(None);
        };
        self.reader.read(&Sight::of(namespace), |db| {
            let Some(changed) = read::changed_since(db, namespace, made.seq)? else { return Ok(None) };
            self.bring_up(db, namespace, &mut view, &changed)?;
            Ok(Some((view, changed.len())))
        })
    }

    /// Writes a view to the disk.
    fn save(&self, namespace: i64) -> Result<(), MemoryError> {
        let epoch = *self.passed.lock();
        let seq = self.views.lock().followed;
        // All up to there is in it, and maybe more: to be put in once more does no harm.
        let view = self.view(namespace)?;
        let unsaved =
            self.views.lock().by_namespace.get(&namespace).map(|loaded| Arc::clone(&loaded.unsaved));
        let before = unsaved.as_ref().map_or(0, |unsaved| unsaved.load(Relaxed));
        let made = Made { seq, model: self.model };
        self.folder.write(self.sealing.ring(), namespace, epoch, made, &view)?;
        if let Some(unsaved) = unsaved {
            unsaved.fetch_sub(before, Relaxed);
        }
        Ok(())
    }

    /// Writes the views that changed much to the disk; at the end, or when it is `quiet`, also those that changed less.
    fn tend(&self, quiet: bool) -> Result<(), MemoryError> {
        self.follow()?;
        let (here, elsewhere): (Vec<(i64, Loaded)>, Vec<i64>) = {
            let views = self.views.lock();
            let here = views.by_namespace.iter().map(|(namespace, loaded)| (*namespace, loaded.clone()));
            let many = views.elsewhere.iter().filter(|(_, changes)| quiet && **changes >= MANY);
            (here.collect(), many.map(|(namespace, _)| *namespace).collect())
        };
        for (namespace, loaded) in here {
            let much = if quiet { FEW } else { MANY.max(loaded.view.read().len() / 8) };
            if loaded.unsaved.load(Relaxed) >= much {
                self.save(namespace)?;
            }
        }
        for namespace in elsewhere {
            self.save(namespace)?;
            // Nobody asked for it.
            self.views.lock().by_namespace.remove(&namespace);
        }
        Ok(())
    }

    /// Writes how often memories were used.
    fn write_used(&self) -> Result<(), MemoryError> {
        let used = self.used.take();
        if used.is_empty() {
            Ok(())
        } else {
            self.writer.write(Sight::Everything, move |db| used::write(db, &used))
        }
    }

    /// Derives everything anew, and writes it; tells after each namespace how many are done, of how many.
    pub(crate) fn reindex(&self, mut progress: impl FnMut(usize, usize)) -> Result<usize, MemoryError> {
        let namespaces = self.reader.read(&Sight::Everything, read::namespaces)?;
        for (done, namespace) in namespaces.iter().enumerate() {
            self.load(*namespace, true)?;
            self.save(*namespace)?;
            progress(done + 1, namespaces.len());
        }
        Ok(namespaces.len())
    }

    /// Removes views on the disk that nobody can open.
    pub(crate) fn sweep(&self) -> Result<(), MemoryError> {
        self.folder.sweep(self.sealing.ring())
    }

    /// What a row holds; nothing where it is damaged or its key was destroyed: the others are to be found still.
    fn opened(&self, row: &Row) -> Result<Option<Opened>, MemoryError> {
        let vector = self.model.map(|model| row.vector(&self.sealing, model));
        let subject = row.subject;
        let both = row
            .record(&self.sealing)
            .and_then(|record| Ok(Opened { record, vector: vector.transpose()?.flatten(), subject }));
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

fn model_number(db: &Db, embedder: &dyn Embedder) -> Result<i64, MemoryError> {
    let failed = MemoryError::doing("opened");
    let transaction = db.begin(For::Writing).map_err(&failed)?;
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
/// Looks without a change after which it is quiet.
const QUIET: u32 = 10;
/// Looks after which it is written how often memories were used.
const COUNT: u32 = 25;
/// Changes for which a view is written when it is quiet; and when it is not.
const FEW: usize = 500;
const MANY: usize = 2_000;

/// Tells threads that it is over.
#[derive(Default)]
struct Stop {
    is_over: Mutex<bool>,
    told: Condvar,
}

impl Stop {
    /// Waits a while, or until it is over; says whether it is.
    fn wait(&self) -> bool {
        let mut is_over = self.is_over.lock();
        if !*is_over {
            self.told.wait_for(&mut is_over, WATCH);
        }
        *is_over
    }

    fn is_over(&self) -> bool {
        *self.is_over.lock()
    }

    fn now(&self) {
        *self.is_over.lock() = true;
        self.told.notify_all();
    }
}

/// Forgets what others erased, on time: nothing else that takes long is done by this thread.
fn watch(engine: &Engine, stop: &Stop) {
    let mut has_failed = false;
    while !stop.wait() {
        let caught_up = engine.catch_up();
        if let Err(error) = &caught_up
            && !has_failed
        {
            tracing::warn!(%error, "it cannot be seen whom others erased");
        }
        has_failed = caught_up.is_err();
    }
}

/// Writes what need not be written at once.
fn keep(engine: &Engine, stop: &Stop) {
    let (mut is_over, mut last, mut looks, mut watches) = (false, 0, 0, 0);
    while !is_over {
        is_over = stop.wait();
        watches = (watches + 1) % COUNT;
        if (watches == 0 || is_over)
            && let Err(error) = engine.write_used()
        {
            tracing::warn!(%error, "how often memories were used cannot be written");
        }
        let followed = engine.views.lock().followed;
        looks = if followed == last { looks + 1 } else { 0 };
        last = followed;
        if let Err(error) = engine.tend(is_over || looks == QUIET) {
            tracing::warn!(%error, "what is derived cannot be written: it will be derived again");
        }
    }
}

/// An engine, and threads: one forgets what others erased also while nobody asks, one writes what is derived, one may embed.
pub(crate) struct Handle {
    engine: Arc<Engine>,
    stop: Arc<Stop>,
    watcher: Option<JoinHandle<()>>,
    keeper: Option<JoinHandle<()>>,
    embedder: Option<JoinHandle<()>>,
}

impl Handle {
    pub(crate) fn open(directory: &Path, settings: Settings) -> Result<Self, MemoryError> {
        let reembed = settings.reembed;
        let engine = Arc::new(Engine::open(directory, settings)?);
        engine.finish_erasures()?;
        let stop = Arc::new(Stop::default());
        let run = |name: &str, work: fn(&Engine, &Stop)| {
            let (engine, stop) = (Arc::clone(&engine), Arc::clone(&stop));
            let thread = thread::Builder::new().name(name.to_owned());
            thread.spawn(move || work(&engine, &stop)).map_err(MemoryError::doing("opened"))
        };
        let (watcher, keeper) = (run("memory-watcher", watch)?, run("memory-keeper", keep)?);
        let (kept, told) = (Arc::clone(&engine), Arc::clone(&stop));
        let embed = move || {
            let embedded = kept.reembed(|embedded| {
                tracing::info!(done = embedded.done, left = embedded.left, "memories get new vectors");
                !told.is_over()
            });
            if let Err(error) = embedded {
                tracing::warn!(%error, "not all memories have new vectors: those without are found by their words");
            }
        };
        let embedder = thread::Builder::new().name("memory-embedder".into());
        let embedder = reembed.then(|| embedder.spawn(embed)).transpose();
        let embedder = embedder.map_err(MemoryError::doing("opened"))?;
        Ok(Self { engine, stop, watcher: Some(watcher), keeper: Some(keeper), embedder })
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
        self.stop.now();
        // The embedder first: the keeper writes what it left.
        for thread in [self.embedder.take(), self.keeper.take(), self.watcher.take()].into_iter().flatten() {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.engine, f)
    }
}
