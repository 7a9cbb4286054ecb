//! Names to addresses, of which some may be off limits.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// Whether a client may connect to an address.
pub(super) type Allowed = fn(IpAddr) -> bool;

/// The resolver of the system, without the addresses that must not be connected to. The check is made on the very
/// addresses that are connected to: a name that changes in between gains nothing.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    allowed: Option<Allowed>,
}

impl Resolver {
    pub(super) fn new(allowed: Option<Allowed>) -> Self {
        Self { system: GaiResolver::new(), allowed }
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.system.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (found, allowed) = (self.system.call(name), self.allowed);
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                found.await?.filter(|address| allowed.is_none_or(|allowed| allowed(address.ip()))).collect();
            if found.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "the name has no address that may be used",
                ));
            }
            Ok(found.into_iter())
        })
    }
}

/// Whether the host of a URL may be asked, if it is an address. Names are checked when they are resolved.
pub(super) fn is_allowed(uri: &http::Uri, allowed: Option<Allowed>) -> bool {
    let host = uri.host().unwrap_or_default();
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match (literal.parse::<IpAddr>(), allowed) {
        (Ok(address), Some(allowed)) => allowed(address),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;

    use bytes::Bytes;
    use http::Request;

    use crate::client::http::{HttpClient, HttpError};

    fn elsewhere(address: std::net::IpAddr) -> bool {
        !address.is_loopback()
    }

    #[tokio::test]
    async fn names_and_addresses_of_this_machine_are_off_limits() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = HttpClient::builder().only_addresses(elsewhere).build();
        let send = async |host: &str| {
            let request = Request::get(format!("http://{host}:{port}/")).body(Bytes::new()).unwrap();
            client.send(request).await.unwrap_err()
        };
        for host in ["127.0.0.1", "[::1]", "127.0.0.2"] {
            let error = send(host).await;
            assert!(matches!(error, HttpError::Forbidden { .. }), "{host}: {error}");
        }
        let error = send("localhost").await;
        let HttpError::Connect { source, .. } = error else { panic!("{error}") };
        let mut causes =
            std::iter::successors(Some(&*source as &dyn std::error::Error), |error| error.source());
        assert!(causes.any(|cause| cause.to_string().contains("no address that may be used")));
        // Nobody came.
        let came = std::pin::pin!(listener.accept())
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(came.is_pending());
    }
}
