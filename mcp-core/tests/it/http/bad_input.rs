//! What strangers and broken clients send: a documented code each, and the connection lives on.

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::{Running, builder};

fn list() -> Call {
    Call::modern(1, "tools/list", json!({}))
}

fn raw(body: &str) -> Call {
    Call::new("POST", body)
}

fn nested(levels: usize) -> String {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"x":{open}{close}}}}}"#)
}

#[tokio::test]
async fn each_has_its_status_and_code() {
    let (builder, ..) = builder();
    let running = Running::start(builder).await;
    let mut client = Client::connect(running.address).await;
    let unsupported = |version: &str| {
        let meta = json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": version } });
        Call::modern(1, "tools/list", meta).header("mcp-protocol-version", version)
    };
    let call = |params: Value| Call::modern(1, "tools/call", params);
    let echo = || call(json!({ "name": "echo", "arguments": { "message": "x" } }));
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#;
    let cases: Vec<(&str, Call, u16, i64)> = vec![
        ("no JSON", raw("{"), 400, -32700),
        ("no UTF-8", Call::new("POST", b"{\"a\":\"\xff\"}".to_vec()), 400, -32700),
        ("no object", raw("7"), 400, -32600),
        ("no version of JSON-RPC", raw(r#"{"id":1,"method":"ping"}"#), 400, -32600),
        ("a null identifier", raw(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), 400, -32600),
        (
            "params that are an array",
            raw(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#),
            400,
            -32602,
        ),
        ("10,000 levels", raw(&nested(10_000)), 413, -31003),
        ("10 MB", raw(&format!("\"{}\"", "x".repeat(10 << 20))), 413, -31003),
        ("a wrong type", list().header("content-type", "text/plain"), 415, -31006),
        ("no JSON taken", list().header("accept", "text/event-stream"), 406, -31006),
        ("no stream taken", list().header("accept", "application/json"), 406, -31006),
        ("a strange host", list().header("host", "evil.example"), 403, -31006),
        ("a strange origin", list().header("origin", "https://evil.example"), 403, -31006),
        ("an unknown path", list().path("/nothing"), 404, -31006),
        ("an unknown verb", Call::new("PUT", "{}"), 405, -31006),
        ("a stream without a session", Call::new("GET", ""), 405, -31006),
        (
            "an unknown session",
            list().header("mcp-protocol-version", "").header("mcp-session-id", "x"),
            400,
            -32020,
        ),
        ("an unknown method", Call::modern(1, "tools/fly", json!({})), 404, -32601),
        ("a method of the past", Call::modern(1, "initialize", json!({})), 404, -32601),
        ("an unsupported version", unsupported("2099-01-01"), 400, -32022),
        ("an old version in a new request", unsupported("2025-11-25"), 400, -32022),
        ("no version header", list().header("mcp-protocol-version", ""), 400, -32020),
        ("another version header", list().header("mcp-protocol-version", "2025-11-25"), 400, -32020),
        ("no method header", list().header("mcp-method", ""), 400, -32020),
        ("another method header", list().header("mcp-method", "tools/call"), 400, -32020),
        ("no name header", echo().header("mcp-name", ""), 400, -32020),
        ("another name header", echo().header("mcp-name", "slow"), 400, -32020),
        ("a broken sentinel", echo().header("mcp-name", "=?base64?%?="), 400, -32020),
        ("a name that is no string", call(json!({ "name": 7 })), 400, -32602),
        ("arguments that are no object", call(json!({ "name": "echo", "arguments": [] })), 200, -32602),
        ("an unknown tool", call(json!({ "name": "fly" })), 200, -32602),
        ("a cursor from nowhere", Call::modern(1, "tools/list", json!({ "cursor": "x" })), 200, -32602),
        ("a batch where there is none", raw(batch).header("mcp-protocol-version", "2025-06-18"), 400, -32600),
        ("an empty batch", raw("[]"), 400, -32600),
        ("a response that answers nothing", raw(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), 400, -32600),
    ];
    for (what, call, status, code) in cases {
        let answer = client.send(call).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{what}: {answer:?}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.len() > 10 && message.len() < 200, "{what}: {message}");
        // The refusal of a body that is too large may cost the connection; the server lives on.
        if status == 413 {
            client = Client::connect(running.address).await;
        }
        assert_eq!(client.send(list()).await.status.as_u16(), 200, "after {what}");
    }
    running.stop().await;
}

#[tokio::test]
async fn batches_belong_to_one_revision() {
    let (builder, ..) = builder();
    let running = Running::start(builder).await;
    let mut client = Client::connect(running.address).await;
    let session = client.initialize("2025-03-26").await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "echo", "arguments": { "message": "a" } } },
        { "jsonrpc": "2.0", "method": "notifications/initialized" },
        { "jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {} },
        { "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": { "name": "noted", "_meta": { "progressToken": 1 } } },
        { "jsonrpc": "2.0", "id": 4 },
    ]);
    let answer = client.send(Call::legacy(&batch).header("mcp-session-id", &session)).await;
    let answers = answer.json();
    let told: Vec<(Value, Value)> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["id"].clone(), a.get("error").map_or(json!("ok"), |error| error["code"].clone())))
        .collect();
    let expected = [(1, json!("ok")), (2, json!(-32600)), (3, json!("ok")), (4, json!(-32600))]
        .map(|(id, what)| (json!(id), what));
    assert_eq!(told, expected);
    let silent = json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }]);
    let answer = client.send(Call::legacy(&silent).header("mcp-session-id", &session)).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, ""));
    running.stop().await;
}

#[tokio::test]
async fn pages_that_are_allowed_may_call() {
    let (builder, ..) = builder();
    let running = Running::start_with(builder, |http| http.allow_origin("https://app.example")).await;
    let mut client = Client::connect(running.address).await;
    let preflight = Call::new("OPTIONS", "").header("origin", "https://app.example");
    let response = client.open(preflight.header("access-control-request-method", "POST")).await;
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example");
    assert!(
        response.headers()["access-control-allow-headers"].to_str().unwrap().contains("mcp-protocol-version")
    );
    drop(response);
    for origin in ["https://app.example", "http://localhost:6274"] {
        let response = client.open(list().header("origin", origin)).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["access-control-allow-origin"]),
            (200, &origin.parse().unwrap())
        );
        drop(response);
        client = Client::connect(running.address).await;
    }
    running.stop().await;
}
