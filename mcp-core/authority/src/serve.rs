//! A listener of our own, by the rules of all listeners.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use hyper::body::Incoming;
use mcp_core::transport::http::Listener;
use tower_service::Service;

use crate::authority::Authority;
use crate::route::ClientAddress;

/// Connections at a time; further ones wait.
const MOST: usize = 1024;

/// Serves an authority until `stop` is done; then takes no more connections, and gives running requests ten seconds.
///
/// ```no_run
/// # async fn run(authority: mcp_authority::Authority) -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_core::transport::http::{Listener, Pem, ServerTls};
///
/// let tls = ServerTls::builder(Pem::File("server.pem".into()), Pem::File("server.key".into())).build()?;
/// let listener = Listener::bind("0.0.0.0:8443").await?.tls(tls);
/// mcp_authority::serve(authority, listener, std::future::pending()).await?;
/// # Ok(()) }
/// ```
///
/// An address that is not loopback must be served with TLS. Where something in front ends TLS, say so with
/// [`Listener::allow_plain`].
///
/// # Errors
/// The listener broke, or would send passwords and tokens [in clear](mcp_core::transport::http::Exposed::Plain).
pub async fn serve(
    authority: Authority,
    listener: impl Into<Listener>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = listener.into().max_connections(MOST);
    listener.serve_with(|address| Known::new(&authority, address), stop).await
}

/// An authority that knows where requests come from.
#[derive(Clone)]
struct Known {
    authority: Authority,
    address: IpAddr,
}

impl Known {
    fn new(authority: &Authority, address: SocketAddr) -> Self {
        Self { authority: authority.clone(), address: address.ip() }
    }
}

impl Service<http::Request<Incoming>> for Known {
    type Response = <Authority as Service<http::Request<Incoming>>>::Response;
    type Error = Infallible;
    type Future = <Authority as Service<http::Request<Incoming>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<http::Request<Incoming>>::poll_ready(&mut self.authority, context)
    }

    fn call(&mut self, mut request: http::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ClientAddress(self.address));
        self.authority.call(request)
    }
}
