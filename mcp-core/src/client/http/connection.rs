//! The connections that all requests share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::Url;

use super::HttpError;
use super::resolve::{Allowed, Resolver, is_allowed};

/// Hops that one request may be sent on.
const MAX_REDIRECTS: usize = 5;
/// Idle connections kept for each host.
const MAX_IDLE: usize = 64;

type Connector = HttpConnector<Resolver>;

/// Pooled HTTP connections. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    plain: Client<Connector, Full<Bytes>>,
    #[cfg(feature = "tls")]
    secure: std::sync::OnceLock<Client<hyper_rustls::HttpsConnector<Connector>, Full<Bytes>>>,
    settings: HttpClientBuilder,
}

/// Settings of an [`HttpClient`].
#[derive(Debug, Clone)]
#[must_use]
pub struct HttpClientBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    roots: Vec<Bytes>,
    allowed: Option<Allowed>,
}

/// Bytes in and out.
#[cfg(feature = "ws")]
pub(crate) trait Stream: hyper::rt::Read + hyper::rt::Write + Unpin + Send {}
#[cfg(feature = "ws")]
impl<T: hyper::rt::Read + hyper::rt::Write + Unpin + Send> Stream for T {}
#[cfg(feature = "ws")]
pub(crate) type Raw = Box<dyn Stream>;

impl HttpClientBuilder {
    /// How long connecting may take; 10 s unless set.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an idle connection is kept; 60 s unless set.
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Trusts the certificates in this PEM text as well as those of the system.
    pub fn root_certificate(mut self, pem: impl Into<Bytes>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Connects only to addresses that this allows, be they written in a URL or found by its name. For URLs that
    /// strangers choose, which must not lead into the network of this machine.
    pub const fn only_addresses(mut self, allowed: fn(std::net::IpAddr) -> bool) -> Self {
        self.allowed = Some(allowed);
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> HttpClient {
        let plain = pool(&self).build(connector(&self));
        HttpClient(Arc::new(Inner {
            plain,
            #[cfg(feature = "tls")]
            secure: std::sync::OnceLock::new(),
            settings: self,
        }))
    }
}

fn connector(settings: &HttpClientBuilder) -> Connector {
    let mut connector = HttpConnector::new_with_resolver(Resolver::new(settings.allowed));
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(settings.connect_timeout));
    connector.enforce_http(false);
    connector
}

fn pool(settings: &HttpClientBuilder) -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(settings.idle_timeout)
        .pool_max_idle_per_host(MAX_IDLE);
    builder
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl HttpClient {
    /// Settings to change.
    pub const fn builder() -> HttpClientBuilder {
        HttpClientBuilder {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            roots: Vec::new(),
            allowed: None,
        }
    }

    /// Sends a request and returns as soon as the head of the answer is there.
    ///
    /// # Errors
    /// The server cannot be reached, or the connection broke. Statuses are no errors here.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Incoming>, HttpError> {
        let uri = request.uri().clone();
        if !is_allowed(&uri, self.0.settings.allowed) {
            return Err(HttpError::Forbidden { url: shown(&uri) });
        }
        let request = request.map(Full::new);
        let sent = match uri.scheme_str() {
            Some("http") => self.0.plain.request(request).await,
            #[cfg(feature = "tls")]
            Some("https") => self.secure()?.request(request).await,
            #[cfg(not(feature = "tls"))]
            Some("https") => return Err(HttpError::NoTls { url: shown(&uri) }),
            _ => return Err(HttpError::Url { url: shown(&uri) }),
        };
        sent.map_err(|error| failed(shown(&uri), error))
    }

    /// Sends a request, follows redirects to the same origin, and reads the whole answer.
    ///
    /// # Errors
    /// As [`send`](Self::send); the answer has more than `limit` bytes, takes longer than `timeout`,
    /// or leads to another origin.
    pub async fn fetch(
        &self,
        request: Request<Bytes>,
        limit: usize,
        timeout: Duration,
    ) -> Result<Response<Bytes>, HttpError> {
        let url = shown(request.uri());
        let exchange = async {
            let response = self.follow(request).await?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, read(body, limit, || url.clone()).await?))
        };
        tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(HttpError::Timeout { url: url.clone(), after: timeout }))
    }

    /// Sends a request and follows redirects that keep method, body and origin.
    ///
    /// # Errors
    /// As [`send`](Self::send); the answer leads elsewhere, or in circles.
    pub async fn follow(&self, request: Request<Bytes>) -> Result<Response<Incoming>, HttpError> {
        let again = request.clone();
        self.follow_with(|| again.clone()).await
    }

    /// The same for a request that can be made anew for each hop; most have one.
    pub(crate) async fn follow_with(
        &self,
        make: impl Fn() -> Request<Bytes>,
    ) -> Result<Response<Incoming>, HttpError> {
        let response = self.send(make()).await?;
        if !response.status().is_redirection() {
            return Ok(response);
        }
        // Boxed like all that is rare: the future of every request would have room for it.
        Box::pin(self.hop(response, make)).await
    }

    async fn hop(
        &self,
        mut response: Response<Incoming>,
        make: impl Fn() -> Request<Bytes>,
    ) -> Result<Response<Incoming>, HttpError> {
        let mut request = make();
        for hop in 0.. {
            let (method, uri) = (request.method(), request.uri());
            let Some(to) = target(method, uri, &response, hop)? else { return Ok(response) };
            *request.uri_mut() = to.clone();
            response = self.send(request).await?;
            request = make();
            *request.uri_mut() = to;
        }
        unreachable!("the loop ends by returning")
    }

    /// A connection of its own, not pooled: plain for `ws`, secured for `wss`.
    #[cfg(feature = "ws")]
    pub(crate) async fn raw(&self, url: &Url) -> Result<Raw, HttpError> {
        use tower_service::Service;
        let (scheme, shown) = (url.scheme(), format!("{}://{}", url.scheme(), url.authority()));
        let secured = scheme == "wss";
        let place = url.as_str().replacen(scheme, if secured { "https" } else { "http" }, 1);
        let uri: http::Uri = place.parse().map_err(|_| HttpError::Url { url: shown.clone() })?;
        if !is_allowed(&uri, self.0.settings.allowed) {
            return Err(HttpError::Forbidden { url: shown });
        }
        if !secured {
            let io = connector(&self.0.settings).call(uri).await;
            return io
                .map(|io| Box::new(io) as Raw)
                .map_err(|error| HttpError::Connect { url: shown, source: error.into() });
        }
        #[cfg(feature = "tls")]
        {
            let io = self.secure_connector()?.call(uri).await;
            io.map(|io| Box::new(io) as Raw).map_err(|source| HttpError::Connect { url: shown, source })
        }
        #[cfg(not(feature = "tls"))]
        Err(HttpError::NoTls { url: shown })
    }

    #[cfg(feature = "tls")]
    fn secure_connector(&self) -> Result<hyper_rustls::HttpsConnector<Connector>, HttpError> {
        let config = super::tls::config(&self.0.settings.roots).map_err(HttpError::Roots)?;
        Ok(hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .wrap_connector(connector(&self.0.settings)))
    }

    #[cfg(feature = "tls")]
    fn secure(&self) -> Result<&Client<hyper_rustls::HttpsConnector<Connector>, Full<Bytes>>, HttpError> {
        if let Some(client) = self.0.secure.get() {
            return Ok(client);
        }
        let connector = self.secure_connector()?;
        Ok(self.0.secure.get_or_init(|| pool(&self.0.settings).build(connector)))
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read<B>(mut body: B, limit: usize, url: impl Fn() -> String) -> Result<Bytes, HttpError>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    let too_large = || HttpError::TooLarge { url: url(), limit };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(url(), error))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > limit {
            return Err(too_large());
        }
        // Small answers come in one piece and are not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The error of a connection that broke while its answer was read.
pub(crate) fn broken(url: String, error: hyper::Error) -> HttpError {
    HttpError::Broken { url, sent: true, source: error.into() }
}

fn failed(url: String, error: Error) -> HttpError {
    if error.is_connect() {
        return HttpError::Connect { url, source: error.into() };
    }
    // What never left because the connection was closed before may be sent again.
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<hyper::Error>());
    let sent = !cause.is_some_and(hyper::Error::is_canceled);
    HttpError::Broken { url, sent, source: error.into() }
}

/// Where a response leads; none if it is an answer.
fn target<B>(
    method: &Method,
    from: &http::Uri,
    response: &Response<B>,
    hop: usize,
) -> Result<Option<http::Uri>, HttpError> {
    let status = response.status();
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION).and_then(as_text) else { return Ok(None) };
    let url = shown(from);
    let refuse = |to: String, why| Err(HttpError::Redirect { url: url.clone(), status, to, why });
    let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let Some(to) = Url::parse(&from.to_string()).ok().and_then(|base| base.join(location).ok()) else {
        return refuse(location.chars().take(200).collect(), "it is not a URL");
    };
    let Ok(uri) = to.as_str().parse::<http::Uri>() else {
        return refuse(location.chars().take(200).collect(), "it is not a URL");
    };
    let shown_to = shown(&uri);
    if hop >= MAX_REDIRECTS {
        return refuse(shown_to, "too many redirects");
    }
    if !keeps && *method != Method::GET {
        return refuse(shown_to, "it would turn the request into another one");
    }
    // Credentials and what the request holds are for the origin that was named.
    if uri.scheme() != from.scheme() || uri.authority() != from.authority() {
        return refuse(shown_to, "it is another origin; use that URL if you trust it");
    }
    Ok(Some(uri))
}

fn as_text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

/// A URL for messages: without user info and query, where secrets may lie.
pub(crate) fn shown(uri: &http::Uri) -> String {
    let host = uri.authority().map_or("", |authority| {
        authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host)
    });
    format!("{}://{host}{}", uri.scheme_str().unwrap_or("?"), uri.path())
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}
