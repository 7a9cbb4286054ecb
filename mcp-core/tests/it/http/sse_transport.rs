//! HTTP+SSE, the transport of 2024-11-05.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use mcp_core::middleware::{Next, from_fn};
use mcp_core::service::{Principal, Request};
use mcp_core::transport::http::{Http, HttpService, ResponseBody};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::support::client::Client;
use crate::support::server::{Running, server};

const STREAM: &[(&str, &str)] = &[("accept", "text/event-stream"), ("user-agent", "test")];

/// Method, path, headers and body; the status and code that they are answered with.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, i64);

/// Opens a stream; yields where to send messages.
async fn open(client: &mut Client) -> String {
    client.send("GET", "/sse", STREAM, b"").await;
    let head = client.head().await;
    assert_eq!((head.status, &*head.headers["content-type"]), (200, "text/event-stream"));
    let first = client.event().await.unwrap();
    assert_eq!(first.name, "endpoint");
    assert!(first.data.starts_with("/messages?sessionId="), "{first:?}");
    first.data
}

async fn tell(client: &mut Client, endpoint: &str, message: Value) {
    let answer = client.post(endpoint, &message.to_string()).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
}

async fn hear(stream: &mut Client) -> Value {
    let event = stream.event().await.unwrap();
    assert_eq!(event.name, "message");
    event.json()
}

/// Opens a session; of a later revision where the client offers what 2024-11-05 did not know.
fn initialize(capabilities: &Value) -> Value {
    let version = if capabilities.get("elicitation").is_some() { "2025-06-18" } else { "2024-11-05" };
    json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": version, "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "0" },
        },
    })
}

fn call(id: i64, name: &str, arguments: &Value) -> Value {
    let params = json!({ "name": name, "arguments": arguments, "_meta": { "progressToken": id } });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

#[tokio::test]
async fn a_whole_session_goes_over_one_stream() {
    let (server, _said) = server();
    let running = Running::start(Http::new(server)).await;
    let (mut stream, mut post) =
        (Client::connect(running.address).await, Client::connect(running.address).await);
    let endpoint = open(&mut stream).await;
    tell(&mut post, &endpoint, initialize(&json!({}))).await;
    let welcome = hear(&mut stream).await;
    assert_eq!(welcome["result"]["protocolVersion"], "2024-11-05");
    assert_eq!(welcome["result"]["serverInfo"]["name"], "wire");
    tell(&mut post, &endpoint, json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    tell(&mut post, &endpoint, call(1, "count", &json!({}))).await;
    for step in 1..=3 {
        let progress = hear(&mut stream).await;
        assert_eq!(progress["params"], json!({ "progressToken": 1, "progress": step, "total": 3 }));
    }
    assert_eq!(hear(&mut stream).await["result"]["content"][0]["text"], "counted");
    // The headers are those of the stream; nobody has authenticated.
    tell(&mut post, &endpoint, call(2, "whoami", &json!({}))).await;
    assert_eq!(hear(&mut stream).await["result"]["content"][0]["text"], "anonymous by test");
    // What cannot be read is answered on the stream too, and the connection lives on.
    let broken = post.post(&endpoint, "{").await;
    assert_eq!(broken.status, 202);
    assert_eq!(hear(&mut stream).await["error"]["code"], -32700);
    tell(&mut post, &endpoint, json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" })).await;
    assert_eq!(hear(&mut stream).await, json!({ "jsonrpc": "2.0", "id": 3, "result": {} }));
}

#[tokio::test]
async fn questions_and_their_answers_share_the_connection() {
    let (server, mut said) = server();
    let running = Running::start(Http::new(server)).await;
    let (mut stream, mut post) =
        (Client::connect(running.address).await, Client::connect(running.address).await);
    let endpoint = open(&mut stream).await;
    tell(&mut post, &endpoint, initialize(&json!({ "elicitation": {} }))).await;
    hear(&mut stream).await;
    tell(&mut post, &endpoint, call(1, "greet", &json!({}))).await;
    let question = hear(&mut stream).await;
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
    tell(&mut post, &endpoint, json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer })).await;
    assert_eq!(hear(&mut stream).await["result"]["content"][0]["text"], "Hello, Ada.");
    assert_eq!(said.recv().await.unwrap(), "greet is gone");
}

/// Says when the request it travels with is forgotten by everybody.
#[derive(Clone)]
struct Witness(#[expect(dead_code, reason = "what matters is when it is dropped")] mpsc::Sender<()>);

#[tokio::test]
async fn a_client_that_goes_cancels_what_runs_and_leaves_nothing_behind() {
    let (server, mut said) = server();
    let (alive, mut forgotten) = mpsc::channel(1);
    let witness = Witness(alive);
    let service = ServiceBuilder::new()
        .layer(from_fn(move |mut request: Request, next: Next| {
            request.extensions.insert(witness.clone());
            next.run(request)
        }))
        .service(server);
    let running = Running::start(Http::new(service)).await;
    let (mut stream, mut post) =
        (Client::connect(running.address).await, Client::connect(running.address).await);
    let endpoint = open(&mut stream).await;
    tell(&mut post, &endpoint, initialize(&json!({ "elicitation": {} }))).await;
    hear(&mut stream).await;
    tell(&mut post, &endpoint, call(1, "wait", &json!({}))).await;
    assert_eq!(said.recv().await.unwrap(), "wait runs");
    tell(&mut post, &endpoint, call(2, "greet", &json!({}))).await;
    assert_eq!(hear(&mut stream).await["method"], "elicitation/create");
    drop(stream);
    let mut gone = [said.recv().await.unwrap(), said.recv().await.unwrap()];
    gone.sort();
    assert_eq!(gone, ["greet is gone", "wait is gone"]);
    assert_eq!(post.post(&endpoint, "{}").await.status, 404);
    running.stop().await;
    let forgotten = tokio::time::timeout(Duration::from_secs(10), forgotten.recv()).await;
    assert_eq!(forgotten, Ok(None), "somebody still holds a request");
}

#[tokio::test]
async fn a_stop_ends_streams() {
    let (server, _said) = server();
    let running = Running::start(Http::new(server)).await;
    let (mut stream, mut post) =
        (Client::connect(running.address).await, Client::connect(running.address).await);
    let endpoint = open(&mut stream).await;
    tell(&mut post, &endpoint, initialize(&json!({}))).await;
    hear(&mut stream).await;
    tell(&mut post, &endpoint, json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    running.stop().await;
    assert_eq!(stream.event().await, None);
}

async fn request(
    http: &mut HttpService,
    method: &str,
    path: &str,
    principal: Option<&str>,
    body: &str,
) -> http::Response<ResponseBody> {
    let mut request = http::Request::builder().method(method).uri(path).header("host", "localhost");
    if method == "POST" {
        request = request.header("content-type", "application/json");
    }
    let mut request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    if let Some(user) = principal {
        request.extensions_mut().insert(Arc::new(Principal::new("acme", user)));
    }
    ServiceExt::<http::Request<Full<Bytes>>>::ready(http).await.unwrap().call(request).await.unwrap()
}

async fn endpoint(stream: &mut http::Response<ResponseBody>) -> String {
    let first = stream.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    let text = std::str::from_utf8(&first).unwrap();
    text.trim_end().split_once("data: ").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_stream_belongs_to_who_opened_it() {
    let mut http = Http::new(server().0).build();
    let mut stream = request(&mut http, "GET", "/sse", Some("ada"), "").await;
    let endpoint = endpoint(&mut stream).await;
    let message = initialize(&json!({})).to_string();
    for stranger in [None, Some("bob")] {
        let refused = request(&mut http, "POST", &endpoint, stranger, &message).await;
        assert_eq!(refused.status(), 404, "{stranger:?}");
    }
    let taken = request(&mut http, "POST", &endpoint, Some("ada"), &message).await;
    assert_eq!(taken.status(), 202);
    let answer = stream.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(answer.starts_with(b"event: message\ndata: {"), "{answer:?}");
    let whoami = call(1, "whoami", &json!({})).to_string();
    request(&mut http, "POST", &endpoint, Some("ada"), &whoami).await;
    let answer = stream.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("ada by nobody"), "{answer:?}");
}

#[tokio::test]
async fn the_number_of_streams_is_bounded_and_freed() {
    let mut http = Http::new(server().0).max_sessions(3).max_sessions_per_principal(2).build();
    let first = request(&mut http, "GET", "/sse", Some("ada"), "").await;
    let _second = request(&mut http, "GET", "/sse", Some("ada"), "").await;
    assert_eq!(request(&mut http, "GET", "/sse", Some("ada"), "").await.status(), 503);
    let _third = request(&mut http, "GET", "/sse", Some("bob"), "").await;
    assert_eq!(request(&mut http, "GET", "/sse", Some("eve"), "").await.status(), 503);
    assert_eq!(http.open_connections(), 3);
    drop(first);
    assert_eq!(http.open_connections(), 2);
    assert_eq!(request(&mut http, "GET", "/sse", Some("ada"), "").await.status(), 200);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let running = Running::start(Http::new(server().0).max_body(200)).await;
    let (mut stream, mut client) =
        (Client::connect(running.address).await, Client::connect(running.address).await);
    let endpoint = open(&mut stream).await;
    let json = ("content-type", "application/json");
    let long = "x".repeat(201);
    let cases: [Case<'_>; 9] = [
        ("GET", "/sse", &[("accept", "application/json")], "", 406, -31006),
        ("POST", "/sse", &[json], "{}", 405, -31006),
        ("GET", &endpoint, &[], "", 405, -31006),
        ("POST", "/messages", &[json], "{}", 404, -31005),
        ("POST", "/messages?sessionId=0", &[json], "{}", 404, -31005),
        ("POST", &endpoint, &[("content-type", "text/plain")], "{}", 415, -31006),
        ("POST", &endpoint, &[json], &long, 413, -31003),
        ("GET", "/sse", &[("host", "evil.example")], "", 403, -31006),
        // A client that tries the newer transport first is told that there is no stream without a session.
        ("GET", "/mcp", &[("accept", "text/event-stream")], "", 405, -31006),
    ];
    for (method, path, headers, body, status, code) in cases {
        let answer = client.ask(method, path, headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.json()["error"]["code"], code, "{method} {path}");
    }
    let running = Running::start(Http::new(server().0).legacy_sse(false)).await;
    let mut client = Client::connect(running.address).await;
    assert_eq!(client.ask("GET", "/sse", STREAM, b"").await.status, 404);
    assert_eq!(client.post("/messages?sessionId=0", "{}").await.status, 404);
}
