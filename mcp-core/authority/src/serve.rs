//! A listener of our own: connections, and how they end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service as _;

use crate::authority::Authority;
use crate::route::ClientAddress;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long running requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait when the system has no room for another connection.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// Connections at a time; further ones wait.
const MOST: usize = 1024;

/// Serves an authority until `stop` is done; then takes no more connections, and gives running requests ten seconds.
///
/// It speaks plain HTTP: on addresses other than loopback, put something in front that has the certificate of the issuer.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    authority: Authority,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(());
    let slots = Arc::new(Semaphore::new(MOST));
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => connect(stream, slot, authority.clone(), stopped.clone()),
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
    drop(listener);
    drop(stopped);
    // Connections watch this channel: told to stop, they finish what they have and go.
    let _ = stopping.send(());
    let _ = tokio::time::timeout(GRACE, stopping.closed()).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

/// Whether only the connection that was about to be accepted is lost.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection on a task of its own. The task ends with the connection, or after the watch channel says so.
fn connect(
    stream: TcpStream,
    slot: OwnedSemaphorePermit,
    authority: Authority,
    mut stopped: watch::Receiver<()>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let address = stream.peer_addr().ok().map(|address| ClientAddress(address.ip()));
    tokio::spawn(async move {
        let _slot = slot;
        let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            let mut authority = authority.clone();
            if let Some(address) = address {
                request.extensions_mut().insert(address);
            }
            async move {
                Ok::<_, Infallible>(authority.call(request).await.unwrap_or_else(|never| match never {}))
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
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
