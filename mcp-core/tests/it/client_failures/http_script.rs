//! An HTTP server whose every byte a test decides on.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{LEGACY, MODERN, discovered, refusal, response, welcome};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub verb: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Value,
}

impl Asked {
    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }
}

/// Where the answer goes. Dropping it closes the connection.
pub struct Out {
    writer: OwnedWriteHalf,
    reader: BufReader<OwnedReadHalf>,
}

impl Out {
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await
    }

    /// A whole response.
    pub async fn whole(mut self, status: u16, headers: &str, body: &str) -> Option<Self> {
        let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
        self.raw(&[head.as_bytes(), body.as_bytes()].concat()).await.ok()?;
        Some(self)
    }

    /// A message as JSON.
    pub async fn json(self, message: &Value) -> Option<Self> {
        self.whole(200, "content-type: application/json\r\n", &message.to_string()).await
    }

    /// The head of a stream of events that ends with the connection.
    pub async fn stream(&mut self) -> io::Result<()> {
        self.raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n").await
    }

    pub async fn event(&mut self, message: &Value) -> io::Result<()> {
        self.raw(format!("data: {message}\n\n").as_bytes()).await
    }

    /// Waits until the client closes the connection.
    pub async fn until_closed(mut self) {
        let mut rest = Vec::new();
        // An error is an end as well.
        _ = self.reader.read_to_end(&mut rest).await;
    }
}

pub type Answering = Pin<Box<dyn Future<Output = Option<Out>> + Send>>;

/// A scripted server: everything it was asked is on record.
pub struct Script {
    pub address: SocketAddr,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    pub connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    /// Answers each request as the function does; none closes the connection.
    pub async fn start(answer: impl Fn(Asked, Out) -> Answering + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let connections = Arc::new(AtomicUsize::new(0));
        let (record, counter, answer) = (Arc::clone(&asked), Arc::clone(&connections), Arc::new(answer));
        let task = tokio::spawn(async move {
            // Dropped with this task: connections end with their server.
            let mut open = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
                open.spawn(async move {
                    let mut out = Some(open_socket(socket));
                    while let Some(mut at) = out.take() {
                        let Some(request) = read(&mut at.reader).await else { return };
                        record.lock().push(request.clone());
                        out = answer(request, at).await;
                    }
                });
            }
        });
        Self { address, asked, connections, task }
    }

    /// A server of the newest revision; the function answers what is not discovery.
    pub async fn modern(answer: impl Fn(Asked, Out) -> Answering + Send + Sync + 'static) -> Self {
        Self::start(move |asked, out| match asked.method() {
            "server/discover" => {
                let found = response(&asked.body, &discovered());
                Box::pin(async move { out.json(&found).await })
            }
            _ => answer(asked, out),
        })
        .await
    }

    /// A server with sessions `s-0`, `s-1` and so on; the function answers what is no handshake.
    pub async fn legacy(answer: impl Fn(Asked, Out) -> Answering + Send + Sync + 'static) -> Self {
        let sessions = AtomicUsize::new(0);
        Self::start(move |asked, out| match (asked.verb.as_str(), asked.method()) {
            (_, "server/discover") => {
                let body = refusal(&asked.body, -32600, "no session").to_string();
                Box::pin(async move { out.whole(400, "content-type: application/json\r\n", &body).await })
            }
            (_, "initialize") => {
                let session = sessions.fetch_add(1, Ordering::SeqCst);
                let headers = format!("content-type: application/json\r\nmcp-session-id: s-{session}\r\n");
                let body = response(&asked.body, &welcome()).to_string();
                Box::pin(async move { out.whole(200, &headers, &body).await })
            }
            (_, "notifications/initialized" | "notifications/cancelled") => Box::pin(out_of_words(out, 202)),
            ("DELETE", _) => Box::pin(out_of_words(out, 200)),
            ("GET", _) if !asked.headers.contains_key("last-event-id") => Box::pin(out_of_words(out, 405)),
            _ => answer(asked, out),
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// How often a method was asked for.
    pub fn count(&self, method: &str) -> usize {
        self.asked.lock().iter().filter(|asked| asked.method() == method).count()
    }
}

async fn out_of_words(out: Out, status: u16) -> Option<Out> {
    out.whole(status, "", "").await
}

fn open_socket(socket: TcpStream) -> Out {
    socket.set_nodelay(true).unwrap();
    let (reader, writer) = socket.into_split();
    Out { writer, reader: BufReader::new(reader) }
}

async fn read(reader: &mut BufReader<OwnedReadHalf>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (verb, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(json!(null));
    Some(Asked { verb, path, headers, body })
}

#[tokio::test]
async fn the_script_itself_speaks_both_eras() {
    for (modern, version) in [(true, MODERN), (false, LEGACY)] {
        let answer = |asked: Asked, out: Out| -> Answering {
            let answer = response(&asked.body, &super::said("well"));
            Box::pin(async move { out.json(&answer).await })
        };
        let script = if modern { Script::modern(answer).await } else { Script::legacy(answer).await };
        let client = mcp_core::client::Client::connect(script.url()).await.unwrap();
        assert_eq!(client.server().await.unwrap().version.as_str(), version);
        assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    }
}
