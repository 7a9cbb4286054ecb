//! Lists: pages and cursors.

use mcp_core::testing::TestClient;
use serde_json::{Value, json};

use super::{builder, named, refused};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn names(page: &Value) -> Vec<&str> {
    page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_follow_each_other() {
    let all = NAMES.into_iter().fold(builder().page_size(2), |builder, name| builder.tool(named(name)));
    let server = all.build().unwrap();
    let client = TestClient::connect(server.clone());
    let first = client.request("tools/list", json!({})).await.unwrap();
    assert_eq!(names(&first), ["a", "b"]);
    let second = json!({ "cursor": first["nextCursor"] });
    let page = client.request("tools/list", second.clone()).await.unwrap();
    assert_eq!(names(&page), ["c", "d"]);
    let third = client.request("tools/list", json!({ "cursor": page["nextCursor"] })).await.unwrap();
    assert_eq!(names(&third), ["e"]);
    assert_eq!(third.get("nextCursor"), None);
    assert_eq!(client.list_tools().await.len(), 5);

    // A tool that goes elsewhere moves no cursor; the one that the cursor names does.
    server.remove_tool("a");
    assert_eq!(names(&client.request("tools/list", second.clone()).await.unwrap()), ["c", "d"]);
    server.remove_tool("b");
    let stale = "-32602 `cursor` is not valid any more; list again from the start";
    assert_eq!(refused(client.request("tools/list", second).await), stale);
    for cursor in [json!("!"), json!("AAAA"), json!(""), json!(3), json!({})] {
        assert_eq!(refused(client.request("tools/list", json!({ "cursor": cursor })).await), stale);
    }
    assert!(client.request("tools/list", json!({ "cursor": null })).await.is_ok());
}

#[tokio::test]
async fn a_last_page_that_is_full_is_the_last() {
    let server = builder().page_size(2).tool(named("a")).tool(named("b")).build().unwrap();
    let page = TestClient::connect(server).request("tools/list", json!({})).await.unwrap();
    assert_eq!(page.get("nextCursor"), None);
}
