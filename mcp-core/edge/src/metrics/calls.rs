//! What calls come to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::protocol::{ErrorCode, Method};
use parking_lot::RwLock;

use super::family::OTHER;
use super::{Counter, Family, Gauge, Histogram, Metrics, MetricsError};
use crate::call::Outcome;

/// Names of tools and methods that get series of their own.
const NAMES: usize = 200;
const BOUNDS: [f64; 14] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Metrics of calls, with handles kept by method and tool.
#[derive(Debug)]
pub struct CallMetrics {
    in_flight: Gauge,
    requests: Family<Counter>,
    errors: Family<Counter>,
    durations: Family<Histogram>,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_method: HashMap<Method, HashMap<Box<str>, Arc<Series>>>,
    names: usize,
}

#[derive(Debug)]
struct Series {
    outcomes: [Counter; Outcome::ALL.len()],
    duration: Histogram,
}

impl CallMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// A name is taken by something else.
    pub fn new(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            in_flight: metrics.gauge("mcp_requests_in_flight", "Requests that have no answer yet.")?,
            requests: metrics.counters(
                "mcp_requests_total",
                "Requests answered, by what they came to.",
                &["method", "tool", "outcome"],
            )?,
            errors: metrics.counters(
                "mcp_request_errors_total",
                "Requests answered with a protocol error, by its code.",
                &["method", "code"],
            )?,
            durations: metrics.histograms(
                "mcp_request_duration_seconds",
                "Time from a request to its answer.",
                &["method", "tool"],
                &BOUNDS,
            )?,
            known: RwLock::default(),
        })
    }

    /// How many calls have no answer yet.
    #[must_use]
    pub const fn in_flight(&self) -> &Gauge {
        &self.in_flight
    }

    /// Counts a call that is over.
    pub fn record(
        &self,
        method: &Method,
        tool: Option<&str>,
        outcome: Outcome,
        code: Option<ErrorCode>,
        took: Duration,
    ) {
        let tool = tool.unwrap_or_default();
        let found = self.known.read().by_method.get(method).and_then(|tools| tools.get(tool)).cloned();
        let series = found.unwrap_or_else(|| self.meet(method, tool, outcome));
        if let Some(counter) = series.outcomes.get(outcome as usize) {
            counter.increment();
        }
        series.duration.observe_duration(took);
        if let Some(code) = code {
            let method = if matches!(method, Method::Other(_)) { OTHER } else { method.as_str() };
            self.errors.with(&[method, &code.to_string()]).increment();
        }
    }

    /// The series of a name that has none yet. Only a name that was served gets its own: callers that make names up share one.
    fn meet(&self, method: &Method, tool: &str, outcome: Outcome) -> Arc<Series> {
        let served = matches!(outcome, Outcome::Ok | Outcome::ToolError);
        let mut known = self.known.write();
        if served && known.names < NAMES {
            let tools = known.by_method.entry(method.clone()).or_default();
            if let Some(series) = tools.get(tool) {
                return Arc::clone(series);
            }
            let series = Arc::new(self.series(method.as_str(), tool));
            tools.insert(tool.into(), Arc::clone(&series));
            known.names += 1;
            return series;
        }
        drop(known);
        let method = if matches!(method, Method::Other(_)) { OTHER } else { method.as_str() };
        Arc::new(self.series(method, if tool.is_empty() { "" } else { OTHER }))
    }

    fn series(&self, method: &str, tool: &str) -> Series {
        Series {
            outcomes: Outcome::ALL.map(|outcome| self.requests.with(&[method, tool, outcome.as_str()])),
            duration: self.durations.with(&[method, tool]),
        }
    }
}
