//! Structured output in every revision, and results that are no results.

use mcp_core::protocol::{ProtocolVersion, RpcError};
use mcp_core::server::{Json, ToolError, tool};
use mcp_core::testing::TestClient;
use serde_json::{Value, json};

use super::{builder, refused, said};

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Point {
    x: i32,
}

/// What a call and the list say in a revision: content, structured content, output schema.
async fn seen(version: ProtocolVersion, name: &str) -> (Value, Value, Value) {
    let server = builder()
        .tool(tool("object", async || Json(Point { x: 1 })))
        .tool(tool("array", async || Json([1, 2])))
        .build()
        .unwrap();
    let client = TestClient::connect_as(version, server).await;
    let mut result = client.call_raw(name, json!({})).await.unwrap();
    let mut list = client.request("tools/list", json!({})).await.unwrap();
    let tools = list["tools"].as_array_mut().unwrap();
    let tool = tools.iter_mut().find(|tool| tool["name"] == name).unwrap();
    (
        result["content"][0]["text"].take(),
        result["structuredContent"].take(),
        tool["outputSchema"]["type"].take(),
    )
}

#[tokio::test]
async fn text_goes_with_it_everywhere() {
    for version in ProtocolVersion::ALL {
        assert_eq!(seen(version, "object").await.0, r#"{"x":1}"#, "{version}");
        assert_eq!(seen(version, "array").await.0, "[1,2]", "{version}");
    }
}

#[tokio::test]
async fn objects_since_2025_06_18_and_anything_since_2026_07_28() {
    for version in ProtocolVersion::ALL {
        let (object, array) = (seen(version, "object").await, seen(version, "array").await);
        let expect = match version {
            ProtocolVersion::V2026_07_28 => {
                [(json!({ "x": 1 }), json!("object")), (json!([1, 2]), json!("array"))]
            }
            ProtocolVersion::V2025_06_18 | ProtocolVersion::V2025_11_25 => {
                [(json!({ "x": 1 }), json!("object")), (json!({ "result": [1, 2] }), json!("object"))]
            }
            _ => [(Value::Null, Value::Null), (Value::Null, Value::Null)],
        };
        assert_eq!([(object.1, object.2), (array.1, array.2)], expect, "{version}");
    }
}

#[tokio::test]
async fn failures_are_for_the_model_and_refusals_for_the_program() {
    let server = builder()
        .tool(tool("fails", async || Err::<(), _>("out of paper")))
        .tool(tool("io", async || Err::<(), ToolError>(std::io::Error::other("jammed").into())))
        .tool(tool("refuses", async || Err::<(), _>(RpcError::invalid_params("no such printer"))))
        .tool(tool("by_way_of", async || {
            Err::<(), ToolError>(RpcError::invalid_params("no such tray").into())
        }))
        .tool(tool("nothing", async || ()));
    let client = TestClient::connect(server.build().unwrap());
    assert_eq!(said(&client.call("fails", json!({})).await), (true, "out of paper"));
    assert_eq!(said(&client.call("io", json!({})).await), (true, "jammed"));
    assert_eq!(refused(client.call_raw("refuses", json!({})).await), "-32602 no such printer");
    assert_eq!(refused(client.call_raw("by_way_of", json!({})).await), "-32602 no such tray");
    assert_eq!(client.call_raw("nothing", json!({})).await.unwrap()["content"], json!([]));
}
