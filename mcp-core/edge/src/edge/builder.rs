//! Putting an edge together.

use std::fmt;
use std::sync::Arc;

use crate::Clock;
use crate::audit::AuditLog;
use crate::limit::Limits;
use crate::log::CallLog;
use crate::metrics::{CallMetrics, Counter, Family, Metrics, MetricsError};
use crate::policy::{PolicyFile, Watch};
use crate::trace::Tracer;

use super::EdgeLayer;

/// What stands in front of a server. Clones are the same edge.
///
/// ```
/// use mcp_core::Server;
/// use mcp_edge::Edge;
/// use mcp_edge::limit::{Dimension, Limit, Limits, Period};
/// use tower_layer::Layer;
///
/// let limits = Limits::new([Limit::rate("per caller", 100, Period::Second).by([Dimension::Principal])])?;
/// let edge = Edge::builder().limits(limits).build()?;
/// let service = edge.layer().layer(Server::builder("notes", "1.0.0").build()?);
/// // serve(service, "127.0.0.1:8080"), with `edge.metrics().endpoint()` at `/metrics` of another port.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Edge(pub(super) Arc<Parts>);

pub(super) struct Parts {
    pub(super) policy: Option<PolicyFile>,
    pub(super) limits: Option<Limits>,
    pub(super) log: Option<CallLog>,
    pub(super) audit: Option<AuditLog>,
    pub(super) tracer: Option<Tracer>,
    pub(super) calls: CallMetrics,
    pub(super) denied: Family<Counter>,
    pub(super) limited: Family<Counter>,
    pub(super) refused_logins: Family<Counter>,
    pub(super) clock: Clock,
    metrics: Metrics,
    /// Follows the file of the policy as long as the edge is there.
    _watch: Option<Watch>,
}

/// The parts of an edge to be.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct EdgeBuilder {
    policy: Option<PolicyFile>,
    limits: Option<Limits>,
    log: Option<CallLog>,
    audit: Option<AuditLog>,
    tracer: Option<Tracer>,
    watch: Option<Watch>,
    metrics: Metrics,
    clock: Clock,
}

impl Edge {
    /// An edge that only counts, until it is given more.
    pub fn builder() -> EdgeBuilder {
        EdgeBuilder::default()
    }

    /// The layer to put in front of a server.
    #[must_use]
    pub fn layer(&self) -> EdgeLayer {
        EdgeLayer::new(self.clone())
    }

    /// All metrics; programs may add their own.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The policy, where there is one.
    #[must_use]
    pub fn policy(&self) -> Option<&PolicyFile> {
        self.0.policy.as_ref()
    }

    /// The limits, where there are any.
    #[must_use]
    pub fn limits(&self) -> Option<&Limits> {
        self.0.limits.as_ref()
    }

    /// The log of calls, where there is one.
    #[must_use]
    pub fn log(&self) -> Option<&CallLog> {
        self.0.log.as_ref()
    }

    /// The audit log, where there is one.
    #[must_use]
    pub fn audit(&self) -> Option<&AuditLog> {
        self.0.audit.as_ref()
    }
}

impl EdgeBuilder {
    /// Decides by a policy.
    pub fn policy(mut self, policy: PolicyFile) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Keeps limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Logs each call.
    pub fn log(mut self, log: CallLog) -> Self {
        self.log = Some(log);
        self
    }

    /// Audits each call.
    pub fn audit(mut self, audit: AuditLog) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Sends a span of each call to a collector.
    #[cfg(feature = "otel")]
    pub fn tracer(mut self, tracer: Tracer) -> Self {
        self.tracer = Some(tracer);
        self
    }

    /// Keeps a watch of the policy's file as long as the edge is there.
    pub fn watch(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Adds the metrics to those of the program (default: of its own).
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Goes by another clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The edge.
    ///
    /// # Errors
    /// The name of a metric is taken by something else.
    pub fn build(self) -> Result<Edge, MetricsError> {
        let metrics = self.metrics;
        let calls = CallMetrics::new(&metrics)?;
        let denied =
            metrics.counters("mcp_denied_total", "Requests that a rule of the policy refused.", &["rule"])?;
        let limited = metrics.counters("mcp_limited_total", "Requests that a limit refused.", &["limit"])?;
        let degraded = metrics.gauge(
            "ratelimit_degraded",
            "1 while limits that should be shared are kept by each process on its own.",
        )?;
        let refused_logins = metrics.counters(
            "mcp_logins_refused_total",
            "Requests whose credentials were refused, by reason.",
            &["reason"],
        )?;
        #[cfg(feature = "otel")]
        if let Some(tracer) = &self.tracer {
            let lost = metrics.counter("mcp_spans_dropped_total", "Spans that no collector took.")?;
            tracer.count_drops(&lost);
        }
        if let Some(log) = &self.log {
            let lost = metrics.counter("mcp_log_dropped_total", "Lines of the call log that were lost.")?;
            log.count_drops(&lost);
        }
        Ok(Edge(Arc::new(Parts {
            limits: self.limits.map(|limits| limits.gauge(&degraded)),
            policy: self.policy,
            log: self.log,
            audit: self.audit,
            tracer: self.tracer,
            calls,
            denied,
            limited,
            refused_logins,
            clock: self.clock,
            metrics,
            _watch: self.watch,
        })))
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge")
            .field("policy", &self.0.policy.is_some())
            .field("limits", &self.0.limits.is_some())
            .field("log", &self.0.log)
            .field("audit", &self.0.audit)
            .finish_non_exhaustive()
    }
}
