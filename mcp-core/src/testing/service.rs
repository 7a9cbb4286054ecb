//! Services from closures and scripts.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tower_service::Service;

use crate::protocol::RpcError;
use crate::service::{BoxError, Request, Response, ResponseFuture};

/// A service that calls a closure: something to put behind a layer or a transport.
///
/// ```
/// use mcp_core::service::Response;
/// use mcp_core::testing::{TestClient, service_fn};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = service_fn(async |request| {
///     assert_eq!(request.method.as_str(), "tools/list");
///     Ok(Response::result(r#"{"tools":[]}"#))
/// });
/// let client = TestClient::connect(service);
/// assert_eq!(client.request("tools/list", json!({})).await, Ok(json!({ "tools": [] })));
/// # }
/// ```
pub fn service_fn<F, Fut>(answer: F) -> ServiceFn<F>
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, BoxError>> + Send + 'static,
{
    ServiceFn(Arc::new(answer))
}

/// A service that calls a closure. Made by [`service_fn`].
pub struct ServiceFn<F>(Arc<F>);

impl<F> Clone for ServiceFn<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F, Fut> Service<Request> for ServiceFn<F>
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<Response, BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = BoxError;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Fut {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for ServiceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceFn")
    }
}

/// A service that gives these answers in turn, and remembers what it was asked.
///
/// ```
/// use mcp_core::protocol::RpcError;
/// use mcp_core::service::Response;
/// use mcp_core::testing::{TestClient, scripted};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let busy = Response::error(RpcError::internal("busy"));
/// let service = scripted([busy, Response::result(r#"{"tools":[]}"#)]);
/// let client = TestClient::connect(service.clone());
/// assert!(client.request("tools/list", json!({})).await.is_err());
/// assert!(client.request("tools/list", json!({ "cursor": "c" })).await.is_ok());
/// assert_eq!(service.requests()[1].params.get_str("cursor").as_deref(), Some("c"));
/// # }
/// ```
pub fn scripted(answers: impl IntoIterator<Item = Response>) -> Scripted {
    let answers = answers.into_iter().collect();
    Scripted(Arc::new(Mutex::new(Script { answers, requests: Vec::new() })))
}

/// A service with a script. Made by [`scripted`]; clones share the script.
#[derive(Clone)]
pub struct Scripted(Arc<Mutex<Script>>);

struct Script {
    answers: VecDeque<Response>,
    requests: Vec<Request>,
}

impl Scripted {
    /// What the service was asked so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().requests.clone()
    }
}

impl Service<Request> for Scripted {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        let mut script = self.0.lock();
        script.requests.push(request);
        let over = || Response::error(RpcError::internal("the script is over"));
        ResponseFuture::ready(script.answers.pop_front().unwrap_or_else(over))
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("left", &self.0.lock().answers.len()).finish_non_exhaustive()
    }
}
