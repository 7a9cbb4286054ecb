//! REST twins and the document that describes them.

use mcp_core::server::{Headers, tool};
use mcp_core::transport::http::Http;
use mcp_core::{Args, Server};
use serde_json::{Value, json};

use crate::support::client::{Answer, Client};
use crate::support::server::{Running, server as full};

async fn start(server: Server) -> (Running, Client) {
    let running = Running::start(Http::new(server)).await;
    let client = Client::connect(running.address).await;
    (running, client)
}

/// Method, path, headers and body; the status and code that they are answered with.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, i64);

/// The same over JSON-RPC.
async fn rpc(client: &mut Client, method: &str, params: &Value) -> Value {
    let mut params = params.clone();
    let meta = &mut params["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    if meta.get("io.modelcontextprotocol/clientCapabilities").is_none() {
        meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    }
    let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).unwrap_or_default();
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
        ("mcp-name", name),
    ];
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    client.ask("POST", "/mcp", &headers, body.as_bytes()).await.json()
}

async fn twin(client: &mut Client, method: &str, params: &Value) -> Answer {
    client.post(&format!("/mcp/v1/{method}"), &params.to_string()).await
}

fn validator(document: &Value, name: &str) -> jsonschema::Validator {
    let mut schema = document.clone();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$ref"] = json!(format!("#/components/schemas/{name}"));
    jsonschema::validator_for(&schema).unwrap()
}

async fn document(client: &mut Client) -> Value {
    let answer = client.ask("GET", "/mcp/v1/openapi.json", &[], b"").await;
    assert_eq!((answer.status, &*answer.headers["content-type"]), (200, "application/json"));
    answer.json()
}

#[tokio::test]
async fn every_twin_says_what_json_rpc_says_and_what_the_document_says() {
    let (_running, mut client) = start(full().0).await;
    let document = document(&mut client).await;
    let review = json!({ "type": "ref/prompt", "name": "review" });
    let cases = [
        ("tools/list", "ToolsList", json!({})),
        ("tools/call", "ToolsCall", json!({ "name": "echo", "arguments": { "text": "hi\u{2028}" } })),
        ("tools/call", "ToolsCall", json!({ "name": "echo", "arguments": { "text": 1 } })),
        ("tools/call", "ToolsCall", json!({ "name": "count" })),
        ("tools/call", "ToolsCall", json!({ "name": "fail" })),
        ("resources/list", "ResourcesList", json!({})),
        ("resources/templates/list", "ResourceTemplatesList", json!({})),
        ("resources/read", "ResourcesRead", json!({ "uri": "text://motd" })),
        ("resources/read", "ResourcesRead", json!({ "uri": "lang://rust" })),
        ("prompts/list", "PromptsList", json!({})),
        ("prompts/get", "PromptsGet", json!({ "name": "review", "arguments": { "text": "x" } })),
        (
            "completion/complete",
            "Complete",
            json!({ "ref": review, "argument": { "name": "text", "value": "ru" } }),
        ),
    ];
    for (method, schema, params) in cases {
        let expect = rpc(&mut client, method, &params).await["result"].clone();
        let answer = twin(&mut client, method, &params).await;
        assert_eq!((answer.status, answer.json()), (200, expect.clone()), "{method} {params}");
        for (part, value) in [("Params", &params), ("Result", &expect)] {
            let problems = validator(&document, &format!("{schema}{part}"));
            let problems: Vec<_> = problems.iter_errors(value).map(|e| e.to_string()).collect();
            assert_eq!(problems, [""; 0], "{method} {value}");
        }
    }
    // Page by page, too.
    let first = twin(&mut client, "tools/list", &json!({})).await.json();
    let next = json!({ "cursor": first["nextCursor"] });
    let expect = rpc(&mut client, "tools/list", &next).await["result"].clone();
    assert_eq!(twin(&mut client, "tools/list", &next).await.json(), expect);
    assert_eq!(expect["tools"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_refusal_is_the_error_of_json_rpc_with_a_status_that_fits() {
    let (_running, mut client) = start(full().0).await;
    let cases = [
        ("tools/call", json!({ "name": "nothing" }), 400, -32602),
        ("tools/list", json!({ "cursor": "?" }), 400, -32602),
        ("resources/read", json!({ "uri": "text://nothing" }), 400, -32602),
        ("prompts/get", json!({ "name": "review" }), 400, -32602),
        ("tools/call", json!({ "name": "greet", "_meta": {} }), 400, -32021),
    ];
    for (method, params, status, code) in cases {
        let expect = rpc(&mut client, method, &params).await["error"].clone();
        assert_eq!(expect["code"], code, "{method} {params}: {expect}");
        let answer = twin(&mut client, method, &params).await;
        assert_eq!((answer.status, answer.json()), (status, expect), "{method} {params}");
    }
    let (_running, mut empty) = start(Server::builder("empty", "1").build().unwrap()).await;
    let answer = twin(&mut empty, "tools/list", &json!({})).await;
    assert_eq!((answer.status, answer.json()["code"].clone()), (404, json!(-32601)));
}

#[tokio::test]
async fn what_is_no_call_is_refused_before_the_server_hears_of_it() {
    let (_running, mut client) = start(full().0).await;
    let json = ("content-type", "application/json");
    let deep = format!("{}{}", "{\"a\":".repeat(65), "1".to_owned() + &"}".repeat(65));
    let version = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}}"#;
    let capabilities = r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":7}}"#;
    let cases: [Case<'_>; 13] = [
        ("POST", "tools/list", &[json], "{", 400, -32700),
        ("POST", "tools/list", &[json], "[]", 400, -32602),
        ("POST", "tools/list", &[json], r#"{"_meta":1}"#, 400, -32602),
        ("POST", "tools/list", &[json], version, 400, -32022),
        ("POST", "tools/list", &[json], capabilities, 400, -32602),
        ("POST", "tools/list", &[json], &deep, 413, -31003),
        ("POST", "tools/list", &[("content-type", "text/plain")], "{}", 415, -31006),
        ("POST", "tools/list", &[json, ("accept", "text/html")], "{}", 406, -31006),
        ("POST", "tools/list", &[json, ("origin", "https://evil.example")], "{}", 403, -31006),
        ("GET", "tools/list", &[], "", 405, -31006),
        ("POST", "openapi.json", &[], "", 405, -31006),
        ("POST", "server/discover", &[json], "{}", 404, -31006),
        ("POST", "initialize", &[json], r#"{"protocolVersion":1}"#, 400, -32602),
    ];
    for (method, path, headers, body, status, code) in cases {
        let answer = client.ask(method, &format!("/mcp/v1/{path}"), headers, body.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.json()["code"].clone()),
            (status, json!(code)),
            "{method} {path} {body}"
        );
    }
}

#[tokio::test]
async fn initialize_answers_without_a_session() {
    let (_running, mut client) = start(full().0).await;
    let document = document(&mut client).await;
    for (asked, expect) in [
        (json!({}), "2025-11-25"),
        (json!({ "protocolVersion": "2025-03-26" }), "2025-03-26"),
        (json!({ "protocolVersion": "2099-01-01" }), "2025-11-25"),
    ] {
        let answer = twin(&mut client, "initialize", &asked).await;
        assert!(!answer.headers.contains_key("mcp-session-id"));
        let result = answer.json();
        assert_eq!((answer.status, &result["protocolVersion"]), (200, &json!(expect)));
        let params = json!({ "protocolVersion": expect, "capabilities": {}, "clientInfo": { "name": "t", "version": "0" } });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }).to_string();
        let headers = [("content-type", "application/json")];
        let rpc = client.ask("POST", "/mcp", &headers, body.as_bytes()).await;
        assert_eq!(rpc.json()["result"], result);
        assert!(validator(&document, "InitializeResult").is_valid(&result), "{result}");
    }
    let answer = client.ask("POST", "/mcp/v1/initialize", &[], b"").await;
    assert_eq!(answer.json()["instructions"], "Ask for anything.");
}

#[tokio::test]
async fn a_question_comes_back_and_its_answer_goes_with_the_next_call() {
    let (_running, mut client) = start(full().0).await;
    let meta = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    let asked = twin(&mut client, "tools/call", &json!({ "name": "greet", "_meta": meta })).await.json();
    assert_eq!(asked["resultType"], "input_required");
    let document = document(&mut client).await;
    assert!(validator(&document, "ToolsCallResult").is_valid(&asked), "{asked}");
    let again = json!({
        "name": "greet", "_meta": meta, "requestState": asked["requestState"],
        "inputResponses": { "name": { "action": "accept", "content": { "name": "Ada" } } },
    });
    let answer = twin(&mut client, "tools/call", &again).await.json();
    assert_eq!(answer["content"][0]["text"], "Hello, Ada.");
}

#[tokio::test]
async fn a_client_that_goes_cancels_its_call() {
    let (server, mut said) = full();
    let (running, mut client) = start(server).await;
    let json = [("content-type", "application/json")];
    client.send("POST", "/mcp/v1/tools/call", &json, br#"{"name":"wait"}"#).await;
    assert_eq!(said.recv().await.unwrap(), "wait runs");
    drop(client);
    assert_eq!(said.recv().await.unwrap(), "wait is gone");
    running.stop().await;
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Query {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

#[tokio::test]
async fn handlers_see_the_headers_and_need_no_mirrored_ones() {
    let tool = tool("where", async |Headers(headers): Headers, Args(Query { region }): Args<Query>| {
        format!("{} in {region}", headers["x-place"].to_str().unwrap_or_default())
    });
    let (_running, mut client) = start(Server::builder("here", "1").tool(tool).build().unwrap()).await;
    let params = json!({ "name": "where", "arguments": { "region": "north" } });
    // Over JSON-RPC the argument must stand in a header, too.
    assert_eq!(rpc(&mut client, "tools/call", &params).await["error"]["code"], -32020);
    let headers = [("content-type", "application/json"), ("x-place", "Oslo")];
    let answer = client.ask("POST", "/mcp/v1/tools/call", &headers, params.to_string().as_bytes()).await;
    assert_eq!(answer.json()["content"][0]["text"], "Oslo in north");
}

/// Every reference within the document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let (_running, mut client) = start(full().0).await;
    let document = document(&mut client).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "wire");
    assert_eq!(document["info"]["version"], "1.2.3");
    assert_eq!(document["servers"], json!([{ "url": "/mcp/v1" }]));
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let meta = jsonschema::meta::validator_for(
        &json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" }),
    );
    let meta = meta.unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(meta.is_valid(schema), "{name} is no schema");
    }
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 9);
    let mut operations: Vec<_> =
        paths.values().map(|path| path["post"]["operationId"].as_str().unwrap()).collect();
    operations.sort_unstable();
    operations.dedup();
    assert_eq!(operations.len(), 9, "{operations:?}");
    for path in paths.keys() {
        let answer = client.post(&format!("/mcp/v1{path}"), "{}").await;
        assert_ne!(answer.status, 404, "{path}");
    }
    // All pages of tools.
    let names = &document["components"]["schemas"]["ToolsCallParams"]["properties"]["name"]["enum"];
    assert_eq!(names, &json!(["echo", "count", "greet", "wait", "whoami", "fail"]));
}
