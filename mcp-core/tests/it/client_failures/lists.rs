//! Lists that lead in circles, and schemas that lead out of the machine.

use std::sync::atomic::Ordering;

use mcp_core::client::{Client, Error};
use mcp_core::protocol::ElicitResult;
use serde_json::{Value, json};

use super::http_script::{Answering, Asked, Out, Script};
use super::response;

fn page(asked: &Asked, out: Out, tools: &Value, next: &str) -> Answering {
    let answer = response(&asked.body, &json!({ "tools": tools, "nextCursor": next }));
    Box::pin(async move { out.json(&answer).await })
}

#[tokio::test]
async fn a_cursor_that_leads_in_a_circle_is_found_out() {
    let script = Script::modern(|asked, out| {
        let next = if asked.body["params"]["cursor"] == "a" { "b" } else { "a" };
        page(&asked, out, &json!([{ "name": "t", "inputSchema": { "type": "object" } }]), next)
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let error = client.tools().await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
    assert!(error.to_string().contains("circle"), "{error}");
    assert_eq!(script.count("tools/list"), 3);
}

#[tokio::test]
async fn references_in_schemas_are_never_fetched() {
    let bait = Script::start(|_, out| Box::pin(async move { out.whole(200, "", "{}").await })).await;
    let reference = format!("http://{}/schema.json", bait.address);
    let bomb = json!({
        "$schema": reference, "$id": reference, "type": "object", "$ref": reference,
        "properties": { "a": { "$ref": reference }, "b": { "$dynamicRef": reference } },
        "allOf": (0..200).map(|n| json!({ "$ref": format!("{reference}#{n}") })).collect::<Vec<_>>(),
    });
    let script = Script::modern(move |asked, out| {
        let body = &asked.body;
        let result = match (asked.method(), body["params"].get("inputResponses")) {
            ("tools/list", _) => {
                json!({ "tools": [{ "name": "t", "inputSchema": bomb, "outputSchema": bomb }] })
            }
            (_, Some(answers)) => json!({ "content": [], "structuredContent": { "a": answers } }),
            _ => {
                let params = json!({ "mode": "form", "message": "?", "requestedSchema": bomb });
                let question = json!({ "method": "elicitation/create", "params": params });
                json!({ "resultType": "input_required", "inputRequests": { "q": question } })
            }
        };
        let answer = response(body, &result);
        Box::pin(async move { out.json(&answer).await })
    })
    .await;
    let form =
        |_| async { Ok(ElicitResult::accept(serde_json::Map::from_iter([("a".to_owned(), json!("x"))]))) };
    let client = Client::builder("t", "1").on_form(form).connect(script.url()).await.unwrap();
    assert_eq!(client.tools().await.unwrap().len(), 1);
    // Whether the form is accepted or refused, nothing is asked of anybody.
    let outcome = client.call_tool("t", json!({ "a": 1 })).await;
    assert!(outcome.is_ok() || matches!(outcome, Err(Error::Handler(_))), "{outcome:?}");
    assert_eq!(bait.connections.load(Ordering::SeqCst), 0);
}
