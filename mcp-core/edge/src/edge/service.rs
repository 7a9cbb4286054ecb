//! The layer.

use std::mem;
use std::task::{Context, Poll};

use mcp_core::service::{BoxError, McpService, Request, Response, ResponseFuture};
use tower_layer::Layer;
use tower_service::Service;

use super::Edge;
use super::running::Running;

/// Puts an edge in front of a service. Made by [`Edge::layer`].
#[derive(Debug, Clone)]
pub struct EdgeLayer {
    edge: Edge,
}

impl EdgeLayer {
    pub(super) const fn new(edge: Edge) -> Self {
        Self { edge }
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { edge: self.edge.clone(), inner }
    }
}

/// A service with an edge in front of it.
#[derive(Debug, Clone)]
pub struct EdgeService<S> {
    edge: Edge,
    inner: S,
}

impl<S: McpService> Service<Request> for EdgeService<S> {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> ResponseFuture {
        if request.id.is_none() {
            return ResponseFuture::boxed(self.inner.call(request));
        }
        // INVARIANT: the service that was polled ready is the one that is called.
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        let mut running = Running::start(self.edge.clone(), &mut request);
        // The one box of the edge: what comes next is stored in it.
        ResponseFuture::boxed(async move {
            let mut answer = match running.admit(&request).await {
                Ok(()) => ready.call(request).await,
                Err(refusal) => Ok(running.refused(refusal)),
            };
            let kept = match running.end(&mut answer) {
                Some(written) => written.await,
                None => Ok(()),
            };
            running.settle(kept, &mut answer);
            answer
        })
    }
}
