//! The state of a call that waits for answers is the client's to attack.

use std::sync::Arc;

use mcp_core::Args;
use mcp_core::protocol::RpcError;
use mcp_core::server::{Context, Elicit, RequestStateStore, ServerBuilder, ToolError, tool};
use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{builder, refused};

const INVALID: &str = "-32602 `requestState` is not valid for this request; start over without it";

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Delete {
    #[expect(dead_code, reason = "the client sends it")]
    path: String,
}

async fn delete(context: Context, _: Args<Delete>) -> Result<&'static str, ToolError> {
    context.ask("sure", Elicit::url("Sure?", "https://example.com")).await?;
    Ok("deleted")
}

fn builder_with_tools() -> ServerBuilder {
    builder().tool(tool("delete", delete)).tool(tool("erase", delete))
}

fn call(tool: &str, path: &str) -> Value {
    json!({ "name": tool, "arguments": { "path": path, "n": 1 } })
}

/// The call again, with an answer and the state that came with the question.
fn retry(mut call: Value, state: &Value) -> Value {
    call["inputResponses"] = json!({ "sure": { "action": "accept" } });
    call["requestState"] = state.clone();
    call
}

async fn asked(client: &TestClient) -> Value {
    let result = client.request("tools/call", call("delete", "/a")).await.unwrap();
    assert_eq!(result["resultType"], "input_required");
    result["requestState"].clone()
}

#[tokio::test]
async fn a_state_serves_its_own_call() {
    let client = TestClient::connect(builder_with_tools().build().unwrap());
    let state = asked(&client).await;
    let result = client.request("tools/call", retry(call("delete", "/a"), &state)).await.unwrap();
    assert_eq!(result["content"][0]["text"], "deleted");
    // Clients may write the same arguments in another way.
    let mut other = retry(call("delete", "/a"), &state);
    other["arguments"] = serde_json::from_str(r#"{ "n": 1.0, "path": "\u002fa" }"#).unwrap();
    assert!(client.request("tools/call", other).await.is_ok());
}

#[tokio::test]
async fn a_state_serves_no_other_call() {
    let server = builder_with_tools().build().unwrap();
    let client = TestClient::connect(server.clone());
    let state = asked(&client).await;
    for other in [call("erase", "/a"), call("delete", "/b")] {
        assert_eq!(refused(client.request("tools/call", retry(other, &state)).await), INVALID);
    }
    let somebody = TestClient::builder().principal(Principal::new("acme", "eve")).connect(server).await;
    assert_eq!(refused(somebody.request("tools/call", retry(call("delete", "/a"), &state)).await), INVALID);
}

#[tokio::test]
async fn a_state_that_was_changed_or_made_up() {
    let server = builder_with_tools().build().unwrap();
    let client = TestClient::connect(server);
    let state = asked(&client).await;
    let state = state.as_str().unwrap();
    for at in [0, state.len() / 2, state.len() - 1] {
        let mut changed = state.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = json!(String::from_utf8(changed).unwrap());
        assert_eq!(
            refused(client.request("tools/call", retry(call("delete", "/a"), &changed)).await),
            INVALID
        );
    }
    for made_up in [json!(""), json!("x"), json!(&state[..state.len() / 2])] {
        assert_eq!(
            refused(client.request("tools/call", retry(call("delete", "/a"), &made_up)).await),
            INVALID
        );
    }
    // Another process has other keys.
    let other = TestClient::connect(builder_with_tools().build().unwrap());
    assert_eq!(
        refused(other.request("tools/call", retry(call("delete", "/a"), &json!(state))).await),
        INVALID
    );
}

/// A store whose states are all from long ago: the first eight bytes say until when they are good.
#[derive(Clone, Default)]
struct Old(Arc<Mutex<Vec<u8>>>);

impl RequestStateStore for Old {
    fn seal(&self, payload: &[u8], _: &[u8]) -> Result<String, RpcError> {
        let mut kept = payload.to_vec();
        kept[..8].copy_from_slice(&1_000_000_000u64.to_be_bytes());
        *self.0.lock() = kept;
        Ok("token".to_owned())
    }

    fn open(&self, _: &str, _: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.lock().clone())
    }
}

#[tokio::test]
async fn a_state_expires() {
    let client = TestClient::connect(builder_with_tools().request_state(Old::default()).build().unwrap());
    let state = asked(&client).await;
    assert_eq!(
        refused(client.request("tools/call", retry(call("delete", "/a"), &state)).await),
        "-32602 `requestState` has expired; start over without it"
    );
}

#[tokio::test]
async fn answers_that_cannot_be_read() {
    let client = TestClient::connect(builder_with_tools().build().unwrap());
    let mut call = call("delete", "/a");
    call["inputResponses"] = json!(["sure"]);
    let message = refused(client.request("tools/call", call).await);
    assert_eq!(message, "-32602 `inputResponses`: invalid type: sequence, expected a map");
}
