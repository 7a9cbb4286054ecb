//! A server within an axum application.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use mcp_core::transport::http::{self, Http};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::client::Client;
use crate::support::server::server;

/// Serves an application until the sender says so or is gone.
async fn start(
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async { axum::serve(listener, app).with_graceful_shutdown(stop).await.unwrap() };
    (address, tokio::spawn(serving))
}

const ECHO: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}"#;
const HEADERS: &[(&str, &str)] =
    &[("content-type", "application/json"), ("accept", "application/json, text/event-stream")];

#[tokio::test]
async fn every_way_in_stands_beside_the_routes_of_the_application() {
    let app = Router::new()
        .route("/", get(async || "ours"))
        .route("/health", get(async || "fine"))
        .merge(http::router(server().0));
    let (address, _serving) = start(app, std::future::pending()).await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask("GET", "/", &[], b"").await.body, b"ours");
    assert_eq!(client.ask("GET", "/health", &[], b"").await.body, b"fine");
    assert_eq!(client.ask("GET", "/elsewhere", &[], b"").await.status, 404);
    let answer = client.ask("POST", "/mcp", HEADERS, ECHO.as_bytes()).await;
    assert_eq!(answer.json()["result"]["content"], json!([{ "type": "text", "text": "hi" }]));
    let refused = client.ask("POST", "/mcp", &[HEADERS, &[("host", "evil.example")]].concat(), b"").await;
    assert_eq!(refused.status, 403);
    client.send("GET", "/sse", &[], b"").await;
    assert_eq!(client.head().await.status, 200);
    assert_eq!(client.event().await.unwrap().name, "endpoint");
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn connections_upgrade_within_an_application_too() {
    use futures_util::{SinkExt, StreamExt};
    let (address, _serving) = start(http::router(server().0), std::future::pending()).await;
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut socket, _) =
        tokio_tungstenite::client_async(format!("ws://{address}/mcp"), socket).await.unwrap();
    socket.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.into()).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    assert_eq!(answer.to_text().unwrap(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}

#[tokio::test]
async fn settings_hold_and_a_close_lets_the_application_stop() {
    let service = Http::new(server().0).path("/tools").rest(None).build();
    let (stop, stopped) = oneshot::channel::<()>();
    let closing = service.clone();
    let stopping = async move {
        let _ = stopped.await;
        closing.close();
    };
    let (address, serving) = start(service.into(), stopping).await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask("POST", "/tools", HEADERS, ECHO.as_bytes()).await.status, 200);
    assert_eq!(client.ask("POST", "/mcp", HEADERS, ECHO.as_bytes()).await.status, 404);
    let mut stream = Client::connect(address).await;
    stream.send("GET", "/sse", &[], b"").await;
    stream.head().await;
    stream.event().await.unwrap();
    stop.send(()).unwrap();
    assert_eq!(stream.event().await, None);
    drop((client, stream));
    serving.await.unwrap();
}
