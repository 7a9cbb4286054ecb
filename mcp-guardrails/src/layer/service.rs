//! The layer as tower sees it.

use std::mem;
use std::task::{Context, Poll};

use mcp_core::service::{BoxError, McpService, Request, Response, ResponseFuture};
use tower_layer::Layer;
use tower_service::Service;

use super::{Guardrails, flow};

/// Puts guardrails before a service. Made by [`Guardrails::layer`].
#[derive(Debug, Clone)]
pub struct GuardrailsLayer {
    guardrails: Guardrails,
}

impl GuardrailsLayer {
    pub(super) const fn new(guardrails: Guardrails) -> Self {
        Self { guardrails }
    }
}

impl<S> Layer<S> for GuardrailsLayer {
    type Service = GuardrailsService<S>;

    fn layer(&self, inner: S) -> GuardrailsService<S> {
        GuardrailsService { guardrails: self.guardrails.clone(), inner }
    }
}

/// A service behind guardrails.
#[derive(Debug, Clone)]
pub struct GuardrailsService<S> {
    guardrails: Guardrails,
    inner: S,
}

/// The service behind, for one request.
pub(super) type Next = Box<dyn FnOnce(Request) -> ResponseFuture + Send>;

impl<S: McpService> Service<Request> for GuardrailsService<S> {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        if request.id.is_none() || !flow::is_guarded(&request.method) {
            return ResponseFuture::boxed(self.inner.call(request));
        }
        // INVARIANT: the service that was polled ready is the one that is called.
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        let next: Next = Box::new(move |request| ResponseFuture::boxed(ready.call(request)));
        let guardrails = self.guardrails.clone();
        ResponseFuture::boxed(async move { flow::run(&guardrails, request, next).await })
    }
}
