//! A service whose type is forgotten, so that transports are compiled once.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::{BoxError, McpService, Request, Response, ResponseFuture};
use crate::server::Server;

/// Any [`McpService`], behind one pointer. Transports take this: they are compiled with this crate
/// and not again with every program that serves a tool.
#[derive(Clone)]
pub struct SharedService(Kind);

#[derive(Clone)]
enum Kind {
    /// The usual case needs no further box.
    Server(Server),
    Other(Arc<dyn Erased>),
}

trait Erased: Send + Sync {
    fn call(&self, request: Request) -> ResponseFuture;
}

struct Layered<S>(S);

impl<S: McpService> Erased for Layered<S> {
    fn call(&self, request: Request) -> ResponseFuture {
        let mut service = self.0.clone();
        ResponseFuture::boxed(async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            // What stays open does so outside of the layers: they may bound the time of calls.
            service.call(request).await?.settled().await
        })
    }
}

impl SharedService {
    /// Forgets the type of a service.
    pub fn new<S: McpService>(service: S) -> Self {
        let any: &dyn Any = &service;
        if let Some(server) = any.downcast_ref::<Server>() {
            return Self(Kind::Server(server.clone()));
        }
        if let Some(shared) = any.downcast_ref::<Self>() {
            return shared.clone();
        }
        Self(Kind::Other(Arc::new(Layered(service))))
    }

    /// Answers a request.
    pub fn handle(&self, request: Request) -> ResponseFuture {
        match &self.0 {
            Kind::Server(server) => server.handle(request),
            Kind::Other(service) => service.call(request),
        }
    }
}

impl Service<Request> for SharedService {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        self.handle(request)
    }
}

impl fmt::Debug for SharedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedService")
    }
}
