//! Arguments that do not fit: a failure of the tool that names the field, so that a model can mend it.

use mcp_core::Args;
use mcp_core::server::tool;
use mcp_core::testing::TestClient;
use serde_json::json;

use super::{refused, said, serving};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    filter: Filter,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Filter {
    range: Range,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Range {
    min: u8,
}

#[tokio::test]
async fn problems_name_the_field() {
    let search = tool("search", async |Args(search): Args<Search>| {
        format!("{} {}", search.filter.range.min, search.tags.len())
    });
    let client = TestClient::connect(serving(search));
    let check = async |arguments, expect: &str| {
        let result = client.call("search", arguments).await;
        assert_eq!(said(&result), (true, expect));
    };
    check(
        json!({ "filter": { "range": { "min": "x" } } }),
        "invalid arguments: `filter.range.min`: invalid type: string \"x\", expected u8",
    )
    .await;
    check(
        json!({ "filter": { "range": { "min": 256 } } }),
        "invalid arguments: `filter.range.min`: invalid value: integer `256`, expected u8",
    )
    .await;
    check(json!({ "filter": { "range": {} } }), "invalid arguments: `filter.range`: missing field `min`")
        .await;
    check(
        json!({ "filter": { "range": { "min": 1 } }, "tags": ["a", 2] }),
        "invalid arguments: `tags[1]`: invalid type: integer `2`, expected a string",
    )
    .await;
    check(json!({}), "invalid arguments: missing field `filter`").await;
    check(
        json!({ "filtre": 1 }),
        "invalid arguments: `filtre`: unknown field `filtre`, expected `filter` or `tags`",
    )
    .await;
    let fits = client.call("search", json!({ "filter": { "range": { "min": 1 } } })).await;
    assert_eq!(said(&fits), (false, "1 0"));
}

#[tokio::test]
async fn arguments_that_are_no_object_are_no_call() {
    let client = TestClient::connect(serving(super::named("a")));
    for arguments in [json!([1]), json!("text"), json!(7), json!(true)] {
        assert_eq!(refused(client.call_raw("a", arguments).await), "-32602 `arguments` must be an object");
    }
    let absent = client.request("tools/call", json!({ "name": "a" })).await.unwrap();
    assert_eq!(absent["content"][0]["text"], "a");
}
