//! Numbers as they are kept between a run and its report.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::catalog::Workload;
use crate::machine::{self, Stamp};
use crate::options::Paths;
use crate::stdio::Placement;

/// Everything that was measured last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Requests over HTTP.
    pub(crate) http: Option<Section<HttpRow>>,
    /// Requests over pipes.
    pub(crate) stdio: Option<Section<StdioRow>>,
    /// Process start to first answer.
    pub(crate) start: Option<Section<StartRow>>,
    /// Idle sessions.
    pub(crate) sessions: Option<Section<SessionRow>>,
    /// Rebuilds.
    pub(crate) rebuild: Option<Section<RebuildRow>>,
}

/// One part with the circumstances of its measurement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Section<T> {
    /// Where and when.
    pub(crate) stamp: Stamp,
    /// The numbers.
    pub(crate) rows: Vec<T>,
}

/// One server under one load over HTTP; medians over the rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HttpRow {
    pub(crate) workload: Workload,
    pub(crate) server: String,
    pub(crate) tools: usize,
    pub(crate) connections: usize,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// CPU time of the server for one request.
    pub(crate) cpu_us: f64,
    /// The same divided by the reference's of the same round.
    pub(crate) ratio: Option<f64>,
    /// CPU time for one request in the best and the worst round.
    pub(crate) cpu_range_us: [f64; 2],
    /// CPU time of the measuring tool for one request.
    pub(crate) client_cpu_us: f64,
    /// Progress notes for one request.
    pub(crate) notes: f64,
    pub(crate) idle_mb: f64,
    pub(crate) peak_mb: f64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

/// One server over pipes; medians over the rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StdioRow {
    pub(crate) server: String,
    pub(crate) placement: Placement,
    pub(crate) tools: usize,
    pub(crate) min_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// The median round trip divided by the floor's of the same round.
    pub(crate) p50_ratio: Option<f64>,
    pub(crate) cpu_us: f64,
    pub(crate) pipelined_per_second: f64,
    pub(crate) pipelined_cpu_us: f64,
    /// The pipelined rate divided by the floor's of the same round.
    pub(crate) pipelined_ratio: Option<f64>,
    pub(crate) peak_mb: f64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

/// From process start to the first answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StartRow {
    pub(crate) server: String,
    pub(crate) transport: String,
    pub(crate) min_ms: f64,
    pub(crate) median_ms: f64,
    /// CPU time of the server by then.
    pub(crate) cpu_ms: f64,
    pub(crate) resident_mb: f64,
    /// Why there are no numbers.
    pub(crate) error: Option<String>,
}

/// Memory of idle sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SessionRow {
    pub(crate) server: String,
    pub(crate) sessions: usize,
    pub(crate) streams: usize,
    pub(crate) empty_mb: f64,
    /// Growth by the sessions alone.
    pub(crate) sessions_mb: f64,
    /// Growth by the sessions with one open stream each.
    pub(crate) streams_mb: Option<f64>,
    /// CPU time of the server to open one session.
    pub(crate) open_cpu_us: f64,
    pub(crate) remark: Option<String>,
    /// Why there are no numbers.
    pub(crate) error: Option<String>,
}

/// What a rebuild costs after `touch main.rs`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RebuildRow {
    pub(crate) server: String,
    pub(crate) profile: String,
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
}

impl Results {
    /// Reads the last results; there may be none yet.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "`{}` is from another version of this tool: delete it",
                    path.display()
                )
            }),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Wrong or missing answers in all parts; a server without numbers counts as one.
    pub(crate) fn errors(&self) -> u64 {
        let http = self.http.iter().flat_map(|part| &part.rows).map(|row| row.errors);
        let stdio = self
            .stdio
            .iter()
            .flat_map(|part| &part.rows)
            .map(|row| row.errors);
        let start = self
            .start
            .iter()
            .flat_map(|part| &part.rows)
            .filter_map(|row| row.error.as_ref());
        let sessions = self
            .sessions
            .iter()
            .flat_map(|part| &part.rows)
            .filter_map(|row| row.error.as_ref());
        http.chain(stdio).chain(start.chain(sessions).map(|_| 1)).sum()
    }
}

impl<T> Section<T> {
    /// Measures a part between two looks at the load.
    pub(crate) fn measure(paths: &Paths, measure: impl FnOnce() -> Result<Vec<T>>) -> Result<Self> {
        let mut stamp = Stamp::now(&paths.compare)?;
        let rows = measure()?;
        stamp.load_after = machine::load();
        Ok(Self { stamp, rows })
    }
}
