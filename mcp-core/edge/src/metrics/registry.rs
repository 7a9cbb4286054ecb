//! All instruments of a process.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::render::{self, Kind};
use super::{Counter, Family, Gauge, Histogram, MetricsEndpoint};

/// Series that a family may have unless said otherwise.
const MOST: usize = 1_000;

/// The instruments of a process, by name. Clones are the same registry.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<RwLock<BTreeMap<Box<str>, Registered>>>);

#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) help: Box<str>,
    pub(super) labels: Box<[Box<str>]>,
    pub(super) kind: Kind,
}

/// An instrument cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Prometheus has no such names.
    #[error("`{name}` is no name for a metric or label: letters, digits and `_`, no digit first")]
    Name {
        /// The name.
        name: String,
    },
    /// The name is taken by an instrument of another kind or with other labels.
    #[error("metric `{name}` is registered with another type or other labels")]
    Taken {
        /// The name.
        name: String,
    },
    /// Bounds have to grow.
    #[error("the bounds of histogram `{name}` must be finite and grow")]
    Bounds {
        /// The name.
        name: String,
    },
}

impl Metrics {
    /// No instruments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter. The same name gives the same counter.
    ///
    /// # Errors
    /// The name is not one, or taken by something else.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, MetricsError> {
        Ok(self.counters(name, help, &[])?.with(&[]))
    }

    /// Counters told apart by labels; at most 1,000.
    ///
    /// # Errors
    /// A name is not one, or taken by something else.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<Family<Counter>, MetricsError> {
        let made = Family::new(labels.len(), MOST, Counter::default);
        match self.register(name, help, labels, Kind::Counter(made))? {
            Kind::Counter(family) => Ok(family),
            _ => Err(MetricsError::Taken { name: name.to_owned() }),
        }
    }

    /// A gauge. The same name gives the same gauge.
    ///
    /// # Errors
    /// The name is not one, or taken by something else.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, MetricsError> {
        Ok(self.gauges(name, help, &[])?.with(&[]))
    }

    /// Gauges told apart by labels; at most 1,000.
    ///
    /// # Errors
    /// A name is not one, or taken by something else.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<Family<Gauge>, MetricsError> {
        let made = Family::new(labels.len(), MOST, Gauge::default);
        match self.register(name, help, labels, Kind::Gauge(made))? {
            Kind::Gauge(family) => Ok(family),
            _ => Err(MetricsError::Taken { name: name.to_owned() }),
        }
    }

    /// A histogram with these upper bounds. The same name gives the same histogram.
    ///
    /// # Errors
    /// The name is not one, or taken by something else; the bounds do not grow.
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram, MetricsError> {
        Ok(self.histograms(name, help, &[], bounds)?.with(&[]))
    }

    /// Histograms told apart by labels; at most 1,000.
    ///
    /// # Errors
    /// A name is not one, or taken by something else; the bounds do not grow.
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> Result<Family<Histogram>, MetricsError> {
        if !bounds.is_sorted_by(|a, b| a < b) || !bounds.iter().all(|bound| bound.is_finite()) {
            return Err(MetricsError::Bounds { name: name.to_owned() });
        }
        let bounds: Box<[f64]> = bounds.into();
        let made = Family::new(labels.len(), MOST, move || Histogram::new(&bounds));
        match self.register(name, help, labels, Kind::Histogram(made))? {
            Kind::Histogram(family) => Ok(family),
            _ => Err(MetricsError::Taken { name: name.to_owned() }),
        }
    }

    fn register(&self, name: &str, help: &str, labels: &[&str], made: Kind) -> Result<Kind, MetricsError> {
        if let Some(wrong) = [name].iter().chain(labels).find(|name| !is_name(name)) {
            return Err(MetricsError::Name { name: (*wrong).to_owned() });
        }
        let labels: Box<[Box<str>]> = labels.iter().map(|label| (*label).into()).collect();
        let mut all = self.0.write();
        let found = all.entry(name.into()).or_insert_with(|| Registered {
            help: help.into(),
            labels: labels.clone(),
            kind: made,
        });
        if found.labels == labels {
            Ok(found.kind.clone())
        } else {
            Err(MetricsError::Taken { name: name.to_owned() })
        }
    }

    /// Everything, in the text format of Prometheus (version 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        let all: Vec<_> = self.0.read().iter().map(|(name, one)| (name.clone(), one.clone())).collect();
        let mut out = String::with_capacity(4096);
        for (name, registered) in &all {
            render::family(&mut out, name, registered);
        }
        out
    }

    /// A tower service that answers `GET` with everything, for `/metrics` of any HTTP server.
    #[must_use]
    pub fn endpoint(&self) -> MetricsEndpoint {
        MetricsEndpoint::new(self.clone())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
