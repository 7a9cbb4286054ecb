//! A listener of our own: connections, and how they end.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tower_service::Service;

use super::{Http, HttpService};
use crate::service::SharedService;
use crate::transport::{ServeError, Transport, told_to_stop};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long running requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait when the system has no room for another connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// A bound address, ready to serve.
pub struct Listener {
    socket: TcpListener,
}

impl Listener {
    /// Binds an address. Port 0 takes any free one; [`local_addr`](Self::local_addr) tells which.
    ///
    /// # Errors
    /// The address is not ours, or in use.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await? })
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
    /// # Errors
    /// The listener broke.
    pub async fn serve(self, mut http: Http, stop: impl Future<Output = ()>) -> io::Result<()> {
        if !self.local_addr()?.ip().is_loopback() && !http.config.hosts_named {
            http = http.allow_any_host();
        }
        let http = http.build();
        let (stopping, stopped) = watch::channel(());
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = self.socket.accept() => match accepted {
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
fn connect(stream: TcpStream, http: HttpService, mut stopped: watch::Receiver<()>) {
    // Without this a stream of small events waits for acknowledgements: 40 ms a call.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    tokio::spawn(async move {
        let service = service_fn(move |request| {
            let mut http = http.clone();
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
    });
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.local_addr().ok()).finish_non_exhaustive()
    }
}
