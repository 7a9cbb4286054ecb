//! Settings of the layer: pins that warn, results of tasks, sessions that are named.

use std::sync::Arc;

use mcp_core::middleware::{Next, from_fn};
use mcp_core::protocol::{ErrorCode, Method};
use mcp_core::service::{BoxError, Request, Response};
use mcp_core::testing::TestClient;
use mcp_core::{Server, tool};
use mcp_guardrails::layer::{Activation, Guardrails, Observer, PinMode};
use mcp_guardrails::pin::Pins;
use parking_lot::Mutex;
use serde_json::json;
use tower_layer::Layer as _;

use crate::support::engine;

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn activated(&self, seen: &Activation<'_>) {
        self.0.lock().push(format!("{} {} {} {}", seen.phase, seen.tool, seen.rule, seen.verdict));
    }
}

fn server(description: &str) -> Server {
    let say = tool("say", async || "said").description(description);
    Server::builder("s", "1").tool(say).tool(tool("post", async || "posted")).build().unwrap()
}

#[tokio::test]
async fn pins_that_warn_hide_nothing_and_give_rules_a_label() {
    let rules = "
rules:
- { id: mark, phase: list, when: { label: tool-changed }, then: { label: changed } }
- { id: after-change, tool: post, when: { label: changed }, then: block }
";
    let guardrails = |pins, heard: &Arc<Heard>| {
        Guardrails::builder(engine(rules))
            .server("s")
            .pins(PinMode::Warn, pins)
            .observer(heard.clone())
            .build()
    };
    let list = async |client: &TestClient| {
        let listed = client.request("tools/list", json!({})).await.unwrap();
        listed["tools"].as_array().unwrap().len()
    };
    let heard = Arc::new(Heard::default());
    let first = guardrails(Pins::default(), &heard);
    let client = TestClient::connect(first.layer().layer(server("Says something.")));
    // Not listed yet, and new: both are only told.
    assert!(!client.call("say", json!({})).await.is_error);
    assert_eq!(list(&client).await, 2);
    assert!(heard.0.lock().iter().any(|heard| heard.starts_with("list say pin")), "{:?}", heard.0.lock());
    assert_eq!(first.unpinned().len(), 2);
    for name in ["say", "post"] {
        assert!(first.approve_tool(name));
    }
    assert_eq!((list(&client).await, first.unpinned().len()), (2, 0));
    assert!(!client.call("post", json!({})).await.is_error);

    let heard = Arc::new(Heard::default());
    let again = guardrails(first.pins(), &heard);
    let client = TestClient::connect(again.layer().layer(server("Says something else.")));
    assert!(!client.call("post", json!({})).await.is_error);
    assert_eq!(list(&client).await, 2);
    assert_eq!(again.unpinned()[0].tool, "say");
    // The session has seen a changed tool: a rule may stop what follows, and nothing else does.
    assert!(!client.call("say", json!({})).await.is_error);
    assert!(client.call("post", json!({})).await.is_error);
}

#[tokio::test]
async fn what_tasks_come_to_is_decided_over() {
    async fn tasks(request: Request, next: Next) -> Result<Response, BoxError> {
        let Method::Other(name) = &request.method else { return next.run(request).await };
        let id = request.params.get_str("taskId").unwrap_or_default().into_owned();
        let answer = match (&**name, &*id) {
            ("tasks/get", "1") => {
                json!({ "taskId": id, "status": "completed", "result": { "content": [{ "type": "text", "text": "the word is hush" }] } })
            }
            ("tasks/result", "1") => json!({ "content": [{ "type": "text", "text": "the word is hush" }] }),
            _ => json!({ "taskId": id, "status": "working" }),
        };
        Ok(Response::result(answer.to_string()))
    }
    let rules = "rules: [{ id: hush, phase: result, tool: 'tasks/*', when: { text: { contains: hush } }, then: block, message: ask for less }]";
    let heard = Arc::new(Heard::default());
    let guardrails = Guardrails::builder(engine(rules)).observer(heard.clone()).build();
    let client = TestClient::connect(guardrails.layer().layer(from_fn(tasks).layer(server("Says."))));
    for method in ["tasks/get", "tasks/result"] {
        let withheld = client.request(method, json!({ "taskId": "1" })).await.unwrap_err();
        assert_eq!(withheld.code, ErrorCode::FORBIDDEN);
        assert!(
            withheld.message.contains("`hush`") && withheld.message.contains("ask for less"),
            "{}",
            withheld.message
        );
        assert!(!withheld.message.contains("the word"), "{}", withheld.message);
        let open = client.request(method, json!({ "taskId": "2" })).await.unwrap();
        assert_eq!(open["status"], "working");
    }
    assert_eq!(*heard.0.lock(), ["result tasks/get hush block", "result tasks/result hush block"]);
}

#[tokio::test]
async fn sessions_are_those_that_the_owner_names() {
    let rules =
        "rules: [{ id: few, tool: post, then: block, when: { count: { tool: post, within: 1h, min: 2 } } }]";
    let name = |request: &Request| {
        let meta: serde_json::Value = serde_json::from_str(request.params.get("_meta")?).ok()?;
        Some(meta.get("conversation")?.as_str()?.to_owned())
    };
    let guardrails = Guardrails::builder(engine(rules)).session(name).build();
    let client = TestClient::connect(guardrails.layer().layer(server("Says.")));
    let post = async |conversation: serde_json::Value| {
        let params = json!({ "name": "post", "arguments": {}, "_meta": conversation });
        let answer = client.request("tools/call", params).await.unwrap();
        answer["isError"] == true
    };
    for (conversation, blocked) in [("a", false), ("b", false), ("a", true), ("b", true), ("c", false)] {
        assert_eq!(post(json!({ "conversation": conversation })).await, blocked, "{conversation}");
    }
    // Where nothing is named, all of a caller's requests are one session.
    assert!(!post(json!({})).await && post(json!({})).await);
}
