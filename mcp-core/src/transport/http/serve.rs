//! A listener of our own: connections, and how they end.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http::Extensions;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tower_service::Service;

#[cfg(feature = "tls")]
use super::ServerTls;
use super::{Http, HttpService};
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
}

/// A listener would let in whom its owner may not have thought of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Exposed {
    /// No TLS.
    #[error(
        "`{0}` can be reached from other machines: serve it with TLS (`Listener::tls`), or say that it is meant to go without (`Http::allow_plain`, `--insecure`)"
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
        let socket = TcpListener::bind(address).await?;
        Ok(Self {
            socket,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// Speaks TLS with every client.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    const fn is_secured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Refuses to be reachable from other machines without TLS and credentials, unless that is meant.
    fn check(&self, address: SocketAddr, http: &Http) -> io::Result<()> {
        let exposed = if address.ip().is_loopback() {
            return Ok(());
        } else if !self.is_secured() && !http.config.plain {
            Exposed::Plain(address)
        } else if !http.config.authenticates() && !http.config.anonymous {
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
        self.check(address, &http)?;
        if !address.ip().is_loopback() && !http.config.hosts_named {
            http = http.allow_any_host();
        }
        let http = http.build();
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
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = &mut watch => {}
                accepted = self.socket.accept() => match accepted {
                    #[cfg(feature = "tls")]
                    Ok((stream, _)) if self.tls.is_some() => {
                        if let Some(tls) = &self.tls {
                            connect_securely(stream, tls, http.clone(), stopped.clone());
                        }
                    }
                    Ok((stream, _)) => connect(stream, http.clone(), stopped.clone()),
                    Err(error) if is_of_connection(&error) => {}
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        tokio::time::sleep(EXHAUSTED).await;
                    }
                },
            }
        }
        drop(self.socket);
        drop(stopped);
        http.close();
        // Connections watch this channel: told to stop, they finish what they have and go.
        let _ = stopping.send(());
        let ended = async {
            stopping.closed().await;
            http.0.upgraded.wait().await;
        };
        let _ = tokio::time::timeout(GRACE, ended).await;
        Ok(())
    }
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
fn connect(stream: TcpStream, http: HttpService, stopped: watch::Receiver<()>) {
    no_delay(&stream);
    tokio::spawn(converse(stream, http, stopped, |_| {}));
}

/// The same after a TLS handshake; requests carry the certificate that the client showed.
#[cfg(feature = "tls")]
fn connect_securely(stream: TcpStream, tls: &ServerTls, http: HttpService, stopped: watch::Receiver<()>) {
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
        converse(stream, http, stopped, mark).await;
    });
}

// Without this a stream of small events waits for acknowledgements: 40 ms a call.
fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
}

/// Answers the requests of a connection. `mark` adds to each what is known of its sender.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http: HttpService,
    mut stopped: watch::Receiver<()>,
    mark: impl Fn(&mut Extensions) + Send + Sync + 'static,
) {
    let service = service_fn(move |mut request: http::Request<_>| {
        let mut http = http.clone();
        mark(request.extensions_mut());
        async move { Ok::<_, Infallible>(http.call(request).await.unwrap_or_else(|never| match never {})) }
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
        _ = stopped.changed() => {
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
