//! The memory as clients of other memories use it.

mod doobidoo;
mod mem0;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_memory::server::{self, Compatibility};
use mcp_memory::{Access, Memory};
use serde_json::{Value, json};

/// The table that users read.
const DOCUMENT: &str = include_str!("../../../../docs/MEMORY-COMPATIBILITY.md");

/// A memory, and whoever calls it.
struct Server {
    memory: Memory,
    with: Compatibility,
    _directory: tempfile::TempDir,
}

impl Server {
    fn new(with: Compatibility) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::open(directory.path()).unwrap();
        Self { memory, with, _directory: directory }
    }

    /// As if all were stored so many days ago.
    fn days_ago(with: Compatibility, days: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let then = SystemTime::now() - Duration::from_secs(days * 86_400);
        let then = i64::try_from(then.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let memory = Memory::builder(directory.path()).clock(move || then).open().unwrap();
        Self { memory, with, _directory: directory }
    }

    async fn client(&self, org: &str, user: &str) -> Client {
        let server = server::builder(self.memory.clone()).compatible(self.with).build().unwrap();
        Client(TestClient::builder().principal(Principal::new(org, user)).connect(server).await)
    }

    fn tenant(&self, org: &str, user: &str) -> mcp_memory::Tenant {
        self.memory.of(Access::new(org, user))
    }
}

struct Client(TestClient);

impl Client {
    async fn result(&self, tool: &str, arguments: Value) -> Value {
        serde_json::to_value(self.0.call(tool, arguments).await).unwrap()
    }

    /// The text of an answer.
    async fn text(&self, tool: &str, arguments: Value) -> String {
        let result = self.result(tool, arguments).await;
        assert_ne!(result["isError"], true, "{tool}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// An answer that is JSON, as text and as structure.
    async fn json(&self, tool: &str, arguments: Value) -> Value {
        let result = self.result(tool, arguments).await;
        assert_ne!(result["isError"], true, "{tool}: {result}");
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"]);
        text
    }

    async fn refused(&self, tool: &str, arguments: Value) -> String {
        let result = self.result(tool, arguments).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    async fn tools(&self) -> BTreeSet<String> {
        let tools = self.0.request("tools/list", json!({})).await.unwrap()["tools"].clone();
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// The names in the first column of the tables of a section whose head begins so.
fn listed(section: &str, head: &str) -> BTreeSet<String> {
    let text = DOCUMENT.split("\n## ").find(|text| text.starts_with(section)).unwrap();
    let tables = text.split("\n\n").filter(|table| table.starts_with(&format!("| {head} |")));
    let names = tables.flat_map(str::lines).filter_map(|row| row.strip_prefix("| `")?.split_once('`'));
    let names: BTreeSet<String> = names.map(|(name, _)| name.to_owned()).collect();
    assert!(!names.is_empty(), "{section} has no table of `{head}`");
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_name_every_tool_and_those_that_are_refused_say_what_to_use() {
    for (with, section) in [(Compatibility::Doobidoo, "doobidoo"), (Compatibility::Mem0, "mem0")] {
        let server = Server::new(with);
        let ann = server.client("acme", "ann").await;
        let (served, refused) = (listed(section, "tool"), listed(section, "refused"));
        assert!(served.is_disjoint(&refused));
        let all: BTreeSet<String> = served.union(&refused).cloned().collect();
        assert_eq!(ann.tools().await, all);
        for tool in &refused {
            let said = ann.refused(tool, json!({ "action": "run", "query": "x" })).await;
            assert!(said.starts_with(&format!("{tool}: ")) && said.len() > 40, "{said}");
        }
        for tool in &served {
            let said = ann.result(tool, json!({})).await.to_string();
            assert!(!said.contains("Not available"), "{tool} is refused: {said}");
        }
    }
}

/// The arguments that the tables name are those of the schemas.
#[tokio::test(flavor = "multi_thread")]
async fn the_tables_name_arguments_that_there_are() {
    for (with, section) in [(Compatibility::Doobidoo, "doobidoo"), (Compatibility::Mem0, "mem0")] {
        let server = Server::new(with);
        let ann = server.client("acme", "ann").await;
        let tools = ann.0.request("tools/list", json!({})).await.unwrap()["tools"].clone();
        let text = DOCUMENT.split("\n## ").find(|text| text.starts_with(section)).unwrap();
        let (mut checked, refused) = (0, listed(section, "refused"));
        for tool in tools.as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            let Some(row) = text.lines().find(|line| line.starts_with(&format!("| `{name}` |"))) else {
                continue;
            };
            let arguments = row.split('|').nth(2).unwrap();
            if refused.contains(name) || arguments.contains("as `") {
                continue;
            }
            // What stands in braces and brackets is within an argument.
            let mut depth = 0;
            let outer: String = arguments
                .chars()
                .filter(|letter| {
                    depth += i32::from(matches!(letter, '{' | '[')) - i32::from(matches!(letter, '}' | ']'));
                    depth == 0
                })
                .collect();
            let properties = &tool["inputSchema"]["properties"];
            for argument in outer.split('`').skip(1).step_by(2).filter(|argument| *argument != "top_k") {
                assert!(properties.get(argument).is_some(), "{name} has no `{argument}`: {properties}");
                checked += 1;
            }
        }
        assert!(checked > 20, "{section}: {checked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_tools_are_there_beside_where_names_are_free() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    for (with, own, others) in [
        (Compatibility::Doobidoo, &["memory_get"][..], "store_memory"),
        (Compatibility::Mem0, &["memory_get", "memory_store", "memory_search"], "add_memory"),
    ] {
        let server = server::builder(memory.clone()).compatible(with).beside_own_tools(true);
        let server = server.without_credentials(Access::new("local", "me")).build().unwrap();
        let client = Client(TestClient::connect(server));
        let tools = client.tools().await;
        assert!(own.iter().all(|name| tools.contains(*name)) && tools.contains(others), "{tools:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_nobody_vouches_for_is_refused() {
    for (with, tool, arguments) in [
        (Compatibility::Doobidoo, "memory_store", json!({ "content": "x" })),
        (Compatibility::Doobidoo, "memory_cleanup", json!({})),
        (Compatibility::Mem0, "add_memory", json!({ "text": "x", "user_id": "ann" })),
        (Compatibility::Mem0, "list_entities", json!({})),
    ] {
        let server = Server::new(with);
        let server = server::builder(server.memory.clone()).compatible(with).build().unwrap();
        let client = Client(TestClient::connect(server));
        assert_eq!(client.refused(tool, arguments).await, "memory: this caller may not do this here");
    }
}
