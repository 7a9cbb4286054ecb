//! What an upstream asks in the middle of a call reaches our caller, whatever the caller's revision.

use mcp_core::Server;
use mcp_core::client::Client;
use mcp_core::protocol::{ClientCapabilities, CreateMessage, ProtocolVersion, SamplingMessage};
use mcp_core::server::{Context, Elicit, ListRoots, Proxy, Sample, ToolError, prompt, resource, tool};
use mcp_core::service::{Request, Response};
use mcp_core::testing::{TestClient, service_fn};
use serde_json::{Value, json};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

const BOTH: [ProtocolVersion; 2] = [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25];

/// Asks in three rounds: twice under the same key, then for two things at once.
async fn interview(context: Context) -> Result<String, ToolError> {
    let name = context.ask("name", Elicit::form::<Name>("Who are you?")).await?;
    let name = name.accepted().map_or("nobody".into(), |Name { name }| name);
    let work = context.memo("work", async { 41 }).await?;
    let (thought, roots) = tokio::join!(
        context.ask("thought", Sample(CreateMessage::new([SamplingMessage::user("Think.")], 10))),
        context.ask("roots", ListRoots),
    );
    let pet = context.ask("pet", Elicit::form::<Name>("And your pet?")).await?;
    let pet = pet.accepted().map_or("none".into(), |Name { name }| name);
    Ok(format!("{name} with {pet}, {}, {}, {work}", thought?.text(), roots?.roots[0].uri))
}

async fn ask_name(context: Context) -> Result<String, ToolError> {
    let name = context.ask("name", Elicit::form::<Name>("Who are you?")).await?;
    Ok(format!("for {:?}", name.accepted().map(|Name { name }| name)))
}

fn upstream() -> Server {
    Server::builder("upstream", "1.0.0")
        .tool(tool("interview", interview))
        .prompt(prompt("greet", ask_name))
        .resource(resource("ask:me", "ask", ask_name))
        .build()
        .unwrap()
}

async fn proxied(version: ProtocolVersion) -> Server {
    let client = Client::builder("proxy", "1.0.0").version(version).connect(upstream()).await.unwrap();
    let other = Client::connect(Server::builder("other", "1").tool(tool("x", async || "x")).build().unwrap());
    let builder = Server::builder("gateway", "1.0.0");
    let builder = Proxy::new(client).namespace("u").attach(builder).await.unwrap();
    Proxy::new(other.await.unwrap()).namespace("o").attach(builder).await.unwrap().build().unwrap()
}

fn answers(client: &TestClient) {
    let form = |name: &str| json!({ "action": "accept", "content": { "name": name } });
    client
        .answer("Who are you?", form("Ann"))
        .answer("And your pet?", form("Rex"))
        .answer("roots/list", json!({ "roots": [{ "uri": "file:///work" }] }))
        .answer(
            "sampling/createMessage",
            json!({ "role": "assistant", "content": { "type": "text", "text": "hm" }, "model": "m" }),
        );
}

#[tokio::test]
async fn questions_and_answers_pass_on_every_revision() {
    let server = proxied(ProtocolVersion::LATEST).await;
    for version in BOTH {
        let client = TestClient::connect_as(version, server.clone()).await;
        answers(&client);
        let result = client.call("u_interview", json!({})).await;
        let said = result.content[0].as_text().unwrap();
        assert_eq!((result.is_error, said), (false, "Ann with Rex, hm, file:///work, 41"), "{version}");
        assert_eq!(client.questions().len(), 4, "each is asked once on {version}");
        let greeting = client.get_prompt("u_greet", json!({})).await.unwrap();
        assert_eq!(greeting.messages[0].content.as_text(), Some("for Some(\"Ann\")"));
        assert!(client.read("ask:me").await.is_ok());
    }
}

#[tokio::test]
async fn the_upstream_hears_of_what_the_caller_can() {
    let server = proxied(ProtocolVersion::LATEST).await;
    let modern =
        TestClient::builder().capabilities(ClientCapabilities::default()).connect(server.clone()).await;
    let error = modern.call_raw("u_interview", json!({})).await.unwrap_err();
    assert_eq!(error.code.0, -32021, "the upstream's own refusal");
    assert_eq!(error.data, Some(json!({ "requiredCapabilities": { "elicitation": { "form": {} } } })));
    let old = TestClient::builder().version(ProtocolVersion::V2025_11_25);
    let old = old.capabilities(ClientCapabilities::default()).connect(server).await;
    assert_eq!(old.call_raw("u_interview", json!({})).await.unwrap_err().code.0, -32021);
}

#[tokio::test]
async fn what_the_person_does_not_want_passes_too() {
    let server = proxied(ProtocolVersion::LATEST).await;
    for version in BOTH {
        let client = TestClient::connect_as(version, server.clone()).await;
        client.answer("Who are you?", json!({ "action": "decline" }));
        let greeting = client.get_prompt("u_greet", json!({})).await.unwrap();
        assert_eq!(greeting.messages[0].content.as_text(), Some("for None"), "{version}");
    }
}

#[tokio::test]
async fn an_older_upstream_asks_the_clients_handlers_or_nobody() {
    let server = proxied(ProtocolVersion::V2025_11_25).await;
    let client = TestClient::connect(server);
    answers(&client);
    let result = client.call("u_interview", json!({})).await;
    let said = result.content[0].as_text().unwrap();
    assert_eq!(
        (result.is_error, said),
        (true, "the client cannot answer this question: it did not declare the capability")
    );
    assert!(client.questions().is_empty());
}

/// An upstream that asks under the same key in each round, and wants to see its state again.
#[tokio::test]
async fn rounds_under_the_same_key_do_not_mix() {
    let service = service_fn(async |request: Request| {
        let asked = |state: &str, message: &str| {
            let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
            let question = json!({ "method": "elicitation/create",
                "params": { "mode": "form", "message": message, "requestedSchema": schema } });
            Response::result(bytes::Bytes::from(
                json!({ "resultType": "input_required", "inputRequests": { "q": question }, "requestState": state })
                    .to_string(),
            ))
        };
        let answer = || {
            let answers: Value = serde_json::from_str(request.params.get("inputResponses").unwrap()).unwrap();
            answers["q"]["content"]["name"].as_str().unwrap().to_owned()
        };
        Ok(match (request.method.as_str(), request.params.get_str("requestState").as_deref()) {
            ("server/discover", _) => Response::result(
                r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#,
            ),
            ("tools/list", _) => {
                Response::result(r#"{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}"#)
            }
            ("tools/call", None) => asked("one", "First?"),
            ("tools/call", Some("one")) => asked(&format!("two {}", answer()), "Second?"),
            ("tools/call", Some(state)) => {
                let result =
                    json!({ "content": [{ "type": "text", "text": format!("{state} {}", answer()) }] });
                Response::result(bytes::Bytes::from(result.to_string()))
            }
            (other, _) => Response::error(mcp_core::protocol::RpcError::method_not_found(other)),
        })
    });
    let client = Client::connect(mcp_core::client::Target::service(service)).await.unwrap();
    let server = Proxy::new(client).into_server().await.unwrap();
    for version in BOTH {
        let client = TestClient::connect_as(version, server.clone()).await;
        client
            .answer("First?", json!({ "action": "accept", "content": { "name": "a" } }))
            .answer("Second?", json!({ "action": "accept", "content": { "name": "b" } }));
        let result = client.call("t", json!({})).await;
        assert_eq!(result.content[0].as_text(), Some("two a b"), "{version}");
    }
}

/// Answers may be left out: the upstream asks once more.
#[tokio::test]
async fn a_retry_without_an_answer_is_asked_again() {
    let client = TestClient::connect(proxied(ProtocolVersion::LATEST).await);
    let params = |extra: Value| {
        let mut params = json!({ "name": "u_greet", "arguments": {} });
        params.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        params
    };
    let first = client.start("prompts/get", params(json!({}))).await.response().await.unwrap();
    assert_eq!(first["resultType"], "input_required");
    let state = first["requestState"].clone();
    let again = client.start("prompts/get", params(json!({ "requestState": state }))).await.response().await;
    let again = again.unwrap();
    assert_eq!(again["inputRequests"].as_object().unwrap().len(), 1);
    let (key, _) = again["inputRequests"].as_object().unwrap().iter().next().unwrap();
    let answer = json!({ key: { "action": "accept", "content": { "name": "Eve" } } });
    let last = params(json!({ "requestState": again["requestState"], "inputResponses": answer }));
    let last = client.start("prompts/get", last).await.response().await.unwrap();
    assert_eq!(last["messages"][0]["content"]["text"], "for Some(\"Eve\")");
}
