//! What stands before all services of a stack: counting, and limits that may change while it runs.

use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwapOption;
use mcp_core::protocol::Method;
use mcp_core::service::{BoxError, Request, Response, ResponseFuture, SharedService};
use mcp_edge::Edge;
use mcp_edge::limit::{
    Asked, Dimension, Limit, LimitError, Limits, Period, RedisConfig, RedisError, Refused,
};
use mcp_edge::metrics::{Counter, Gauge, MetricsEndpoint, MetricsError};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::config::LimitsConfig;
use crate::connect::Part;
use crate::secret::Secret;
use crate::stack::Services;

/// What is limited.
const LIMITED: Method = Method::ToolsCall;

/// A front cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrontError {
    /// A limit makes no sense.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The URL of a Redis is none.
    #[error(transparent)]
    Redis(#[from] RedisError),
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
    /// Whether limits that should be shared are not.
    degraded: Gauge,
    /// Where limits are shared with other stacks.
    redis: Option<Secret>,
}

impl Front {
    /// A front with these limits, which stacks with the same Redis hold together. A Redis that is not there, or too slow, leaves each stack its own count.
    /// Call it within a tokio runtime.
    ///
    /// # Errors
    /// A limit makes no sense, or the Redis has no URL.
    pub fn new(config: &LimitsConfig, redis: Option<&Secret>) -> Result<Self, FrontError> {
        let edge = Edge::builder().build()?;
        let limited = edge.metrics().counter("mcp_calls_limited_total", "Calls that a limit refused.")?;
        // The edge has it, and no limits of its own.
        let degraded = edge.metrics().gauge("ratelimit_degraded", "")?;
        let front = Self { edge, limits: Arc::default(), limited, degraded, redis: redis.cloned() };
        front.limit(config)?;
        Ok(front)
    }

    /// Takes other limits from now on. What callers have used up is forgotten.
    ///
    /// # Errors
    /// A limit makes no sense; the old ones stay.
    pub fn limit(&self, config: &LimitsConfig) -> Result<(), FrontError> {
        self.degraded.set(0.0);
        let limits =
            limits(config, self.redis.as_ref())?.map(|limits| Arc::new(limits.gauge(&self.degraded)));
        self.limits.store(limits);
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

fn limits(config: &LimitsConfig, redis: Option<&Secret>) -> Result<Option<Limits>, FrontError> {
    let Some(calls) = config.calls_per_second.map(u64::from) else { return Ok(None) };
    let burst = config.burst.map_or(calls * 2, u64::from);
    let each = Limit::rate("limits.calls_per_second", calls, Period::Second)
        .burst(burst)
        .by([Dimension::Principal])
        .methods([LIMITED.as_str()]);
    let limits = Limits::new([each])?;
    let Some(url) = redis else { return Ok(Some(limits)) };
    Ok(Some(limits.shared(&RedisConfig::new(url.expose()))?))
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
        let limits = self.front.limits.load_full().filter(|_| request.method == LIMITED);
        match limits {
            None => self.inner.handle(request),
            Some(limits) if limits.is_shared() => {
                let limited = self.clone();
                ResponseFuture::boxed(async move {
                    let tool = request.params.get_str("name").map(|name| name.into_owned());
                    match limits.take_shared(&asked(&request, tool.as_deref())).await {
                        Ok(()) => limited.inner.handle(request).await,
                        Err(refused) => Ok(limited.refuse(&refused)),
                    }
                })
            }
            Some(limits) => {
                let taken = limits.take(&asked(&request, request.params.get_str("name").as_deref()));
                match taken {
                    Ok(()) => self.inner.handle(request),
                    Err(refused) => ResponseFuture::ready(self.refuse(&refused)),
                }
            }
        }
    }
}

impl Limited {
    fn refuse(&self, refused: &Refused) -> Response {
        self.front.limited.increment();
        Response::error(refused.to_rpc_error())
    }
}

fn asked<'a>(request: &'a Request, tool: Option<&'a str>) -> Asked<'a> {
    Asked { principal: request.peer.principal.as_deref(), method: request.method.as_str(), tool }
}
