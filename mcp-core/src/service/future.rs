//! The future of a response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{BoxError, Response};
use crate::server::CallFuture;

/// Resolves to the answer of a request. Dropping it cancels the request.
pub struct ResponseFuture(Inner);

enum Inner {
    Ready(Option<Response>),
    Call(Box<CallFuture>),
    Boxed(Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>),
}

impl ResponseFuture {
    /// An answer that is there already.
    #[must_use]
    pub const fn ready(response: Response) -> Self {
        Self(Inner::Ready(Some(response)))
    }

    /// An answer that some future gives.
    pub fn boxed(future: impl Future<Output = Result<Response, BoxError>> + Send + 'static) -> Self {
        Self(Inner::Boxed(Box::pin(future)))
    }

    pub(crate) fn call(future: CallFuture) -> Self {
        Self(Inner::Call(Box::new(future)))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Inner::Ready(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Ready(Err("a response was polled after it was given".into())),
            },
            Inner::Call(call) => call.poll(cx).map(Ok),
            Inner::Boxed(future) => future.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
