//! Where spans go.

use serde::Deserialize;

/// Which collector, and what it gets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OtlpConfig {
    /// The base URL of the collector: `http://127.0.0.1:4318`. TLS is for an agent beside the program.
    pub endpoint: String,
    /// The part of traces that begin here which is recorded, from 0 to 1. Others are recorded if their caller says so.
    pub ratio: f64,
    /// Milliseconds that spans are collected before they are sent.
    pub interval_ms: u64,
    /// Milliseconds to wait for the collector.
    pub patience_ms: u64,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        Self { endpoint: "http://127.0.0.1:4318".into(), ratio: 1.0, interval_ms: 1_000, patience_ms: 2_000 }
    }
}

impl OtlpConfig {
    /// A collector at a URL.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into(), ..Self::default() }
    }
}
