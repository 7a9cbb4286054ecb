//! An HTTP/1.1 client that is as small as can be: one connection, one request at a time.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection.
pub struct Client {
    pub socket: BufReader<TcpStream>,
    host: String,
    text: String,
}

/// A response without its body.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub headers: HashMap<String, String>,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// A server-sent event.
#[derive(Debug, PartialEq, Eq)]
pub struct SseEvent {
    pub name: String,
    pub data: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

impl SseEvent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket: BufReader::new(socket), host: address.to_string(), text: String::new() }
    }

    /// Sends a request. A `host` among the headers replaces the true one.
    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head += &format!("host: {}\r\n", self.host);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method == "POST" {
            head += &format!("content-length: {}\r\n", body.len());
        }
        head += "\r\n";
        self.socket.get_mut().write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    }

    /// Reads the head of a response.
    pub async fn head(&mut self) -> Head {
        let first = self.line().await;
        let status = first.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {first:?}"));
        let status = status.parse().unwrap();
        let mut headers = HashMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        Head { status, headers }
    }

    /// Sends a request and reads the whole response.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send(method, path, headers, body).await;
        let Head { status, headers } = self.head().await;
        let mut body = Vec::new();
        if let Some(length) = headers.get("content-length") {
            body.resize(length.parse().unwrap(), 0);
            self.socket.read_exact(&mut body).await.unwrap();
        } else if headers.contains_key("transfer-encoding") {
            while let Some(chunk) = self.chunk().await {
                body.extend_from_slice(&chunk);
            }
        }
        Answer { status, headers, body }
    }

    /// Posts a JSON text.
    pub async fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("content-type", "application/json")], body.as_bytes()).await
    }

    /// The next event of a stream; none at its end.
    pub async fn event(&mut self) -> Option<SseEvent> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |wanted: &str| {
                    let lines = event.lines().filter_map(move |line| line.strip_prefix(wanted));
                    lines.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>().join("\n")
                };
                let found = SseEvent { name: field("event:"), data: field("data:") };
                self.text = rest.to_owned();
                if found.data.is_empty() {
                    continue;
                }
                return Some(found);
            }
            let chunk = self.chunk().await?;
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.socket.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.line().await;
        let size = usize::from_str_radix(&size, 16).unwrap_or(0);
        let mut chunk = vec![0; size];
        self.socket.read_exact(&mut chunk).await.ok()?;
        self.line().await;
        (size > 0).then_some(chunk)
    }
}
