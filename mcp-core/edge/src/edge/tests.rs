//! What the layer refuses, hides, counts and writes down.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::protocol::{ErrorCode, RpcError};
use mcp_core::service::{Principal, Response};
use mcp_core::testing::{TestClient, service_fn};
use mcp_core::{Args, Server, prompt, resource, tool};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower_layer::Layer;

use super::Edge;
use crate::Clock;
use crate::limit::{Dimension, Limit, Limits, Period};
use crate::log::CallLog;
use crate::policy::{Format, Policy, PolicyFile};

const POLICY: &str = "
rules:
- { id: readers, effect: allow, roles: [reader, admin], tools: [read], prompts: ['*'], resources: ['memo://open/*'] }
- { id: admins, effect: allow, roles: [admin], tools: ['*'], resources: ['memo://**'] }
- { id: writers, effect: allow, roles: [reader], scopes: ['files:write'], tools: [write] }
- { id: no-secrets, effect: deny, tools: [read], when: { /path: { path_within: /secret } } }
";

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Path {
    path: String,
}

fn server() -> Server {
    Server::builder("files", "1.0.0")
        .tool(tool("read", async |Args(Path { path }): Args<Path>| path).description("Reads."))
        .tool(tool("write", async |Args(Path { path }): Args<Path>| path).description("Writes."))
        .tool(tool("wipe", async || "gone").description("Wipes."))
        .tool(tool("fail", async || Err::<String, _>(std::io::Error::other("no"))).description("Fails."))
        .prompt(prompt("greet", async || "hello"))
        .resource(resource("memo://open/a", "a", async || "a"))
        .resource(resource("memo://closed/b", "b", async || "b"))
        .page_size(2)
        .build()
        .unwrap()
}

fn policy() -> PolicyFile {
    PolicyFile::fixed(Policy::parse(POLICY, "policy", Format::Yaml).unwrap())
}

async fn client(edge: &Edge, role: &str) -> TestClient {
    let mut who = Principal::new("acme", role);
    who.role = Some(role.to_owned());
    TestClient::builder().principal(who).connect(edge.layer().layer(server())).await
}

/// A place for lines that a test can look at.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn read(&self) -> Vec<Value> {
        String::from_utf8(self.0.lock().clone())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn what_is_denied_is_absent_from_lists_and_refused_on_call() {
    let edge = Edge::builder().policy(policy()).build().unwrap();
    let tools = ["read", "write", "wipe", "fail"];
    for (role, allowed) in [("admin", &tools[..]), ("reader", &["read"]), ("guest", &[])] {
        let client = client(&edge, role).await;
        let listed: Vec<String> = client.list_tools().await.into_iter().map(|tool| tool.name).collect();
        assert_eq!(listed, allowed, "{role}");
        for tool in tools {
            let called = client.try_call(tool, json!({ "path": "/x" })).await;
            assert_eq!(called.is_ok(), allowed.contains(&tool), "{role} {tool} {called:?}");
        }
        assert_eq!(client.list_prompts().await.len(), usize::from(role != "guest"));
        assert_eq!(client.get_prompt("greet", json!({})).await.is_ok(), role != "guest");
        let resources = client.list_resources().await.len();
        assert_eq!(
            resources,
            match role {
                "admin" => 2,
                "reader" => 1,
                _ => 0,
            }
        );
        assert_eq!(client.read("memo://open/a").await.is_ok(), role != "guest");
        assert_eq!(client.read("memo://closed/b").await.is_ok(), role == "admin");
        let page = client.request("tools/list", json!({})).await.unwrap();
        assert_eq!(page["cacheScope"], "private");
    }
}

#[tokio::test]
async fn refusals_say_what_would_help() {
    let edge = Edge::builder().policy(policy()).build().unwrap();
    let reader = client(&edge, "reader").await;
    let denied = reader.try_call("wipe", json!({})).await.unwrap_err();
    assert_eq!(
        (denied.code, &*denied.message),
        (ErrorCode::FORBIDDEN, "tool `wipe` is not allowed for this caller")
    );
    assert_eq!(reader.try_call("nothing", json!({})).await.unwrap_err().code, ErrorCode::FORBIDDEN);
    let secret = reader.try_call("read", json!({ "path": "/public/../secret/a" })).await.unwrap_err();
    assert_eq!(secret.code, ErrorCode::FORBIDDEN);
    let scope = reader.try_call("write", json!({ "path": "x" })).await.unwrap_err();
    assert_eq!(scope.data, Some(json!({ "requiredScopes": ["files:write"] })));
    let complete = json!({ "ref": { "type": "ref/resource", "uri": "memo://closed/{x}" }, "argument": { "name": "x", "value": "" } });
    assert_eq!(reader.request("completion/complete", complete).await.unwrap_err().code, ErrorCode::FORBIDDEN);
    let listen = json!({ "notifications": { "resourceSubscriptions": ["memo://closed/b"] } });
    assert_eq!(reader.request("subscriptions/listen", listen).await.unwrap_err().code, ErrorCode::FORBIDDEN);
    assert_eq!(reader.request("tasks/list", json!({})).await.unwrap_err().code, ErrorCode::FORBIDDEN);
}

#[tokio::test]
async fn every_outcome_is_counted_and_logged_exactly() {
    let (lines, clock) = (Lines::default(), Clock::manual(Duration::from_secs(1_800_000_000)));
    let log = CallLog::new("files", lines.clone()).unwrap();
    let limit = Limit::rate("burst", 1, Period::Day).burst(3).by([Dimension::Principal]).tools(["wipe"]);
    let limits = Limits::new([limit]).unwrap().clock(clock.clone());
    let edge = Edge::builder().policy(policy()).limits(limits).log(log.clone()).clock(clock).build().unwrap();
    let (admin, guest) = (client(&edge, "admin").await, client(&edge, "guest").await);
    for _ in 0..10 {
        let _ = admin.try_call("wipe", json!({})).await;
        admin.call("fail", json!({})).await;
        let _ = admin.try_call("nothing", json!({})).await;
        let _ = guest.try_call("read", json!({ "path": "/top-secret-argument" })).await;
        admin.list_prompts().await;
    }
    let text = edge.metrics().render();
    let has = |line: &str| assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    has(r#"mcp_requests_total{method="tools/call",tool="wipe",outcome="ok"} 3"#);
    has(r#"mcp_requests_total{method="tools/call",tool="wipe",outcome="limited"} 7"#);
    has(r#"mcp_requests_total{method="tools/call",tool="fail",outcome="tool_error"} 10"#);
    has(r#"mcp_requests_total{method="tools/call",tool="other",outcome="error"} 10"#);
    has(r#"mcp_requests_total{method="tools/call",tool="other",outcome="denied"} 10"#);
    has(r#"mcp_requests_total{method="prompts/list",tool="",outcome="ok"} 10"#);
    has(r#"mcp_request_errors_total{method="tools/call",code="-31008"} 10"#);
    has(r#"mcp_request_errors_total{method="tools/call",code="-31009"} 7"#);
    has(r#"mcp_request_errors_total{method="tools/call",code="-32602"} 10"#);
    has(r#"mcp_denied_total{rule="default"} 10"#);
    has(r#"mcp_limited_total{limit="burst"} 7"#);
    has("mcp_requests_in_flight 0");
    has("ratelimit_degraded 0");
    log.flush();
    let lines = lines.read();
    assert_eq!(lines.len(), 50);
    let limited = lines.iter().find(|line| line["outcome"] == "limited").unwrap();
    assert_eq!(
        (&limited["tool"], &limited["userId"], &limited["severity"]),
        (&"wipe".into(), &"admin".into(), &"warning".into())
    );
    assert!(!lines.iter().any(|line| line.to_string().contains("top-secret-argument")));
}

#[tokio::test]
async fn a_call_that_is_given_up_and_a_path_that_breaks_are_counted_too() {
    let lines = Lines::default();
    let log = CallLog::new("files", lines.clone()).unwrap();
    let edge = Edge::builder().log(log.clone()).build().unwrap();
    let started = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&started);
    let service = edge.layer().layer(service_fn(move |request: mcp_core::service::Request| {
        let told = Arc::clone(&told);
        async move {
            match request.params.get_str("name").as_deref() {
                Some("hang") => {
                    told.notify_one();
                    std::future::pending().await
                }
                Some("break") => Err("broken".into()),
                _ => Ok(Response::error(RpcError::internal("x"))),
            }
        }
    }));
    let client = TestClient::connect(service);
    let hanging = client.start("tools/call", json!({ "name": "hang" })).await;
    started.notified().await;
    assert_eq!(edge.0.calls.in_flight().value(), 1.0);
    client.cancel(hanging.id()).await;
    assert!(client.try_call("break", json!({})).await.is_err());
    while edge.0.calls.in_flight().value() > 0.0 {
        tokio::task::yield_now().await;
    }
    log.flush();
    let mut outcomes: Vec<String> = lines.read().iter().map(|line| line["outcome"].to_string()).collect();
    outcomes.sort();
    assert_eq!(outcomes, [r#""cancelled""#, r#""error""#]);
}
