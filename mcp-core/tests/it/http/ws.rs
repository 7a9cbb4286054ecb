//! WebSocket connections on the endpoint.

use futures_util::{SinkExt, StreamExt};
use mcp_core::transport::http::Http;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::client::Client;
use crate::support::server::{Running, server};

type Socket = WebSocketStream<TcpStream>;

async fn connect(running: &Running) -> Socket {
    let socket = TcpStream::connect(running.address).await.unwrap();
    let mut request = format!("ws://{}/mcp", running.address).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "other, mcp".parse().unwrap());
    headers.insert("user-agent", "test".parse().unwrap());
    let (socket, response) = client_async(request, socket).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "mcp");
    socket
}

async fn tell(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

async fn hear(socket: &mut Socket) -> Value {
    let message = socket.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn closed(socket: &mut Socket) -> CloseFrame {
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => frame,
        other => panic!("no close but {other:?}"),
    }
}

fn call(id: i64, name: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
        "name": name, "arguments": arguments, "_meta": { "progressToken": id },
    }})
}

async fn initialize(socket: &mut Socket) {
    tell(
        socket,
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "test", "version": "0" },
        }}),
    )
    .await;
    assert_eq!(hear(socket).await["result"]["protocolVersion"], "2025-11-25");
    tell(socket, json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
}

#[tokio::test]
async fn a_whole_session_goes_over_one_connection() {
    let running = Running::start(Http::new(server().0)).await;
    let mut socket = connect(&running).await;
    initialize(&mut socket).await;
    tell(&mut socket, call(1, "count", &json!({}))).await;
    for step in 1..=3 {
        assert_eq!(hear(&mut socket).await["params"]["progress"], step);
    }
    assert_eq!(hear(&mut socket).await["result"]["content"][0]["text"], "counted");
    tell(&mut socket, call(2, "greet", &json!({}))).await;
    let question = hear(&mut socket).await;
    let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
    tell(&mut socket, json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer })).await;
    assert_eq!(hear(&mut socket).await["result"]["content"][0]["text"], "Hello, Ada.");
    tell(&mut socket, call(3, "whoami", &json!({}))).await;
    assert_eq!(hear(&mut socket).await["result"]["content"][0]["text"], "anonymous by test");
    socket.close(None).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(None)))));
}

#[tokio::test]
async fn requests_of_the_newest_revision_need_no_session() {
    let running = Running::start(Http::new(server().0)).await;
    let mut socket = connect(&running).await;
    let mut request = call(1, "greet", &json!({}));
    request["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
    });
    tell(&mut socket, request).await;
    assert_eq!(hear(&mut socket).await["result"]["resultType"], "input_required");
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_the_connection_lives_on() {
    let running = Running::start(Http::new(server().0)).await;
    let mut socket = connect(&running).await;
    socket.send(Message::text("{")).await.unwrap();
    assert_eq!(hear(&mut socket).await["error"]["code"], -32700);
    socket.send(Message::binary(&b"{}"[..])).await.unwrap();
    let refused = hear(&mut socket).await;
    assert_eq!(refused["error"]["code"], -31006);
    assert_eq!(refused["error"]["message"], "a message must be text, not binary: send JSON as text");
    socket.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
    tell(&mut socket, json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).await;
    assert_eq!(hear(&mut socket).await, json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection_by_name() {
    let running = Running::start(Http::new(server().0).max_body(300)).await;
    let mut socket = connect(&running).await;
    initialize(&mut socket).await;
    tell(&mut socket, call(1, "echo", &json!({ "text": "x".repeat(400) }))).await;
    let frame = closed(&mut socket).await;
    assert_eq!((frame.code, &*frame.reason), (CloseCode::Size, "the message is longer than allowed"));
    assert!(matches!(socket.next().await, None | Some(Err(Error::ConnectionClosed))));
}

#[tokio::test]
async fn a_client_that_goes_cancels_what_runs() {
    let (server, mut said) = server();
    let running = Running::start(Http::new(server)).await;
    let mut socket = connect(&running).await;
    initialize(&mut socket).await;
    tell(&mut socket, call(1, "wait", &json!({}))).await;
    assert_eq!(said.recv().await.unwrap(), "wait runs");
    drop(socket);
    assert_eq!(said.recv().await.unwrap(), "wait is gone");
}

#[tokio::test]
async fn a_stop_closes_connections() {
    let running = Running::start(Http::new(server().0)).await;
    let mut socket = connect(&running).await;
    initialize(&mut socket).await;
    let stopping = tokio::spawn(running.stop());
    let frame = closed(&mut socket).await;
    assert_eq!((frame.code, &*frame.reason), (CloseCode::Away, "the server is stopping"));
    assert!(socket.next().await.is_none());
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_is_wrong_is_refused_by_name() {
    let running = Running::start(Http::new(server().0).max_sessions(1)).await;
    let good = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let with =
        |name, value| good.map(|header| if header.0 == name { (name, value) } else { header }).to_vec();
    let and = |name, value| [&good[..], &[(name, value)]].concat();
    let cases = [
        (with("sec-websocket-version", "8"), 426),
        (with("sec-websocket-key", "").into_iter().filter(|(_, value)| !value.is_empty()).collect(), 400),
        (and("origin", "https://evil.example"), 403),
        (and("host", "evil.example"), 403),
        // Not an upgrade at all: the endpoint wants a session.
        (with("upgrade", "h2c"), 405),
    ];
    for (headers, status) in cases {
        let mut client = Client::connect(running.address).await;
        let answer = client.ask("GET", "/mcp", &headers, b"").await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_i64()), (status, Some(-31006)));
    }
    let mut client = Client::connect(running.address).await;
    client.send("GET", "/mcp", &good, b"").await;
    let head = client.head().await;
    // The example of RFC 6455.
    assert_eq!((head.status, &*head.headers["sec-websocket-accept"]), (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(!head.headers.contains_key("sec-websocket-protocol"));
    let answer = Client::connect(running.address).await.ask("GET", "/mcp", &good, b"").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_i64()), (503, Some(-31001)));
}
