//! The server of rules, as operators use it.

use std::sync::Arc;

use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::server::{ADMIN, builder};
use mcp_guardrails::state::{Guard, MemoryStore};
use mcp_guardrails::{Event, pack};
use serde_json::{Value, json};

use crate::support::engine;

fn empty() -> TestClient {
    let guardrails = Guardrails::builder(engine("rules: []")).build();
    TestClient::connect(builder(guardrails).without_credentials().build().unwrap())
}

async fn ask(client: &TestClient, tool: &str, arguments: Value) -> Value {
    let result = client.call(tool, arguments).await;
    assert!(!result.is_error, "{result:?}");
    result.structured_content.unwrap().to_value().unwrap()
}

async fn refused(client: &TestClient, tool: &str, arguments: Value) -> String {
    let result = client.call(tool, arguments).await;
    assert!(result.is_error, "{result:?}");
    result.content[0].as_text().unwrap().to_owned()
}

#[tokio::test]
async fn rules_are_tried_added_listed_and_removed() {
    let client = empty();
    let event = json!({ "event": { "tool": "push", "arguments": { "force": true } } });
    assert_eq!(ask(&client, "evaluate", event.clone()).await["verdict"], "allow");
    let rule = "id: no-force\ntool: push\nwhen: { /force: true }\nthen: block\nmessage: push without force";
    assert_eq!(ask(&client, "add_rule", json!({ "rule": rule })).await["added"], json!(["no-force"]));
    let said = ask(&client, "evaluate", event.clone()).await;
    assert_eq!(
        (&said["verdict"], &said["rule"], &said["places"][0]["field"]),
        (&json!("block"), &json!("no-force"), &json!("arguments/force"))
    );
    let why = client.call("explain", event.clone()).await;
    assert!(why.content[0].as_text().unwrap().contains("no-force: applies (block)"));
    let listed = ask(&client, "list_rules", json!({})).await;
    assert_eq!(
        (&listed["rules"][0]["id"], &listed["rules"][0]["then"]),
        (&json!("no-force"), &json!(["block"]))
    );
    assert_eq!(ask(&client, "remove_rule", json!({ "id": "no-force" })).await["removed"], "no-force");
    assert!(
        refused(&client, "remove_rule", json!({ "id": "no-force" }))
            .await
            .contains("there is no rule `no-force`")
    );
    assert_eq!(ask(&client, "evaluate", event).await["verdict"], "allow");
    assert!(
        refused(&client, "add_rule", json!({ "rule": "{id: a, then: blok}" }))
            .await
            .contains("did you mean `block`")
    );
    assert!(refused(&client, "evaluate", json!({ "event": { "tol": "x" } })).await.contains("tool"));
}

#[tokio::test]
async fn sets_are_tested_and_simulated_without_counting() {
    let client = empty();
    let passed = ask(&client, "test_rules", json!({ "rules": pack::text("mass-delete").unwrap() })).await;
    assert_eq!((&passed["passed"], &passed["rules"]), (&json!(true), &json!(4)));
    let failing = "rules: [{ id: a, then: block }]\ntests: [{ name: t, event: { tool: x }, expect: allow }]";
    assert!(
        refused(&client, "test_rules", json!({ "rules": failing }))
            .await
            .contains("tests[0] `t` expects allow")
    );
    let log = "{\"tool\":\"ls\"}\n{\"tool\":\"rm\"}\n";
    let report = ask(
        &client,
        "simulate",
        json!({ "rules": "rules: [{ id: no-rm, tool: rm, then: block }]", "log": log }),
    )
    .await;
    assert_eq!(
        report,
        json!({ "events": 2, "stopped_now": 0, "stopped_then": 1, "differences": ["line 2, `rm`: allow becomes block by `no-rm`"] })
    );
    assert_eq!(ask(&client, "list_rules", json!({})).await["rules"], json!([]));
}

#[tokio::test]
async fn calls_are_approved_by_who_may() {
    let rules = Arc::new(engine("rules: [{ id: ask, tool: wipe, then: require_approval }]"));
    let store = Arc::new(MemoryStore::default());
    let server = builder(Guardrails::builder(rules.clone()).store(store.clone()).build()).build().unwrap();
    // Somebody else who uses the same store.
    let guard = Guard::new(rules, store);
    let arguments = json!({ "path": "/tmp" });
    let waiting = guard.check(&Event::call("wipe", &arguments)).unwrap().approval.unwrap();
    let asked = json!({ "digest": waiting.digest.to_string() });
    let mut admin = Principal::new("org", "ann");
    admin.scopes.insert(ADMIN.to_owned());
    let nobody = TestClient::connect(server.clone());
    let user = TestClient::builder().principal(Principal::new("org", "bob")).connect(server.clone()).await;
    let ann = TestClient::builder().principal(admin).connect(server).await;
    for client in [&nobody, &user] {
        assert!(refused(client, "approve", asked.clone()).await.contains("`guardrails:admin`"));
        assert!(
            refused(client, "add_rule", json!({ "rule": "{id: a, then: allow}" }))
                .await
                .contains("`guardrails:admin`")
        );
        assert!(refused(client, "remove_rule", json!({ "id": "ask" })).await.contains("`guardrails:admin`"));
    }
    assert!(refused(&ann, "approve", json!({ "digest": "12" })).await.contains("64 hexadecimal digits"));
    assert!(guard.check(&Event::call("wipe", &arguments)).unwrap().is_blocked());
    ask(&ann, "approve", asked).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    assert!(!guard.check(&Event::call("wipe", &arguments).at(now)).unwrap().is_blocked());
}
