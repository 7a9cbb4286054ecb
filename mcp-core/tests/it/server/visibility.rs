//! Who sees what.

use mcp_core::Server;
use mcp_core::protocol::CompletionReference;
use mcp_core::server::{Completing, Shown, prompt, resource};
use mcp_core::service::{Principal, Request};
use mcp_core::testing::TestClient;
use serde_json::json;

use super::{builder, named, refused, said};

/// What has a tag is for callers with that role.
fn by_role(request: &Request, shown: &Shown<'_>) -> bool {
    let role = request.peer.principal.as_ref().and_then(|principal| principal.role.as_deref());
    shown.tags.is_empty() || role.is_some_and(|role| shown.tags.contains(role))
}

fn server() -> Server {
    let secret = prompt("secret", async || "hush").tag("admin");
    builder()
        .page_size(1)
        .tool(named("open"))
        .tool(named("purge").tag("admin"))
        .tool(named("also_open"))
        .resource(resource("r:1", "r", async || "one").tag("admin"))
        .prompt(secret.complete("code", async |_: Completing| vec!["1234"]))
        .visibility(by_role)
        .build()
        .unwrap()
}

async fn admin(server: &Server) -> TestClient {
    let mut admin = Principal::new("acme", "ann");
    admin.role = Some("admin".to_owned());
    TestClient::builder().principal(admin).connect(server.clone()).await
}

async fn names(client: &TestClient) -> Vec<String> {
    client.list_tools().await.into_iter().map(|tool| tool.name).collect()
}

#[tokio::test]
async fn lists_and_calls_agree() {
    let server = server();
    let (anybody, admin) = (TestClient::connect(server.clone()), admin(&server).await);
    for _ in 0..2 {
        assert_eq!(names(&anybody).await, ["open", "also_open"]);
        assert_eq!(names(&admin).await, ["open", "purge", "also_open"]);
    }
    assert_eq!(said(&admin.call("purge", json!({})).await), (false, "purge"));
    assert_eq!(admin.read("r:1").await.unwrap().contents.len(), 1);
    assert_eq!(admin.get_prompt("secret", json!({})).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn the_hidden_cannot_be_told_from_the_absent() {
    let client = TestClient::connect(server());
    assert_eq!(refused(client.call_raw("purge", json!({})).await), "-32602 unknown tool `purge`");
    assert_eq!(refused(client.read("r:1").await), refused(client.read("r:2").await));
    let prompt = |name: &str| CompletionReference::Prompt { name: name.to_owned(), title: None };
    let hidden = refused(client.complete(prompt("secret"), "code", "").await);
    let absent = refused(client.complete(prompt("absent"), "code", "").await);
    assert_eq!(hidden.replace("secret", "absent"), absent);
    assert_eq!(refused(client.get_prompt("secret", json!({})).await), "-32602 unknown prompt `secret`");
}

#[tokio::test]
async fn lists_are_private() {
    let client = TestClient::connect(server());
    let list = client.request("tools/list", json!({})).await.unwrap();
    assert_eq!(list["cacheScope"], "private");
}
