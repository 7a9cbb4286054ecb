//! One server inside another.

use mcp_core::protocol::SubscriptionFilter;
use mcp_core::server::{Mount, prompt, resource, tool};
use mcp_core::testing::TestClient;
use mcp_core::{Server, State};
use serde_json::json;

use super::{builder, named, said};

fn notes() -> Server {
    builder()
        .state("of notes".to_owned())
        .tool(tool("whose", async |State(whose): State<String>| whose))
        .tool(named("draft").tag("beta"))
        .tool(named("find").tag("stable"))
        .prompt(prompt("sum", async || "sum up").tag("stable"))
        .resource(resource("notes:1", "one", async || "text"))
        .build()
        .unwrap()
}

async fn names(client: &TestClient) -> Vec<String> {
    client.list_tools().await.into_iter().map(|tool| tool.name).collect()
}

#[tokio::test]
async fn names_get_the_namespace_and_uris_stay() {
    let outer = builder().state("of the outer".to_owned()).tool(named("find")).mount("notes", &notes());
    let client = TestClient::connect(outer.build().unwrap());
    assert_eq!(names(&client).await, ["find", "notes_whose", "notes_draft", "notes_find"]);
    assert_eq!(said(&client.call("notes_find", json!({})).await), (false, "find"));
    assert_eq!(said(&client.call("notes_whose", json!({})).await), (false, "of notes"));
    assert!(client.get_prompt("notes_sum", json!({})).await.is_ok());
    assert!(client.read("notes:1").await.is_ok());
    assert_eq!(client.list_resources().await[0].uri, "notes:1");
}

#[tokio::test]
async fn renamed_filtered_and_tagged() {
    let mount =
        Mount::new(&notes()).only_tagged("stable").rename("find", "search").namespace("n").tag("mounted");
    let outer = builder().mount_with(mount).visibility(|_, shown| shown.tags.contains("mounted"));
    let client = TestClient::connect(outer.build().unwrap());
    assert_eq!(names(&client).await, ["n_search"]);
    assert_eq!(client.list_prompts().await[0].name, "n_sum");
    assert!(client.try_call("n_draft", json!({})).await.is_err());
}

#[tokio::test]
async fn later_changes_show_up() {
    let (inner, middle) = (notes(), builder());
    let middle = middle.mount("m", &inner).build().unwrap();
    let outer = builder().mount("o", &middle).build().unwrap();
    let client = TestClient::connect(outer.clone());
    let filter = SubscriptionFilter {
        tools_list_changed: true,
        resource_subscriptions: vec!["notes:1".to_owned()],
        ..SubscriptionFilter::default()
    };
    let changes = client.listen(filter).await.unwrap();

    inner.add_tool(named("new")).unwrap();
    assert_eq!(changes.next().await.method, "notifications/tools/list_changed");
    assert_eq!(said(&client.call("o_m_new", json!({})).await), (false, "new"));
    inner.remove_tool("find");
    assert_eq!(changes.next().await.method, "notifications/tools/list_changed");
    assert_eq!(names(&client).await, ["o_m_whose", "o_m_draft", "o_m_new"]);
    inner.resource_updated("notes:1");
    assert_eq!(changes.next().await.params["uri"], "notes:1");

    // What the outer server has of its own stays.
    outer.add_tool(named("own")).unwrap();
    inner.remove_tool("new");
    assert!(names(&client).await.contains(&"own".to_owned()));
}

#[tokio::test]
async fn a_name_that_clashes_later_does_not_replace() {
    let inner = notes();
    let outer = builder().tool(named("n_late")).mount("n", &inner).build().unwrap();
    inner.add_tool(tool("late", async || "the mounted one")).unwrap();
    let client = TestClient::connect(outer);
    assert_eq!(said(&client.call("n_late", json!({})).await), (false, "n_late"));
}
