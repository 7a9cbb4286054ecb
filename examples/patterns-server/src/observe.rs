//! What is recommended and what becomes of it, as metrics. Coverage is the share of recommendations that are `shown`.

use std::sync::Arc;

use mcp_edge::metrics::{Counter, Family, Histogram, Metrics};
use mcp_patterns::learn::Outcome;
use mcp_patterns::server::{Observer, Recommended};

/// Seconds.
const BOUNDS: [f64; 8] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.1];

struct Counts {
    requests: Family<Counter>,
    shown: Counter,
    feedback: Family<Counter>,
    seconds: Histogram,
}

/// Counts, and serves metrics until the process ends.
pub(crate) async fn start(address: Option<&str>) -> anyhow::Result<Arc<dyn Observer>> {
    let metrics = Metrics::new();
    let counts = Counts {
        requests: metrics.counters(
            "patterns_requests_total",
            "Requests, by whether something fitted.",
            &["result"],
        )?,
        shown: metrics.counter("patterns_shown_total", "Entries that were recommended.")?,
        feedback: metrics.counters("patterns_feedback_total", "What became of entries.", &["outcome"])?,
        seconds: metrics.histogram("patterns_recommend_seconds", "How long recommending took.", &BOUNDS)?,
    };
    if let Some(address) = address {
        let app = axum::Router::new().route_service("/metrics", metrics.endpoint());
        let listener = tokio::net::TcpListener::bind(address).await?;
        eprintln!("http://{}/metrics", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    Ok(Arc::new(counts))
}

impl Observer for Counts {
    fn recommended(&self, seen: Recommended) {
        self.requests.with(&[if seen.shown > 0 { "shown" } else { "abstained" }]).increment();
        self.shown.add(seen.shown as u64);
        self.seconds.observe_duration(seen.took);
    }

    fn answered(&self, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Accepted => "accepted",
            Outcome::Edited => "edited",
            Outcome::Rejected => "rejected",
            Outcome::Ignored => "ignored",
            Outcome::NothingFits => "nothing_fits",
        };
        self.feedback.with(&[outcome]).increment();
    }
}
