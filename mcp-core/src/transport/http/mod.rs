//! Streamable HTTP for every revision on one endpoint, with REST twins and health routes beside it.
//!
//! [`service`] makes a tower service for any hyper-based server, [`serve`](crate::serve) with an
//! address owns the listener too.

#[cfg(feature = "auth")]
mod admission;
#[cfg(feature = "axum")]
mod axum;
mod body;
mod call;
mod config;
mod correlation;
mod guard;
mod legacy;
mod links;
mod modern;
mod reply;
mod rest;
mod route;
mod serve;
mod sessions;
mod sse;
mod sse_transport;
mod streams;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "ws")]
mod ws;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

#[cfg(feature = "axum")]
pub use self::axum::router;
pub use body::ResponseBody;
pub use serve::{Exposed, Listener};
#[cfg(feature = "tls")]
pub use tls::{Pem, ServerTls, ServerTlsBuilder, TlsError};

use self::config::Config;
use self::links::Links;
use self::sessions::{HttpSession, Sessions};
use crate::protocol::{Method, Params, ProtocolVersion, RequestId, RpcError};
use crate::service::{McpService, Peer, ResponseFuture, SharedOutbound, SharedService};
use crate::session::{self, Downgrades, Initialize, Session};
use crate::transport::tasks::Tasks;

/// Serves an MCP service over HTTP, with safe defaults: `/mcp` and `/mcp/v1/*`, `/sse`, `/health` and
/// `/ready`; only requests to a loopback name; bodies of at most 4 MiB.
pub fn service(service: impl McpService) -> HttpService {
    Http::new(service).build()
}

/// Settings of the HTTP transport.
#[derive(Debug)]
#[must_use = "settings do nothing until they are built or served"]
pub struct Http {
    service: SharedService,
    config: Config,
}

impl Http {
    /// Serves a service with the default settings.
    pub fn new(service: impl McpService) -> Self {
        Self { service: SharedService::new(service), config: Config::default() }
    }

    /// Where the endpoint is (default `/mcp`).
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.config.path = path.into();
        self
    }

    /// Where the REST twins are (default `/mcp/v1`), or none.
    pub fn rest(mut self, prefix: Option<&str>) -> Self {
        self.config.rest = prefix.map(str::to_owned);
        self
    }

    /// Whether clients of 2024-11-05 find `/sse` and `/messages` (default: yes).
    pub const fn legacy_sse(mut self, enabled: bool) -> Self {
        self.config.legacy_sse = enabled;
        self
    }

    /// Allows requests to a host name, without port, beside the loopback names.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.config.allowed_hosts.get_or_insert_default().push(host.into());
        self.config.hosts_named = true;
        self
    }

    /// Allows requests to any host name: only where something in front checks it.
    pub fn allow_any_host(mut self) -> Self {
        self.config.allowed_hosts = None;
        self
    }

    /// Allows pages of an origin, e.g. `https://app.example`, to call.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.config.allowed_origins.push(origin.into());
        self
    }

    /// How many bytes a request may have (default 4 MiB).
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.config.max_body = bytes;
        self
    }

    /// How deep the JSON of a request may nest (default 64, at most 128).
    pub const fn max_depth(mut self, levels: u32) -> Self {
        self.config.max_depth = levels;
        self
    }

    /// How long a session of an old revision lives without being used (default 30 minutes).
    pub const fn session_ttl(mut self, ttl: Duration) -> Self {
        self.config.session_ttl = ttl;
        self
    }

    /// How many sessions of old revisions there may be, and how many connections of HTTP+SSE and
    /// WebSocket clients (default 100,000 each).
    pub const fn max_sessions(mut self, limit: usize) -> Self {
        self.config.max_sessions = limit;
        self
    }

    /// How many of them one caller may have (default: all).
    pub const fn max_sessions_per_principal(mut self, limit: usize) -> Self {
        self.config.max_sessions_per_principal = limit;
        self
    }

    /// Says more at `/health` and `/ready`. Whoever asks sees it, also without credentials.
    pub fn health(
        mut self,
        say: impl Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync + 'static,
    ) -> Self {
        self.config.health = config::Health(Some(std::sync::Arc::new(say)));
        self
    }

    /// Answers every request with a stream, also where one JSON text would do. For tests.
    pub const fn always_stream(mut self, enabled: bool) -> Self {
        self.config.always_stream = enabled;
        self
    }

    /// Lets nobody in without credentials that `guard` accepts, on whatever route: only `/health`, `/ready`
    /// and the metadata that says where credentials come from stay open.
    #[cfg(feature = "auth")]
    pub fn authenticate(mut self, guard: crate::auth::server::ResourceServer) -> Self {
        self.config.guard = Some(Arc::new(guard));
        self
    }

    /// Serves without TLS on an address that other machines can reach: only where something in front ends
    /// TLS, or nobody else is in the network.
    pub const fn allow_plain(mut self) -> Self {
        self.config.plain = true;
        self
    }

    /// Serves everybody on an address that other machines can reach.
    pub const fn allow_anonymous(mut self) -> Self {
        self.config.anonymous = true;
        self
    }

    /// Gives every request an identifier for logs, its own `X-Request-Id` where it has a sound one, and
    /// echoes it in the answer (default: no).
    pub const fn correlation(mut self, enabled: bool) -> Self {
        self.config.correlation = enabled;
        self
    }

    /// Makes the tower service.
    pub fn build(self) -> HttpService {
        let config = self.config;
        let sessions =
            Sessions::new(config.session_ttl, config.max_sessions, config.max_sessions_per_principal);
        let inner = Inner {
            service: self.service,
            sessions: Arc::new(sessions),
            links: Arc::new(Links::new(config.max_sessions, config.max_sessions_per_principal)),
            sweeping: std::sync::atomic::AtomicBool::new(false),
            downgrades: Arc::default(),
            closing: CancellationToken::new(),
            upgraded: Tasks::default(),
            config,
        };
        HttpService(Arc::new(inner))
    }
}

/// Everything that the requests of a transport share.
struct Inner {
    service: SharedService,
    config: Config,
    sessions: Arc<Sessions>,
    links: Arc<Links>,
    sweeping: std::sync::atomic::AtomicBool,
    downgrades: Arc<Downgrades>,
    /// Cancelled when the listener is about to close.
    closing: CancellationToken,
    /// Connections that HTTP let go of.
    upgraded: Tasks,
}

impl Inner {
    /// Opens a session, and sees to it that old ones go.
    fn open_session(&self, initialize: Initialize, peer: Peer) -> Result<Arc<HttpSession>, RpcError> {
        if !self.sweeping.swap(true, std::sync::atomic::Ordering::Relaxed) {
            let sessions = Arc::downgrade(&self.sessions);
            let interval = self.sessions.sweep_interval();
            // Ends when the transport is gone.
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(interval).await;
                    let Some(sessions) = sessions.upgrade() else { return };
                    sessions.sweep();
                }
            });
        }
        // The headers of `initialize` are not those of later requests.
        let peer = Peer { headers: None, ..peer };
        self.sessions.open(|id| {
            let downgrades = Arc::clone(&self.downgrades);
            Session::open(self.service.clone(), id, initialize, peer, downgrades, self.closing.clone())
        })
    }

    /// Answers a request of an old revision that has no session.
    fn stateless(
        &self,
        version: ProtocolVersion,
        id: RequestId,
        method: Method,
        params: Params,
        peer: Peer,
        outbound: Option<SharedOutbound>,
    ) -> ResponseFuture {
        if method == Method::Ping {
            return ResponseFuture::ready(crate::service::Response::result(&b"{}"[..]));
        }
        session::forward(&self.service, version, id, method, params, peer, outbound, &self.downgrades)
    }
}

/// A tower service that serves MCP over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct HttpService(Arc<Inner>);

impl HttpService {
    /// Sessions of old revisions that are open now.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.0.sessions.len()
    }

    /// Connections of HTTP+SSE and WebSocket clients that are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.0.links.len()
    }

    /// Ends what would stay open: subscriptions, streams and connections. Call it when the listener is
    /// about to stop; our own does.
    pub fn close(&self) {
        self.0.closing.cancel();
    }
}

impl<B> Service<http::Request<B>> for HttpService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: fmt::Display,
{
    type Response = http::Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Ok(route::route(inner, request).await) })
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").field("sessions", &self.0.sessions).finish_non_exhaustive()
    }
}
