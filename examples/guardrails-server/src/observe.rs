//! Rules that apply, as metrics and in an audit log (`mcp-edge`): `guardrail_activations_total` by rule and verdict.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mcp_edge::audit::{Audit, AuditLog};
use mcp_edge::metrics::{Counter, Family, Metrics};
use mcp_edge::{CallRecord, Outcome};
use mcp_guardrails::layer::{Activation, Observer};
use serde_json::json;

/// Who hears of rules that apply.
#[derive(clap::Args)]
pub(crate) struct Observed {
    /// Serve `/metrics` on this address.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
    /// Keep an audit log of rules that applied in this folder.
    #[arg(long)]
    audit: Option<PathBuf>,
}

/// Counts, and writes down.
struct Told {
    activations: Family<Counter>,
    audit: Option<AuditLog>,
}

impl Observed {
    /// Opens the log, and serves metrics until the process ends.
    pub(crate) async fn start(&self) -> anyhow::Result<Arc<dyn Observer>> {
        let metrics = Metrics::new();
        let help = "Rules that applied to events, and guards that did not run.";
        let activations = metrics.counters("guardrail_activations_total", help, &["rule", "verdict"])?;
        if let Some(address) = &self.metrics {
            let app = axum::Router::new().route_service("/metrics", metrics.endpoint());
            let listener = tokio::net::TcpListener::bind(address).await?;
            eprintln!("http://{}/metrics", listener.local_addr()?);
            tokio::spawn(async move { axum::serve(listener, app).await });
        }
        let audit = self.audit.as_ref().map(|folder| Audit::folder(folder).open()).transpose()?;
        Ok(Arc::new(Told { activations, audit }))
    }
}

impl Observer for Told {
    fn activated(&self, seen: &Activation<'_>) {
        let verdict = if seen.shadow { "shadow" } else { seen.verdict };
        self.activations.with(&[seen.rule, verdict]).increment();
        let Some(audit) = &self.audit else { return };
        let places: Vec<_> = seen.places.iter().map(|place| json!([place.field, place.span])).collect();
        let arguments = json!({ "verdict": verdict, "places": places, "speaks": seen.speaks }).to_string();
        let method = format!("guardrails/{}", seen.phase);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let mut record = CallRecord::new(now, &method);
        record.principal = seen.principal;
        record.tool = Some(seen.tool);
        record.arguments = Some(&arguments);
        record.rule = Some(seen.rule);
        record.correlation = seen.correlation;
        record.outcome =
            if matches!(verdict, "block" | "require_approval") { Outcome::Denied } else { Outcome::Ok };
        // Written in the order of calls; nobody here may wait for the disk.
        drop(audit.append(&record));
    }
}
