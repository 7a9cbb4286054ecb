//! The entries of several sources, as one snapshot that is replaced whole.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde::Serialize;

use crate::recommend::Embedder;
use crate::recommend::index::Index;
use crate::recommend::intent::Intents;
use crate::source::{Problem, Source};
use crate::text::{Analyzer, ByNumber, number};
use crate::{Entry, PatternError};

/// Counts snapshots of all catalogues of a process: what is remembered for one is never taken for another's.
static GENERATIONS: AtomicU64 = AtomicU64::new(1);

/// Two entries with the same id. The first source wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collision {
    /// The id.
    pub id: String,
    /// Where the one that is used comes from.
    pub kept: String,
    /// Where the one that is left out comes from.
    pub left_out: String,
}

/// What came of loading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many entries there are.
    pub entries: usize,
    /// What is wrong with files; those with errors are left out.
    pub problems: Vec<Problem>,
    /// Entries with the same id.
    pub collisions: Vec<Collision>,
    /// How many entries have each licence, as written; `none` for those that say nothing.
    pub licences: Vec<(String, usize)>,
}

/// All entries at one moment.
pub(crate) struct Snapshot {
    pub(crate) generation: u64,
    pub(crate) entries: Vec<Arc<Entry>>,
    /// By the numbers of their ids.
    pub(crate) places: ByNumber<u32>,
    pub(crate) index: Index,
    pub(crate) intents: Intents,
    report: Arc<Report>,
}

/// Entries of several sources.
///
/// ```
/// use mcp_patterns::{Catalog, Entry, Kind, source::Entries};
///
/// let entry = Entry::new(Kind::Skill, "pdf-forms", "Fills forms in PDF files.", "# Steps…", "here");
/// let catalog = Catalog::builder().source(Entries::new("built in", vec![entry])).build();
/// assert_eq!(catalog.get("skill:pdf-forms").map(|entry| entry.name.clone()).as_deref(), Some("pdf-forms"));
/// ```
pub struct Catalog {
    sources: Vec<Box<dyn Source>>,
    /// What each source held when it could be read last.
    last: Mutex<Vec<Vec<Arc<Entry>>>>,
    snapshot: ArcSwap<Snapshot>,
    analyzer: Analyzer,
    embedder: Option<Arc<dyn Embedder>>,
}

/// Sets up a [`Catalog`].
#[derive(Default)]
pub struct CatalogBuilder {
    sources: Vec<Box<dyn Source>>,
    embedder: Option<Arc<dyn Embedder>>,
}

impl CatalogBuilder {
    /// Adds a source. Where two have an entry with the same id, the one that was added first wins.
    #[must_use]
    pub fn source(mut self, source: impl Source) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// Compares meanings, too.
    #[must_use]
    pub fn embedder(mut self, embedder: impl Embedder + 'static) -> Self {
        self.embedder = Some(Arc::new(embedder));
        self
    }

    /// Loads all sources. What cannot be loaded is in the [report](Catalog::report).
    #[must_use]
    pub fn build(self) -> Catalog {
        let analyzer = Analyzer::new();
        let empty = Snapshot::new(Vec::new(), &analyzer, None, Report::default());
        let last = Mutex::new(self.sources.iter().map(|_| Vec::new()).collect());
        let catalog = Catalog {
            sources: self.sources,
            last,
            snapshot: ArcSwap::from_pointee(empty),
            analyzer,
            embedder: self.embedder,
        };
        catalog.reload();
        catalog
    }
}

impl fmt::Debug for CatalogBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogBuilder").field("sources", &self.sources.len()).finish_non_exhaustive()
    }
}

impl Catalog {
    /// Begins a catalogue.
    #[must_use]
    pub fn builder() -> CatalogBuilder {
        CatalogBuilder::default()
    }

    /// Loads all sources anew. Whoever reads meanwhile sees all entries as they were. A source that cannot be read at all keeps what it
    /// had, and is in the report.
    pub fn reload(&self) -> Arc<Report> {
        let mut last = self.last.lock();
        let mut problems = Vec::new();
        for (source, last) in self.sources.iter().zip(last.iter_mut()) {
            match source.load() {
                Ok(loaded) => {
                    problems.extend(loaded.problems);
                    *last = loaded.entries;
                }
                Err(error) => problems.push(Problem::error(&source.name(), None, with_cause(&error))),
            }
        }
        let (mut entries, mut collisions): (Vec<Arc<Entry>>, Vec<Collision>) = (Vec::new(), Vec::new());
        let mut places: ByNumber<u32> = ByNumber::default();
        for entry in last.iter().flatten() {
            let known = places.get(&number(&entry.id)).and_then(|place| entries.get(*place as usize));
            if let Some(known) = known {
                collisions.push(Collision {
                    id: entry.id.clone(),
                    kept: known.origin.clone(),
                    left_out: entry.origin.clone(),
                });
            } else {
                places.insert(number(&entry.id), entries.len() as u32);
                entries.push(entry.clone());
            }
        }
        let licences = licences(&entries);
        let report = Report { entries: entries.len(), problems, collisions, licences };
        let snapshot = Snapshot::new(entries, &self.analyzer, self.embedder.as_deref(), report);
        let report = snapshot.report.clone();
        self.snapshot.store(Arc::new(snapshot));
        report
    }

    /// What came of loading.
    pub fn report(&self) -> Arc<Report> {
        self.snapshot.load().report.clone()
    }

    /// All entries, in the order of the sources.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.snapshot.load().entries.clone()
    }

    /// The entry with an id.
    pub fn get(&self, id: &str) -> Option<Arc<Entry>> {
        let snapshot = self.snapshot.load();
        let place = snapshot.places.get(&number(id))?;
        snapshot.entries.get(*place as usize).filter(|entry| entry.id == id).cloned()
    }

    /// Directories whose changes change entries.
    pub fn directories(&self) -> Vec<std::path::PathBuf> {
        self.sources.iter().flat_map(|source| source.directories()).collect()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    pub(crate) const fn analyzer(&self) -> &Analyzer {
        &self.analyzer
    }

    pub(crate) fn embedder(&self) -> Option<&dyn Embedder> {
        self.embedder.as_deref()
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("entries", &self.snapshot.load().entries.len())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    fn new(
        entries: Vec<Arc<Entry>>,
        analyzer: &Analyzer,
        embedder: Option<&dyn Embedder>,
        mut report: Report,
    ) -> Self {
        let intents = Intents::new(&entries).unwrap_or_else(|message| {
            report.problems.push(Problem::warning("catalogue", None, message));
            Intents::default()
        });
        Self {
            generation: GENERATIONS.fetch_add(1, Ordering::Relaxed),
            places: entries.iter().enumerate().map(|(at, entry)| (number(&entry.id), at as u32)).collect(),
            index: Index::new(&entries, analyzer, embedder),
            intents,
            entries,
            report: Arc::new(report),
        }
    }
}

/// An error and what is behind it, in one line.
fn with_cause(error: &PatternError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

fn licences(entries: &[Arc<Entry>]) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for entry in entries {
        *counts.entry(entry.licence.as_deref().unwrap_or("none")).or_default() += 1;
    }
    counts.into_iter().map(|(licence, many)| (licence.to_owned(), many)).collect()
}
