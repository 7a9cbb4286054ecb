//! Which service answers.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use http_body_util::{Either, Full};
use mcp_core::protocol::Method;
use mcp_core::service::{BoxError, McpService, Request, Response, ResponseFuture, SharedService};
use mcp_core::transport::http::{HttpService, ResponseBody};
use mcp_edge::metrics::MetricsEndpoint;
use tower_service::Service;

/// Where metrics are.
const METRICS: &str = "/metrics";

/// The body of an answer: of a service, or metrics.
pub type RouteBody = Either<ResponseBody, Full<Bytes>>;

/// All endpoints of a stack, as a tower service. Cheap to clone.
#[derive(Clone)]
pub struct Routes {
    all: HttpService,
    parts: Arc<[(String, HttpService)]>,
    metrics: Option<MetricsEndpoint>,
}

impl Routes {
    pub(super) fn new(all: HttpService, parts: Vec<(String, HttpService)>) -> Self {
        Self { all, parts: parts.into(), metrics: None }
    }

    /// Answers `/metrics`, too, whoever asks.
    #[must_use]
    pub fn metrics(mut self, metrics: MetricsEndpoint) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Where they are, that of all services first.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once("/mcp").chain(self.parts.iter().map(|(path, _)| path.as_str()))
    }

    /// Ends what would stay open: see [`HttpService::close`].
    pub fn close(&self) {
        self.all.close();
        self.parts.iter().for_each(|(_, part)| part.close());
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.paths()).finish()
    }
}

impl<B> Service<http::Request<B>> for Routes
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: fmt::Display,
{
    type Response = http::Response<RouteBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let path = request.uri().path();
        if let Some(metrics) = self.metrics.as_mut().filter(|_| path == METRICS) {
            let answer = metrics.call(request);
            return Box::pin(async move { Ok(answer.await?.map(|text| Either::Right(text.into()))) });
        }
        let part = self.parts.iter().find(|(part, _)| path == part);
        let answer = part.map_or(&self.all, |(_, part)| part).clone().call(request);
        Box::pin(async move { Ok(answer.await?.map(Either::Left)) })
    }
}

/// A service whose tools with a prefix are called without what stands before the others.
pub(crate) fn unguarded(prefix: &str, open: impl McpService, guarded: impl McpService) -> SharedService {
    let (open, guarded) = (SharedService::new(open), SharedService::new(guarded));
    let prefix: Arc<str> = prefix.into();
    SharedService::new(Unguarded { prefix, open, guarded })
}

#[derive(Clone)]
struct Unguarded {
    prefix: Arc<str>,
    open: SharedService,
    guarded: SharedService,
}

impl Service<Request> for Unguarded {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        let named = request.params.get_str("name");
        let is_open =
            request.method == Method::ToolsCall && named.is_some_and(|name| name.starts_with(&*self.prefix));
        if is_open { self.open.handle(request) } else { self.guarded.handle(request) }
    }
}
