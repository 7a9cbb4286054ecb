//! Instruments of one name, told apart by labels.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

/// The value of all labels of what is too much.
pub(super) const OTHER: &str = "other";

type Labels = Box<[Box<str>]>;

/// Instruments of one name, told apart by the values of their labels. Clones are the same family.
#[derive(Debug, Clone)]
pub struct Family<M>(Arc<Inner<M>>);

#[derive(Debug)]
struct Inner<M> {
    series: RwLock<HashMap<Labels, M>>,
    make: Maker<M>,
    labels: usize,
    most: usize,
}

struct Maker<M>(Box<dyn Fn() -> M + Send + Sync>);

impl<M> std::fmt::Debug for Maker<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Maker")
    }
}

impl<M: Clone> Family<M> {
    pub(super) fn new(labels: usize, most: usize, make: impl Fn() -> M + Send + Sync + 'static) -> Self {
        let make = Maker(Box::new(make));
        Self(Arc::new(Inner { series: RwLock::default(), make, labels, most }))
    }

    /// The instrument for these values, in the order of the labels. Keep it where it is used often. Values that are missing are
    /// empty, and those too many are left out.
    #[must_use]
    pub fn with(&self, values: &[&str]) -> M {
        let key: Labels =
            (0..self.0.labels).map(|i| values.get(i).copied().unwrap_or_default().into()).collect();
        if let Some(found) = self.0.series.read().get(&key) {
            return found.clone();
        }
        let mut series = self.0.series.write();
        let full = series.len() >= self.0.most && !series.contains_key(&key);
        let key = if full { vec![OTHER.into(); self.0.labels].into() } else { key };
        series.entry(key).or_insert_with(|| (self.0.make.0)()).clone()
    }

    /// How many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.series.read().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn sorted(&self) -> Vec<(Labels, M)> {
        let mut all: Vec<_> = self.0.series.read().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}
