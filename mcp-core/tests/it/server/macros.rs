//! `#[tools]` makes what the builder makes.

use std::sync::atomic::{AtomicU64, Ordering};

use insta::assert_json_snapshot;
use mcp_core::protocol::Capability;
use mcp_core::server::{Context, Json, ToolError};
use mcp_core::testing::TestClient;
use mcp_core::{Args, State, tools};
use serde_json::json;

use super::{builder, said};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Add {
    /// How much.
    amount: u64,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Total {
    total: u64,
}

struct Counter<C> {
    count: AtomicU64,
    clock: C,
}

#[tools]
impl<C: Fn() -> u64 + Send + Sync + 'static> Counter<C> {
    /// Adds to the counter.
    ///
    /// Says what it shows then.
    #[tool(tags("write", "count"), destructive, requires(Capability::Roots))]
    async fn add(
        &self,
        State(most): State<u64>,
        Args(Add { amount }): Args<Add>,
    ) -> Result<Json<Total>, ToolError> {
        if amount > most {
            return Err(ToolError::new(self.refusal(most)));
        }
        let total = self.count.fetch_add(amount, Ordering::Relaxed) + amount;
        Ok(Json(Total { total }))
    }

    fn refusal(&self, most: u64) -> String {
        format!("at most {most} at {}", (self.clock)())
    }

    #[tool(
        name = "show-name",
        title = "Show",
        description = "Names the tool.",
        read_only,
        idempotent,
        closed_world
    )]
    async fn show(&self, context: Context) -> String {
        context.request().params.get_str("name").unwrap().into_owned()
    }

    /// Needs no counter.
    #[tool]
    async fn r#where() -> &'static str {
        "here"
    }

    #[cfg(any())]
    #[tool]
    async fn absent(&self, _: Nothing) {}
}

fn counter() -> Counter<impl Fn() -> u64> {
    Counter { count: AtomicU64::new(1), clock: || 7 }
}

#[tokio::test]
async fn methods_become_tools() {
    let client = TestClient::connect(builder().state(10u64).tools(counter()).build().unwrap());
    let add = client.call("add", json!({ "amount": 2 })).await;
    assert_eq!(add.structured_content.unwrap().to_value().unwrap(), json!({ "total": 3 }));
    let add = client.call("add", json!({ "amount": 11 })).await;
    assert_eq!(said(&add), (true, "at most 10 at 7"));
    assert_eq!(said(&client.call("show-name", json!({})).await), (false, "show-name"));
    assert_eq!(said(&client.call("where", json!({})).await), (false, "here"));
}

#[tokio::test]
async fn definitions_come_from_the_methods() {
    let server = builder().state(10u64).tools(counter()).build().unwrap();
    let list = TestClient::connect(server).request("tools/list", json!({})).await.unwrap();
    assert_json_snapshot!(list["tools"], @r#"
    [
      {
        "name": "add",
        "description": "Adds to the counter.\n\nSays what it shows then.",
        "inputSchema": {
          "type": "object",
          "properties": {
            "amount": {
              "type": "integer",
              "format": "uint64",
              "minimum": 0,
              "description": "How much."
            }
          },
          "required": [
            "amount"
          ]
        },
        "outputSchema": {
          "type": "object",
          "properties": {
            "total": {
              "type": "integer",
              "format": "uint64",
              "minimum": 0
            }
          },
          "required": [
            "total"
          ]
        },
        "annotations": {
          "destructiveHint": true
        }
      },
      {
        "name": "show-name",
        "title": "Show",
        "description": "Names the tool.",
        "inputSchema": {
          "type": "object",
          "properties": {}
        },
        "annotations": {
          "readOnlyHint": true,
          "idempotentHint": true,
          "openWorldHint": false
        }
      },
      {
        "name": "where",
        "description": "Needs no counter.",
        "inputSchema": {
          "type": "object",
          "properties": {}
        }
      }
    ]
    "#);
}

#[test]
fn tags_are_kept() {
    use mcp_core::server::ToolSet;
    let tools = std::sync::Arc::new(counter()).into_tools();
    let add = tools.iter().find(|tool| tool.name() == "add").unwrap();
    assert_eq!(add.tags().iter().collect::<Vec<_>>(), ["count", "write"]);
}
