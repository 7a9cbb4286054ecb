//! A plain HTTP/1.1 client over a real socket: what it sends and reads is what is on the wire.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// One connection. Dropping it closes the socket.
pub(crate) struct Client {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
    address: SocketAddr,
}

/// A request to be sent: a POST to `/mcp` with the headers that every client sends.
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers =
            [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        Self {
            method: method.parse().unwrap(),
            path: "/mcp".into(),
            headers: headers.map(|(name, value)| (name.into(), value.into())).to_vec(),
            body: body.into(),
        }
    }

    /// A request of an old revision.
    pub(crate) fn legacy(frame: &Value) -> Self {
        Self::new("POST", frame.to_string())
    }

    /// A request of 2026-07-28, with all its headers and metadata.
    pub(crate) fn modern(id: i64, method: &str, mut params: Value) -> Self {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
        });
        let given = params.get("_meta").cloned().unwrap_or_else(|| json!({}));
        params["_meta"] = meta;
        for (key, value) in given.as_object().unwrap() {
            params["_meta"][key] = value.clone();
        }
        let frame = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let mut call =
            Self::legacy(&frame).header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
        if let Some(name) = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str) {
            call = call.header("mcp-name", name);
        }
        call
    }

    /// Sets a header; an empty value leaves it out.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.headers.push((name.into(), value.into()));
        }
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }
}

/// What came back, read to the end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) session: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; of a stream, the last event.
    pub(crate) fn json(&self) -> Value {
        let last = self.text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
        serde_json::from_str(last.unwrap_or(&self.text)).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of the error.
    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(async move {
            // How a connection ends is for the test to see, not for this task.
            let _ = connection.await;
        });
        Self { sender, connection, address }
    }

    /// Sends a request and returns when the head of the response is there.
    pub(crate) async fn open(&mut self, call: Call) -> Response<Incoming> {
        let mut request = Request::builder().method(call.method).uri(call.path);
        if !call.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        self.sender.ready().await.unwrap();
        self.sender.send_request(request.body(Full::from(call.body)).unwrap()).await.unwrap()
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn send(&mut self, call: Call) -> Answer {
        let response = self.open(call).await;
        let text = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, session) = (response.status(), text("mcp-session-id"));
        let content_type = text("content-type").unwrap_or_default();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, content_type, session, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Opens a session of an old revision.
    pub(crate) async fn initialize(&mut self, version: &str) -> String {
        let frame = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": version, "capabilities": { "elicitation": {}, "sampling": {}, "roots": {} },
            "clientInfo": { "name": "test", "version": "1" } } });
        let answer = self.send(Call::legacy(&frame)).await;
        assert_eq!(answer.json()["result"]["protocolVersion"], version);
        let session = answer.session.expect("a session");
        let frame = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let accepted = self.send(Call::legacy(&frame).header("mcp-session-id", &session)).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        session
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Reads the events of a stream one by one.
pub(crate) struct Events {
    body: Incoming,
    buffer: String,
}

/// One event.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SseEvent {
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<u64>,
    pub(crate) data: String,
}

impl SseEvent {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Events {
    pub(crate) fn of(response: Response<Incoming>) -> Self {
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), buffer: String::new() }
    }

    /// The next event; none at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<SseEvent> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let event = parse(block);
                self.buffer = rest.to_owned();
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let frame = self.body.frame().await?.ok()?;
            self.buffer.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }
}

fn parse(block: &str) -> Option<SseEvent> {
    let mut event = SseEvent::default();
    let mut any = false;
    for line in block.lines().filter(|line| !line.starts_with(':')) {
        let (field, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        any = true;
        match field {
            "id" => event.id = Some(value.into()),
            "retry" => event.retry = Some(value.parse().unwrap()),
            "data" => event.data.push_str(value),
            _ => {}
        }
    }
    any.then_some(event)
}
