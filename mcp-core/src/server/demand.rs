//! Which resources anybody wants to hear of, so that a server that stands for another one can ask it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::watch;

/// The URIs that are wanted by one server's subscribers and by those of the servers it is mounted into.
pub(crate) struct Demand {
    /// Counts the times that it may have changed.
    changed: watch::Sender<u64>,
    /// Those that must hear of it: the servers that are mounted into this one.
    sources: Mutex<Vec<Weak<Self>>>,
    /// What those want that this server is mounted into.
    outer: Mutex<Vec<Wants>>,
}

/// Tells what is wanted; none when nobody is there any more.
type Wants = Box<dyn Fn() -> Option<BTreeSet<String>> + Send + Sync>;

impl Default for Demand {
    fn default() -> Self {
        Self { changed: watch::Sender::new(0), sources: Mutex::default(), outer: Mutex::default() }
    }
}

impl Demand {
    /// Says that it may have changed.
    pub(crate) fn change(&self) {
        self.changed.send_modify(|times| *times += 1);
        let mut sources = self.sources.lock();
        sources.retain(|source| source.strong_count() > 0);
        let sources = sources.clone();
        for source in sources.iter().filter_map(Weak::upgrade) {
            source.change();
        }
    }

    /// Sees each change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Passes what is wanted here on to a server that is mounted here.
    pub(crate) fn lead_to(&self, source: &Arc<Self>, wanted_here: Wants) {
        self.sources.lock().push(Arc::downgrade(source));
        source.outer.lock().push(wanted_here);
        source.change();
    }

    /// What is wanted in the servers around.
    pub(crate) fn outer(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        self.outer.lock().retain(|wants| match wants() {
            Some(wanted) => {
                all.extend(wanted);
                true
            }
            None => false,
        });
        all
    }
}

impl fmt::Debug for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Demand")
    }
}
