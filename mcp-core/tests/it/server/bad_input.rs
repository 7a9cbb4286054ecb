//! Messages that are wrong: each has a code and a message, and the connection goes on.

use bytes::Bytes;
use insta::assert_snapshot;
use mcp_core::protocol::ProtocolVersion;
use mcp_core::server::{prompt, resource};
use mcp_core::testing::TestClient;
use serde_json::{Value, json};

use super::{builder, named, refused};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// Messages and what they are.
fn messages() -> Vec<(&'static str, Bytes)> {
    let text = |text: &str| Bytes::copy_from_slice(text.replace("META", META).as_bytes());
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{{META,"name":"a","arguments":{{"x":"{}"}}}}}}"#,
        "x".repeat(10_000_000)
    );
    vec![
        ("no JSON", text("hello")),
        ("nothing", text("")),
        ("cut off", text(r#"{"jsonrpc":"2.0","id":"a""#)),
        ("two at once", text(r#"{"jsonrpc":"2.0","id":"a","method":"ping"} {}"#)),
        ("no UTF-8", Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"\xff\"}")),
        ("a number", text("7")),
        ("no version", text(r#"{"id":"a","method":"tools/list"}"#)),
        ("version 1.0", text(r#"{"jsonrpc":"1.0","id":"a","method":"tools/list"}"#)),
        ("id null", text(r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#)),
        ("id a fraction", text(r#"{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}"#)),
        ("method a number", text(r#"{"jsonrpc":"2.0","id":"a","method":1}"#)),
        ("params an array", text(r#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":[]}"#)),
        ("member twice", text(r#"{"jsonrpc":"2.0","id":"a","id":"b","method":"tools/list"}"#)),
        ("depth 10,000", text(&deep)),
        ("10 MB", text(&long)),
        ("empty batch", text("[]")),
        ("batch", text(r#"[{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{META}}]"#)),
        ("no revision", text(r#"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#)),
        (
            "unknown revision",
            text(
                r#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
            ),
        ),
        (
            "no capabilities",
            text(
                r#"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#,
            ),
        ),
        ("unknown method", text(r#"{"jsonrpc":"2.0","id":"a","method":"tools/destroy","params":{META}}"#)),
        (
            "method of sessions",
            text(r#"{"jsonrpc":"2.0","id":"a","method":"logging/setLevel","params":{META,"level":"info"}}"#),
        ),
        ("no name", text(r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{META}}"#)),
        (
            "name a number",
            text(r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{META,"name":1}}"#),
        ),
    ]
}

#[tokio::test]
async fn each_is_answered_and_the_connection_goes_on() {
    let client = TestClient::connect(builder().tool(named("a")).build().unwrap());
    let mut table = String::new();
    for (what, message) in messages() {
        client.send_raw(message).await;
        let answer = client.next_stray().await;
        let id = answer.get("id").map_or_else(|| "-".to_owned(), Value::to_string);
        let (code, text) = (&answer["error"]["code"], answer["error"]["message"].as_str().unwrap_or("?"));
        table.push_str(&format!("{what} | {id} | {code} | {text}\n"));
        assert!(client.request("tools/list", json!({})).await.is_ok(), "after {what}");
    }
    assert_snapshot!(table, @r#"
    no JSON | - | -32700 | the message is not valid JSON: unexpected input at byte 0
    nothing | - | -32700 | the message is not valid JSON: unexpected input at byte 0
    cut off | "a" | -32700 | the message is not valid JSON: unexpected input at byte 25
    two at once | "a" | -32700 | the message is not valid JSON: unexpected input at byte 43
    no UTF-8 | - | -32700 | the message is not valid UTF-8 from byte 36 on
    a number | - | -32600 | a message must be a JSON object
    no version | "a" | -32600 | `jsonrpc` must be "2.0"
    version 1.0 | "a" | -32600 | `jsonrpc` must be "2.0"
    id null | - | -32600 | `id` must be a string or an integer
    id a fraction | - | -32600 | `id` must be a string or an integer
    method a number | "a" | -32600 | `method` must be a string
    params an array | "a" | -32602 | `params` must be an object
    member twice | - | -32600 | a member of the message occurs twice
    depth 10,000 | "a" | -31003 | the message nests deeper than allowed
    10 MB | - | -31003 | the message has more than 4194304 bytes
    empty batch | - | -32600 | a batch must not be empty
    batch | - | -32600 | batches are part of protocol version 2025-03-26 only: send one message at a time
    no revision | "a" | -32602 | `_meta.io.modelcontextprotocol/protocolVersion` is missing, and no session was initialized
    unknown revision | "a" | -32022 | protocol version `2030-01-01` is not supported
    no capabilities | "a" | -32602 | `_meta.io.modelcontextprotocol/clientCapabilities` must be an object
    unknown method | "a" | -32601 | method `tools/destroy` is not supported
    method of sessions | "a" | -32601 | method `logging/setLevel` is not supported
    no name | "a" | -32602 | `name` must be a string
    name a number | "a" | -32602 | `name` must be a string
    "#);
}

#[tokio::test]
async fn what_there_is_not() {
    let server = builder()
        .tool(named("a"))
        .prompt(prompt("p", async || "hi"))
        .resource(resource("r:1", "r", async || "one"))
        .build()
        .unwrap();
    let client = TestClient::connect(server.clone());
    assert_eq!(refused(client.call_raw("b", json!({})).await), "-32602 unknown tool `b`");
    assert_eq!(refused(client.get_prompt("q", json!({})).await), "-32602 unknown prompt `q`");
    assert_eq!(refused(client.read("r:2").await), "-32602 there is no such resource");
    let missing = client.read("r:2").await.unwrap_err();
    assert_eq!(missing.data, Some(json!({ "uri": "r:2" })));
    let long = "x".repeat(1000);
    assert_eq!(refused(client.call_raw(&long, json!({})).await).len(), "-32602 unknown tool ``".len() + 120);

    let empty = TestClient::connect(builder().build().unwrap());
    for method in
        ["tools/list", "tools/call", "prompts/get", "resources/read", "completion/complete", "tasks/get"]
    {
        let expect = format!("-32601 method `{method}` is not supported");
        assert_eq!(refused(empty.request(method, json!({ "name": "a", "uri": "r:1" })).await), expect);
    }
}

#[tokio::test]
async fn resources_that_are_not_there_have_a_code_of_their_own_in_old_revisions() {
    for version in &ProtocolVersion::ALL[1..] {
        let server = builder().resource(resource("r:1", "r", async || "one")).build().unwrap();
        let client = TestClient::connect_as(*version, server).await;
        assert_eq!(refused(client.read("r:2").await), "-32002 there is no such resource", "{version}");
    }
}
