//! What stands before all services of a stack: counting, and limits that may change while it runs.

use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use mcp_core::protocol::Method;
use mcp_core::service::{BoxError, Request, Response, ResponseFuture, SharedService};
use mcp_edge::Edge;
use mcp_edge::limit::{Asked, Dimension, Limit, LimitError, Limits, Period};
use mcp_edge::metrics::{Counter, MetricsEndpoint, MetricsError};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::config::LimitsConfig;
use crate::connect::Part;
use crate::stack::Services;

/// A front cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrontError {
    /// A limit makes no sense.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A metric cannot be counted.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}

/// Counts and limits calls. Clones are the same.
#[derive(Debug, Clone)]
pub struct Front {
    edge: Edge,
    limits: Arc<ArcSwapOption<Limits>>,
    limited: Counter,
}

impl Front {
    /// A front with these limits.
    ///
    /// # Errors
    /// A limit makes no sense.
    pub fn new(config: &LimitsConfig) -> Result<Self, FrontError> {
        let edge = Edge::builder().build()?;
        let limited = edge.metrics().counter("mcp_calls_limited_total", "Calls that a limit refused.")?;
        let limits = Arc::new(ArcSwapOption::from(limits(config)?.map(Arc::new)));
        Ok(Self { edge, limits, limited })
    }

    /// Takes other limits from now on. What callers have used up is forgotten.
    ///
    /// # Errors
    /// A limit makes no sense; the old ones stay.
    pub fn limit(&self, config: &LimitsConfig) -> Result<(), FrontError> {
        self.limits.store(limits(config)?.map(Arc::new));
        Ok(())
    }

    /// All metrics, for `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> MetricsEndpoint {
        self.edge.metrics().endpoint()
    }

    /// The services behind it.
    #[must_use]
    pub fn before(&self, services: &Services) -> Services {
        let behind = |part: Part| {
            let limited = Limited { front: self.clone(), inner: services.part(part).clone() };
            SharedService::new(self.edge.layer().layer(SharedService::new(limited)))
        };
        Services {
            all: behind(Part::All),
            memory: behind(Part::Memory),
            guardrails: behind(Part::Guardrails),
            patterns: behind(Part::Patterns),
        }
    }
}

fn limits(config: &LimitsConfig) -> Result<Option<Limits>, LimitError> {
    let Some(calls) = config.calls_per_second.map(u64::from) else { return Ok(None) };
    let burst = config.burst.map_or(calls * 2, u64::from);
    let each = Limit::rate("limits.calls_per_second", calls, Period::Second)
        .burst(burst)
        .by([Dimension::Principal])
        .methods([Method::ToolsCall.as_str()]);
    Limits::new([each]).map(Some)
}

#[derive(Debug, Clone)]
struct Limited {
    front: Front,
    inner: SharedService,
}

impl Service<Request> for Limited {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        if let Some(limits) = &*self.front.limits.load() {
            let tool = request.params.get_str("name");
            let principal = request.peer.principal.as_deref();
            let asked = Asked { principal, method: request.method.as_str(), tool: tool.as_deref() };
            if let Err(refused) = limits.take(&asked) {
                self.front.limited.increment();
                return ResponseFuture::ready(Response::error(refused.to_rpc_error()));
            }
        }
        self.inner.handle(request)
    }
}
