use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_core::middleware::{Next, from_fn};
use mcp_core::protocol::{RpcError, SubscriptionFilter};
use mcp_core::service::{McpService, Principal, Response};
use mcp_core::testing::TestClient;
use mcp_core::{Args, Server, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_layer::Layer;

use super::*;

#[derive(Deserialize, JsonSchema)]
struct Amount {
    amount: u32,
}

/// A hundred tools and the one that counts how often it ran.
fn server(danger: &Arc<AtomicUsize>) -> Server {
    let counted = Arc::clone(danger);
    let refund = async |Args(Amount { amount }): Args<Amount>| format!("paid {amount}");
    let wipe = move || {
        let counted = Arc::clone(&counted);
        async move { counted.fetch_add(1, Ordering::SeqCst).to_string() }
    };
    let mut server = Server::builder("many", "1.0.0")
        .tool(tool("refund", refund).description("Pays a customer's money back."))
        .tool(tool("wipe_disk", wipe).description("Deletes everything on a disk."))
        .tool(tool("statement_a", async || "done").description("Writes the quarterly statement."))
        .tool(tool("statement_b", async || "done").description("Writes the quarterly statement."));
    for i in 0..100 {
        server = server.tool(
            tool(format!("report_{i}"), async || "done").description(format!("Writes report number {i}.")),
        );
    }
    server.build().unwrap()
}

fn names(listed: &Value) -> Vec<String> {
    listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn found(client: &TestClient, query: &str) -> Vec<String> {
    let result = client.call("search_tools", json!({ "query": query })).await;
    names(&result.structured_content.unwrap().to_value().unwrap())
}

fn service(search: &ToolSearch) -> impl McpService {
    search.layer().layer(server(&Arc::default()))
}

#[tokio::test]
async fn what_is_denied_behind_never_runs_and_is_audited_under_its_own_name() {
    let (danger, audit) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&audit);
    let guard = from_fn(move |request: mcp_core::service::Request, next: Next| {
        let log = Arc::clone(&log);
        async move {
            let name = request.params.get_str("name").unwrap_or_default().into_owned();
            log.lock().push(format!("{} {name}", request.method.as_str()));
            if name == "wipe_disk" {
                return Ok(Response::error(RpcError::forbidden("not for you")));
            }
            next.run(request).await
        }
    });
    let search = ToolSearch::builder().build().unwrap();
    let client = TestClient::connect(search.layer().layer(guard.layer(server(&danger))));
    assert_eq!(found(&client, "delete everything on the disk").await[0], "wipe_disk");
    let refused = client
        .request("tools/call", json!({ "name": "call_tool", "arguments": { "name": "wipe_disk" } }))
        .await;
    assert_eq!(refused.unwrap_err().message, "not for you");
    assert_eq!(danger.load(Ordering::SeqCst), 0);
    assert_eq!(*audit.lock(), ["tools/list ", "tools/call wipe_disk"]);
}

#[tokio::test]
async fn what_a_caller_may_not_see_is_not_found() {
    let danger = Arc::default();
    let hidden = |request: &mcp_core::service::Request, shown: &mcp_core::server::Shown<'_>| {
        shown.name != "wipe_disk" || request.peer.principal.as_ref().is_some_and(|who| who.user == "root")
    };
    let inner = {
        let counted: Arc<AtomicUsize> = Arc::clone(&danger);
        let mut builder = Server::builder("many", "1.0.0").visibility(hidden);
        builder = builder.tool(
            tool("wipe_disk", move || {
                let counted = Arc::clone(&counted);
                async move { counted.fetch_add(1, Ordering::SeqCst).to_string() }
            })
            .description("Deletes everything on a disk."),
        );
        for i in 0..20 {
            builder = builder.tool(
                tool(format!("report_{i}"), async || "done").description("Writes a report about disks."),
            );
        }
        builder.build().unwrap()
    };
    let search = ToolSearch::builder().build().unwrap();
    let root = TestClient::builder()
        .principal(Principal::new("acme", "root"))
        .connect(search.layer().layer(inner.clone()))
        .await;
    let ann = TestClient::builder()
        .principal(Principal::new("acme", "ann"))
        .connect(search.layer().layer(inner))
        .await;
    assert_eq!(found(&root, "delete everything on the disk").await[0], "wipe_disk");
    assert!(!found(&ann, "delete everything on the disk").await.contains(&"wipe_disk".to_owned()));
    let call = json!({ "name": "call_tool", "arguments": { "name": "wipe_disk" } });
    assert_eq!(ann.request("tools/call", call).await.unwrap_err().code.0, -32602);
    assert_eq!(danger.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn arguments_reach_the_tool_and_mistakes_the_model() {
    let search = ToolSearch::builder().build().unwrap();
    let client = TestClient::connect(service(&search));
    let paid = client.call("call_tool", json!({ "name": "refund", "arguments": { "amount": 5 } })).await;
    assert_eq!(paid.content[0].as_text(), Some("paid 5"));
    for arguments in [
        json!({ "name": "refund" }),
        json!({}),
        json!({ "name": "call_tool" }),
        json!({ "name": "search_tools" }),
    ] {
        assert!(client.call("call_tool", arguments.clone()).await.is_error, "{arguments}");
    }
    assert!(client.call("search_tools", json!({ "limit": 3 })).await.is_error);
    assert!(client.request("tools/list", json!({ "cursor": "x" })).await.is_err());
}

#[tokio::test]
async fn lists_change_with_a_revision_only_and_for_those_who_called() {
    let search = ToolSearch::builder().promoted(1).always(["report_7"]).build().unwrap();
    let connect =
        |user: &str| TestClient::builder().principal(Principal::new("acme", user)).connect(service(&search));
    let (ann, bob) = (connect("ann").await, connect("bob").await);
    let front = ["search_tools", "call_tool", "report_7"];
    let listed = ann.request("tools/list", json!({})).await.unwrap();
    assert_eq!(
        (names(&listed), &listed["cacheScope"]),
        (front.map(str::to_owned).to_vec(), &json!("private"))
    );
    for _ in 0..3 {
        ann.call("call_tool", json!({ "name": "refund", "arguments": { "amount": 1 } })).await;
        ann.call("report_3", json!({})).await;
    }
    ann.call("report_3", json!({})).await;
    assert_eq!(names(&ann.request("tools/list", json!({})).await.unwrap()), front);
    assert!(search.publish());
    // Another connection of the same caller sees the same; another caller does not.
    let again = connect("ann").await;
    for client in [&ann, &again] {
        let listed = names(&client.request("tools/list", json!({})).await.unwrap());
        assert_eq!(listed, ["search_tools", "call_tool", "report_3", "report_7"]);
    }
    assert_eq!(names(&bob.request("tools/list", json!({})).await.unwrap()), front);
    assert!(!search.publish());
}

#[tokio::test]
async fn a_tool_that_was_called_with_success_is_found_first_by_the_same_tenant() {
    let search = ToolSearch::builder().build().unwrap();
    let connect = |org: &str, user: &str| {
        TestClient::builder().principal(Principal::new(org, user)).connect(service(&search))
    };
    let (acme, other) = (connect("acme", "ann").await, connect("other", "eve").await);
    // Both fit equally well, and without feedback the first one wins.
    let query = "write the quarterly statement";
    let before = found(&acme, query).await;
    assert!(
        before.contains(&"statement_a".to_owned()) && before.contains(&"statement_b".to_owned()),
        "{before:?}"
    );
    for _ in 0..12 {
        found(&acme, query).await;
        acme.call("call_tool", json!({ "name": "statement_b" })).await;
    }
    let mut first = 0;
    for _ in 0..10 {
        first += usize::from(found(&acme, query).await[0] == "statement_b");
    }
    assert!(first >= 9, "{first} of 10");
    found(&other, query).await;
    let learner = search.0.recommender.learned().unwrap();
    let stats = |org: &str| learner.stats(&json!(["", org]).to_string()).unwrap();
    assert_eq!((stats("acme").accepted, stats("other").accepted, stats("other").requests), (12, 0, 1));
}

#[tokio::test]
async fn few_tools_are_left_as_they_are() {
    let search = ToolSearch::builder().above(200).build().unwrap();
    let client = TestClient::connect(service(&search));
    assert_eq!(names(&client.request("tools/list", json!({})).await.unwrap()).len(), 104);
}

#[tokio::test]
async fn a_failed_call_teaches_nothing() {
    let search = ToolSearch::builder().build().unwrap();
    let client = TestClient::connect(service(&search));
    found(&client, "pay the money back").await;
    assert!(client.call("call_tool", json!({ "name": "refund", "arguments": {} })).await.is_error);
    let learner = search.0.recommender.learned().unwrap();
    assert_eq!(learner.stats("anonymous").unwrap().accepted, 0);
    client.call("call_tool", json!({ "name": "refund", "arguments": { "amount": 1 } })).await;
    assert_eq!(learner.stats("anonymous").unwrap().accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn lists_are_published_in_time_and_clients_are_told() {
    let search = ToolSearch::builder().promoted(1).build().unwrap();
    let server = server(&Arc::default());
    let client = TestClient::connect(search.layer().layer(server.clone()));
    let filter = SubscriptionFilter { tools_list_changed: true, ..SubscriptionFilter::default() };
    let changes = client.listen(filter).await.unwrap();
    let runs = tokio::spawn({
        let (search, server) = (search.clone(), server.clone());
        async move { search.run(&server, Duration::from_secs(2)).await }
    });
    for _ in 0..3 {
        client.call("report_3", json!({})).await;
    }
    let front = ["search_tools", "call_tool"];
    assert_eq!(names(&client.request("tools/list", json!({})).await.unwrap()), front);
    let begun = tokio::time::Instant::now();
    assert_eq!(changes.next().await.method, "notifications/tools/list_changed");
    assert!((1..=2).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let listed = names(&client.request("tools/list", json!({})).await.unwrap());
    assert_eq!(listed, ["search_tools", "call_tool", "report_3"]);
    server.shut_down();
    runs.await.unwrap();
}
