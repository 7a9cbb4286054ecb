//! `/metrics`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use tower_service::Service;

use super::Metrics;

/// Answers `GET` and `HEAD` with all metrics. It asks for no credentials: mount it where only those who may see it can
/// reach it.
#[derive(Debug, Clone)]
pub struct MetricsEndpoint(Metrics);

impl MetricsEndpoint {
    pub(super) const fn new(metrics: Metrics) -> Self {
        Self(metrics)
    }
}

impl<B> Service<http::Request<B>> for MetricsEndpoint {
    type Response = http::Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let mut response = http::Response::new(String::new());
        match *request.method() {
            Method::GET => *response.body_mut() = self.0.render(),
            Method::HEAD => {}
            _ => {
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
        }
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        ready(Ok(response))
    }
}
