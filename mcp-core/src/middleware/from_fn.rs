//! Layers from functions.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::service::{BoxError, McpService, Request, Response, ResponseFuture};

/// Makes a layer of an async function that takes a request and what comes next.
///
/// The function may look at the request or change it, refuse it with
/// [`Response::error`], wrap `request.outbound` to see what leaves before the answer, and change the
/// answer. `Err` means that the path broke, not that the request was refused.
pub const fn from_fn<F, Fut>(function: F) -> FromFnLayer<F>
where
    F: Fn(Request, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, BoxError>> + Send + 'static,
{
    FromFnLayer { function }
}

/// A layer that runs a function. Make it with [`from_fn`].
#[derive(Clone)]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F: Clone, S> Layer<S> for FromFnLayer<F> {
    type Service = FromFn<F, S>;

    fn layer(&self, inner: S) -> Self::Service {
        FromFn { function: self.function.clone(), inner }
    }
}

/// A service with a function in front of it.
#[derive(Clone)]
pub struct FromFn<F, S> {
    function: F,
    inner: S,
}

impl<F, Fut, S> Service<Request> for FromFn<F, S>
where
    F: Fn(Request, Next) -> Fut,
    Fut: Future<Output = Result<Response, BoxError>>,
    S: McpService,
{
    type Response = Response;
    type Error = BoxError;
    type Future = Fut;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Fut {
        // INVARIANT: the service that was polled ready is the one that is called; a fresh clone holds
        // no permit of a limit below.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let run = move |request| ResponseFuture::boxed(ready.call(request));
        (self.function)(request, Next { run: Box::new(run) })
    }
}

/// The rest of the way: the layers below, then the server.
#[must_use = "without `run` the request goes nowhere"]
pub struct Next {
    run: Box<dyn FnOnce(Request) -> ResponseFuture + Send>,
}

impl Next {
    /// Passes a request on. Dropping the future cancels the request.
    pub fn run(self, request: Request) -> ResponseFuture {
        (self.run)(request)
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFnLayer").field("function", &std::any::type_name::<F>()).finish()
    }
}

impl<F, S: fmt::Debug> fmt::Debug for FromFn<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn")
            .field("function", &std::any::type_name::<F>())
            .field("inner", &self.inner)
            .finish()
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}
