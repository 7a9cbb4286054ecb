//! Changes at run time, told to who listens.

use mcp_core::protocol::{ProtocolVersion, SubscriptionFilter};
use mcp_core::server::{prompt, resource};
use mcp_core::testing::TestClient;
use serde_json::json;

use super::{BOTH, builder, named, refused, said};

fn lists() -> SubscriptionFilter {
    SubscriptionFilter {
        tools_list_changed: true,
        prompts_list_changed: true,
        resources_list_changed: true,
        ..SubscriptionFilter::default()
    }
}

#[tokio::test]
async fn tools_come_and_go() {
    for version in BOTH {
        let server = builder().tool(named("a")).expects_prompts().expects_resources().build().unwrap();
        let client = TestClient::connect_as(version, server.clone()).await;
        let changes = client.listen(lists()).await.unwrap();

        server.add_tool(named("b")).unwrap();
        assert_eq!(changes.next().await.method, "notifications/tools/list_changed", "{version}");
        assert_eq!(client.list_tools().await.iter().map(|t| &*t.name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(said(&client.call("b", json!({})).await), (false, "b"));

        assert!(server.remove_tool("a"));
        assert_eq!(changes.next().await.method, "notifications/tools/list_changed", "{version}");
        assert_eq!(refused(client.call_raw("a", json!({})).await), "-32602 unknown tool `a`");

        server.add_prompt(prompt("p", async || "hi")).unwrap();
        assert_eq!(changes.next().await.method, "notifications/prompts/list_changed");
        server.add_resource(resource("r:1", "r", async || "one")).unwrap();
        assert_eq!(changes.next().await.method, "notifications/resources/list_changed");

        assert!(!server.remove_tool("a"), "it is gone already");
        assert!(!server.remove_prompt("q"));
        server.add_tool(named("c")).unwrap();
        assert_eq!(
            changes.next().await.method,
            "notifications/tools/list_changed",
            "what changes nothing tells nothing"
        );
        assert_eq!(client.notifications(), []);
    }
}

#[tokio::test]
async fn resources_tell_their_watchers() {
    for version in BOTH {
        let server = builder().resource(resource("r:1", "r", async || "one")).build().unwrap();
        let client = TestClient::connect_as(version, server.clone()).await;
        let watched = vec!["r:1".to_owned()];
        let filter = SubscriptionFilter { resource_subscriptions: watched, ..SubscriptionFilter::default() };
        let changes = client.listen(filter).await.unwrap();
        server.resource_updated("r:2");
        server.resource_updated("r:1");
        let change = changes.next().await;
        assert_eq!(change.method, "notifications/resources/updated");
        assert_eq!(change.params["uri"], "r:1", "{version}");
    }
}

#[tokio::test]
async fn only_what_the_server_has_is_honoured() {
    let server = builder().tool(named("a")).build().unwrap();
    let client = TestClient::connect(server);
    let changes = client.listen(lists()).await.unwrap();
    assert_eq!(*changes.honoured(), json!({ "toolsListChanged": true }));
}

#[tokio::test]
async fn a_cancelled_subscription_tells_nothing_more() {
    let server = builder().tool(named("a")).build().unwrap();
    let client = TestClient::connect(server.clone());
    let (first, second) = (client.listen(lists()).await.unwrap(), client.listen(lists()).await.unwrap());
    first.cancel().await;
    drop(client.request("tools/list", json!({})).await);
    server.add_tool(named("b")).unwrap();
    second.next().await;
    assert_eq!(client.notifications(), []);
}

#[tokio::test]
async fn shutting_down_ends_subscriptions() {
    let server = builder().tool(named("a")).build().unwrap();
    let client = TestClient::connect(server.clone());
    let changes = client.listen(lists()).await.unwrap();
    server.shut_down();
    assert_eq!(changes.ended().await.unwrap()["resultType"], "complete");
}

#[tokio::test]
async fn an_unknown_method_and_an_unknown_filter_are_refused() {
    let client = TestClient::connect(builder().tool(named("a")).build().unwrap());
    let params = json!({ "notifications": { "toolsListChanged": "yes" } });
    assert_eq!(
        refused(client.request("subscriptions/listen", params).await),
        "-32602 `notifications`: `toolsListChanged`: invalid type: string \"yes\", expected a boolean"
    );
    let old = TestClient::connect_as(ProtocolVersion::V2025_06_18, builder().build().unwrap()).await;
    let listen = old.request("subscriptions/listen", json!({ "notifications": {} })).await;
    assert_eq!(refused(listen), "-32601 method `subscriptions/listen` is not supported");
}
