//! A listener of our own: connections, and how they end.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service;

use super::Http;
#[cfg(feature = "tls")]
use super::ServerTls;
#[cfg(feature = "auth")]
use crate::auth::server::PeerCertificate;
use crate::service::SharedService;
use crate::transport::{ServeError, Transport, told_to_stop};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
#[cfg(feature = "tls")]
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long running requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait when the system has no room for another connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// A bound address, ready to serve.
pub struct Listener {
    socket: TcpListener,
    #[cfg(feature = "tls")]
    tls: Option<ServerTls>,
    plain: bool,
    slots: Option<Arc<Semaphore>>,
}

/// A listener would let in whom its owner may not have thought of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Exposed {
    /// No TLS.
    #[error(
        "`{0}` can be reached from other machines: serve it with TLS (`Listener::tls`), or say that it is meant to go without (`allow_plain`, `--insecure`)"
    )]
    Plain(SocketAddr),
    /// No credentials.
    #[error(
        "`{0}` can be reached from other machines: say who may call (`Http::authenticate`), or that everybody may (`Http::allow_anonymous`, `--insecure`)"
    )]
    Anonymous(SocketAddr),
}

impl Listener {
    /// Binds an address. Port 0 takes any free one; [`local_addr`](Self::local_addr) tells which.
    ///
    /// # Errors
    /// The address is not ours, or in use.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(TcpListener::bind(address).await?.into())
    }

    /// Speaks TLS with every client.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Takes at most this many connections at a time; further ones wait. Without it there is no limit.
    #[must_use]
    pub fn max_connections(mut self, most: usize) -> Self {
        self.slots = Some(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))));
        self
    }

    /// Serves without TLS where other machines can reach it: only where something in front ends TLS. For an MCP service
    /// [`Http::allow_plain`] says the same.
    #[must_use]
    pub const fn allow_plain(mut self) -> Self {
        self.plain = true;
        self
    }

    const fn is_secured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Refuses to be reachable from other machines without TLS and credentials, unless that is meant.
    fn check(&self, address: SocketAddr, plain: bool, anonymous: bool) -> io::Result<()> {
        let exposed = if address.ip().is_loopback() {
            return Ok(());
        } else if !self.is_secured() && !plain {
            Exposed::Plain(address)
        } else if !anonymous {
            Exposed::Anonymous(address)
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::PermissionDenied, exposed))
    }

    /// The address that is bound.
    ///
    /// # Errors
    /// The system does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` is done; then takes no more connections, ends idle ones, and gives running
    /// requests ten seconds.
    ///
    /// On an address that is not loopback, any host name is allowed unless some were named.
    ///
    /// Such an address must be served with TLS and credentials, unless [`Http::allow_plain`] and
    /// [`Http::allow_anonymous`] say otherwise.
    ///
    /// # Errors
    /// The listener broke, or would let in [whom it should not](Exposed).
    pub async fn serve(self, mut http: Http, stop: impl Future<Output = ()>) -> io::Result<()> {
        let address = self.local_addr()?;
        let config = &http.config;
        self.check(address, self.plain || config.plain, config.authenticates() || config.anonymous)?;
        if !address.ip().is_loopback() && !http.config.hosts_named {
            http = http.allow_any_host();
        }
        let http = http.build();
        let connections = self.accept(|_| http.clone(), stop).await;
        http.close();
        connections.end(http.0.upgraded.wait()).await;
        Ok(())
    }

    /// Serves something other than MCP by the same rules, such as an authorization server: a service for each
    /// connection, made from the address of the client, until `stop` is done.
    ///
    /// An address that is not loopback must be served with TLS, unless [`allow_plain`](Self::allow_plain) says
    /// otherwise. Who may call is up to the service.
    ///
    /// # Errors
    /// The listener broke, or would speak [without TLS](Exposed::Plain) where it should not.
    pub async fn serve_with<S, B>(
        self,
        service: impl FnMut(SocketAddr) -> S,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()>
    where
        S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.check(self.local_addr()?, self.plain, true)?;
        self.accept(service, stop).await.end(std::future::ready(())).await;
        Ok(())
    }

    /// Takes connections until it is told to stop.
    async fn accept<S, B>(
        self,
        mut service: impl FnMut(SocketAddr) -> S,
        stop: impl Future<Output = ()>,
    ) -> Connections
    where
        S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let (stopping, stopped) = watch::channel(());
        let mut stop = pin!(stop);
        #[cfg(feature = "tls")]
        let watch = async {
            match &self.tls {
                Some(tls) => tls.watch().await,
                None => std::future::pending().await,
            }
        };
        #[cfg(not(feature = "tls"))]
        let watch = std::future::pending::<()>();
        let mut watch = pin!(watch);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                () = &mut watch => continue,
                accepted = self.next() => accepted,
            };
            match accepted {
                Ok((stream, address, slot)) => {
                    let end = Ending { stopped: stopped.clone(), _slot: slot };
                    #[cfg(feature = "tls")]
                    if let Some(tls) = &self.tls {
                        connect_securely(stream, tls, service(address), end);
                        continue;
                    }
                    connect(stream, service(address), end);
                }
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
        Connections(stopping)
    }

    /// The next connection, once there is room for it.
    async fn next(&self) -> io::Result<(TcpStream, SocketAddr, Option<OwnedSemaphorePermit>)> {
        let slot = match &self.slots {
            Some(slots) => Some(Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?),
            None => None,
        };
        let (stream, address) = self.socket.accept().await?;
        Ok((stream, address, slot))
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self {
            socket,
            #[cfg(feature = "tls")]
            tls: None,
            plain: false,
            slots: None,
        }
    }
}

/// The connections of a listener that takes no more.
struct Connections(watch::Sender<()>);

impl Connections {
    /// Ends idle ones, and waits for the others and for `more`, but not for ever.
    async fn end(self, more: impl Future<Output = ()>) {
        // Connections watch this channel: told to stop, they finish what they have and go.
        let _ = self.0.send(());
        let ended = async {
            self.0.closed().await;
            more.await;
        };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}

/// What a connection holds until it ends.
struct Ending {
    stopped: watch::Receiver<()>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Transport for Listener {
    async fn serve(self, service: SharedService) -> Result<(), ServeError> {
        Ok(Self::serve(self, Http::new(service), told_to_stop()).await?)
    }
}

impl Transport for &str {
    async fn serve(self, service: SharedService) -> Result<(), ServeError> {
        let bind = |source| ServeError::Bind { address: self.to_owned(), source };
        let listener = Listener::bind(self).await.map_err(bind)?;
        Transport::serve(listener, service).await
    }
}

impl Transport for SocketAddr {
    async fn serve(self, service: SharedService) -> Result<(), ServeError> {
        self.to_string().as_str().serve(service).await
    }
}

/// Whether only the connection that was about to be accepted is lost.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection on a task of its own. The task ends with the connection, or after the
/// watch channel says so.
fn connect<S, B>(stream: TcpStream, service: S, end: Ending)
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    no_delay(&stream);
    tokio::spawn(converse(stream, service, end, |_| {}));
}

/// The same after a TLS handshake; requests carry the certificate that the client showed.
#[cfg(feature = "tls")]
fn connect_securely<S, B>(stream: TcpStream, tls: &ServerTls, service: S, end: Ending)
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    no_delay(&stream);
    let acceptor = tls.acceptor();
    tokio::spawn(async move {
        let stream = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => return tracing::debug!("a TLS handshake took too long"),
        };
        #[cfg(feature = "auth")]
        let mark = {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let shown = shown.map(|certificate| PeerCertificate::new(certificate.to_vec()));
            move |extensions: &mut Extensions| {
                if let Some(certificate) = &shown {
                    extensions.insert(certificate.clone());
                }
            }
        };
        #[cfg(not(feature = "auth"))]
        let mark = |_: &mut Extensions| {};
        converse(stream, service, end, mark).await;
    });
}

// Without this a stream of small events waits for acknowledgements: 40 ms a call.
fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
}

/// Answers the requests of a connection. `mark` adds to each what is known of its sender.
async fn converse<S, B>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: S,
    mut end: Ending,
    mark: impl Fn(&mut Extensions) + Send + Sync + 'static,
) where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        let mut service = service.clone();
        mark(request.extensions_mut());
        async move { service.call(request).await }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = end.stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.local_addr().ok()).finish_non_exhaustive()
    }
}
