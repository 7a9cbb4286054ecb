//! A web server whose every answer is scripted, and which remembers what it was asked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub host: &'static str,
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub form: BTreeMap<String, String>,
    pub json: Value,
    pub headers: HeaderMap,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn form(&self, name: &str) -> &str {
        self.form.get(name).map_or("", String::as_str)
    }

    pub fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// All that was asked, of all hosts, in order.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    /// What a host was asked at a path.
    pub fn of(&self, host: &str, path: &str) -> Vec<Seen> {
        self.0.lock().iter().filter(|seen| seen.host == host && seen.path == path).cloned().collect()
    }

    /// Hosts and paths.
    pub fn paths(&self) -> Vec<String> {
        self.0.lock().iter().map(|seen| format!("{} {}{}", seen.method, seen.host, seen.path)).collect()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub fn json(value: &Value) -> Reply {
    Reply { status: 200, headers: vec![("content-type", "application/json".into())], body: value.to_string() }
}

pub fn status(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: String::new() }
}

impl Reply {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// A server on a free port. Dropping it closes the port.
#[derive(Debug)]
pub struct Host {
    /// Without a slash at the end.
    pub url: String,
    running: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Host {
    /// The script gets the URL of the host first.
    pub async fn start<S>(name: &'static str, log: &Log, script: impl FnOnce(&str) -> S) -> Self
    where
        S: Fn(&Seen) -> Reply + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script: Script = Arc::new(script(&url));
        let log = log.clone();
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (log.clone(), Arc::clone(&script));
                let service =
                    service_fn(move |request| answer(name, log.clone(), Arc::clone(&script), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, running }
    }
}

async fn answer(
    host: &'static str,
    log: Log,
    script: Script,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let pairs = |text: &[u8]| url::form_urlencoded::parse(text).into_owned().collect::<BTreeMap<_, _>>();
    let form =
        head.headers.get("content-type").is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let seen = Seen {
        host,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: pairs(head.uri.query().unwrap_or_default().as_bytes()),
        form: if form { pairs(&body) } else { BTreeMap::new() },
        json: serde_json::from_slice(&body).unwrap_or_default(),
        headers: head.headers,
    };
    log.0.lock().push(seen.clone());
    let reply = script(&seen);
    let mut response = Response::new(Full::new(reply.body.into()));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        response.headers_mut().append(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
    }
    Ok(response)
}
