//! The redirect comes back to this machine (RFC 8252, 7.3).

use std::convert::Infallible;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use url::Url;

use super::Secret;
use super::consent::{Consent, Question};
use crate::service::BoxError;

const PATH: &str = "/callback";
/// How long the browser may take to fetch the page that says it is done.
const GOODBYE: Duration = Duration::from_secs(2);

type Opener = Arc<dyn Fn(&Url) -> Result<(), BoxError> + Send + Sync>;

/// Sends a person to their browser, and waits on a port of 127.0.0.1 for them to come back.
#[derive(Clone)]
#[must_use]
pub struct Loopback {
    open: Opener,
    port: u16,
    timeout: Duration,
}

impl Loopback {
    /// `open` shows a URL to the person, for instance by starting their browser.
    pub fn new(open: impl Fn(&Url) -> Result<(), BoxError> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), port: 0, timeout: Duration::from_secs(300) }
    }

    /// Says in the log (`tracing`, level info) which URL to open. No browser is started.
    pub fn announced() -> Self {
        Self::new(|url| {
            tracing::info!(%url, "open this URL in a browser to continue");
            Ok(())
        })
    }

    /// The port of the redirect URI, for authorization servers that do not let it differ; any free one
    /// unless set.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long the person may take; 5 minutes unless set.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

#[async_trait::async_trait]
impl Consent for Loopback {
    async fn begin(&self) -> Result<Box<dyn Question>, BoxError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let redirect = Url::parse(&format!("http://{}{PATH}", listener.local_addr()?))?;
        Ok(Box::new(Waiting { listener, redirect, open: Arc::clone(&self.open), timeout: self.timeout }))
    }
}

struct Waiting {
    listener: TcpListener,
    redirect: Url,
    open: Opener,
    timeout: Duration,
}

#[async_trait::async_trait]
impl Question for Waiting {
    fn redirect_uri(&self) -> &Url {
        &self.redirect
    }

    async fn ask(self: Box<Self>, url: &Url) -> Result<Url, BoxError> {
        let state = parameter(url, "state").ok_or("the authorization URL has no `state`")?;
        (self.open)(url)?;
        let (sender, receiver) = oneshot::channel();
        let desk = Desk { state: state.into(), redirect: self.redirect, answer: Mutex::new(Some(sender)) };
        let waited =
            tokio::time::timeout(self.timeout, serve(&self.listener, Arc::new(desk), receiver)).await;
        waited.map_err(|_| format!("nobody came back within {:?}", self.timeout))?
    }
}

/// Takes the one answer that is waited for.
struct Desk {
    state: Secret,
    redirect: Url,
    answer: Mutex<Option<oneshot::Sender<Url>>>,
}

async fn serve(
    listener: &TcpListener,
    desk: Arc<Desk>,
    mut answer: oneshot::Receiver<Url>,
) -> Result<Url, BoxError> {
    // Browsers open connections that they do not use, so none may keep others waiting.
    let mut connections = JoinSet::new();
    let answer = loop {
        tokio::select! {
            answer = &mut answer => break answer?,
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let desk = Arc::clone(&desk);
                let service = service_fn(move |request| {
                    let response = desk.handle(&request);
                    async move { Ok::<_, Infallible>(response) }
                });
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).max_buf_size(16 * 1024);
                connections.spawn(http.serve_connection(TokioIo::new(stream), service));
            }
            Some(_) = connections.join_next() => {}
        }
    };
    // The page is on its way; idle connections are not waited for long.
    drop(tokio::time::timeout(GOODBYE, connections.join_next()).await);
    Ok(answer)
}

impl Desk {
    fn handle(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET || request.uri().path() != PATH {
            return page(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        let mut url = self.redirect.clone();
        url.set_query(request.uri().query());
        // Anybody on this machine can come here; only the authorization server knows the state.
        if !parameter(&url, "state").is_some_and(|state| self.state.matches(&state)) {
            return page(
                StatusCode::BAD_REQUEST,
                "This is not the answer that is waited for. Please start again from the application.",
            );
        }
        let refused = parameter(&url, "error").is_some();
        let Some(sender) = self.answer.lock().take() else {
            return page(StatusCode::GONE, "This answer was used already. You can close this window.");
        };
        if sender.send(url).is_err() {
            return page(StatusCode::GONE, "The application no longer waits. Please start again from there.");
        }
        let text = if refused {
            "Access was not granted. You can close this window; the application says more."
        } else {
            "That is all. You can close this window and go back to the application."
        };
        page(StatusCode::OK, text)
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A page for a person. Nothing of the request is in it.
fn page(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Authorization</title>\
         <body style=\"font-family: sans-serif; margin: 4em auto; max-width: 30em\"><p>{text}</p></body></html>"
    );
    let mut response = Response::new(Full::new(html.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        // The code is in the address of this page.
        (REFERRER_POLICY, "no-referrer"),
        (CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loopback")
            .field("port", &self.port)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;

    use super::*;

    async fn get(redirect: &Url, target: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_right_redirect_is_taken_once() {
        let (opened, mut seen) = mpsc::unbounded_channel();
        let loopback = Loopback::new(move |url| Ok(opened.send(url.clone())?));
        let question = loopback.begin().await.unwrap();
        let redirect = question.redirect_uri().clone();
        assert_eq!(redirect.host_str(), Some("127.0.0.1"));
        let url = Url::parse("https://as.example/authorize?state=s3").unwrap();
        let asked = url.clone();
        let asking = tokio::spawn(async move { question.ask(&asked).await.unwrap() });
        assert_eq!(seen.recv().await.unwrap(), url);
        // A connection without request, as browsers make.
        let _idle = TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).await.unwrap();
        assert!(get(&redirect, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
        assert!(get(&redirect, "/callback?code=evil&state=s4").await.starts_with("HTTP/1.1 400"));
        assert!(get(&redirect, "/callback?error=x").await.starts_with("HTTP/1.1 400"));
        assert!(!asking.is_finished());
        let page = get(&redirect, "/callback?code=c%20d&state=s3&iss=https://as.example").await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains("no-store") && page.contains("close this window") && !page.contains("c%20d"));
        let answer = asking.await.unwrap();
        assert_eq!(answer.query(), Some("code=c%20d&state=s3&iss=https://as.example"));
        assert!(TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_for_ever() {
        let question = Loopback::announced().timeout(Duration::from_secs(60)).begin().await.unwrap();
        let url = Url::parse("https://as.example/authorize?state=s").unwrap();
        let error = question.ask(&url).await.unwrap_err();
        assert_eq!(error.to_string(), "nobody came back within 60s");
    }

    #[tokio::test]
    async fn a_browser_that_does_not_start_is_told() {
        let loopback = Loopback::new(|_| Err("no display".into()));
        let question = loopback.begin().await.unwrap();
        let url = Url::parse("https://as.example/authorize?state=s").unwrap();
        assert_eq!(question.ask(&url).await.unwrap_err().to_string(), "no display");
    }
}
