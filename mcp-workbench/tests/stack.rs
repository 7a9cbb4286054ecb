//! The local stack as clients meet it: over HTTP, with everything in one directory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::path::Path;

use mcp_core::Client;
use mcp_core::protocol::CallToolResult;
use mcp_core::transport::http::Listener;
use mcp_guardrails::Event;
use mcp_workbench::stack::{Config, Stack, StackError};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const KEY: &str = concat!("ghp_", "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R");

/// A stack that serves until it is dropped or stopped.
struct Up {
    at: String,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

async fn up(directory: &Path) -> Up {
    serve(&Stack::open(&Config::new(directory)).unwrap()).await
}

async fn serve(stack: &Stack) -> Up {
    let routes = stack.routes(|http| http).unwrap();
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let done = tokio::spawn(async move {
        let ending = routes.clone();
        let stop = async {
            stopped.await.ok();
            ending.close();
        };
        listener.serve_with(|_| routes.clone(), stop).await.unwrap();
    });
    Up { at, stop, done }
}

impl Up {
    async fn connect(&self, path: &str) -> Client {
        Client::connect(&format!("{}{path}", self.at)).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.done.await.unwrap();
    }
}

async fn call(client: &Client, tool: &str, arguments: Value) -> CallToolResult {
    client.call_tool(tool, arguments).await.unwrap()
}

fn memories(content: &str) -> Value {
    json!({ "memories": [{ "content": content }] })
}

fn said(result: &CallToolResult) -> String {
    serde_json::to_string(result).unwrap()
}

async fn names(client: &Client) -> Vec<String> {
    client.tools().await.unwrap().into_iter().map(|tool| tool.name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_offers_all_services_and_each_alone_and_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let stack = up(folder.path()).await;
    let all = stack.connect("/mcp").await;
    let (memory, guardrails) = (stack.connect("/mcp/memory").await, stack.connect("/mcp/guardrails").await);
    let listed = names(&all).await;
    let patterns = stack.connect("/mcp/patterns").await;
    let (of_memory, of_guardrails) = (names(&memory).await, names(&guardrails).await);
    let of_patterns = names(&patterns).await;
    assert_eq!(listed.len(), of_memory.len() + of_guardrails.len() + of_patterns.len());
    assert!(of_patterns.iter().all(|name| listed.contains(&format!("patterns_{name}"))));
    assert!(of_memory.iter().all(|name| listed.contains(name)));
    assert!(of_guardrails.iter().all(|name| listed.contains(&format!("guardrails_{name}"))));

    let stored = call(&all, "memory_store", memories("The release train leaves on Thursdays")).await;
    assert!(!stored.is_error, "{stored:?}");
    let search = json!({ "query": "when does the release train leave" });
    assert!(said(&call(&memory, "memory_search", search.clone()).await).contains("Thursdays"));
    let task = json!({ "task": "find the root cause of the incident from logs and deploys" });
    let found = said(&call(&all, "patterns_recommend", task.clone()).await);
    assert!(found.contains("skill:root-cause-analysis"), "{found}");
    assert!(said(&call(&patterns, "recommend", task).await).contains("skill:root-cause-analysis"));
    drop((all, memory, guardrails, patterns));
    stack.stop().await;

    // What it knows outlives it.
    let stack = up(folder.path()).await;
    assert!(said(&call(&stack.connect("/mcp").await, "memory_search", search).await).contains("Thursdays"));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guardrails_stand_before_the_memory_on_every_path_and_not_before_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let stack = up(folder.path()).await;
    for path in ["/mcp", "/mcp/memory"] {
        let client = stack.connect(path).await;
        let content = format!("the deploy key of {path} is {KEY}");
        let stored = call(&client, "memory_store", memories(&content)).await;
        assert!(!stored.is_error, "{stored:?}");
        let found = said(&call(&client, "memory_search", json!({ "query": "the deploy key" })).await);
        assert!(found.contains(&format!("the deploy key of {path}")) && !found.contains(KEY), "{found}");
    }
    // Who asks about a call is not making it: the rule counts at once, on every path, and also where it is asked about.
    let all = stack.connect("/mcp").await;
    let rule = "id: no-zebras\ntool: memory_store\nwhen: { '/**': { contains: zebra } }\nthen: block\nmessage: no zebras";
    let added = call(&all, "guardrails_add_rule", json!({ "rule": rule })).await;
    assert!(!added.is_error, "{added:?}");
    let event = json!({ "event": { "tool": "memory_store", "arguments": memories("a zebra") } });
    assert!(said(&call(&all, "guardrails_evaluate", event).await).contains("no-zebras"));
    for path in ["/mcp", "/mcp/memory"] {
        let refused = call(&stack.connect(path).await, "memory_store", memories("a zebra")).await;
        assert!(refused.is_error && said(&refused).contains("no zebras"), "{refused:?}");
    }
    let found = said(&call(&all, "memory_search", json!({ "query": "zebra" })).await);
    assert!(!found.contains("a zebra"), "{found}");
    stack.stop().await;
}

#[test]
fn what_cannot_be_opened_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |config: Config| Stack::open(&config).unwrap_err().to_string();
    let said = refused(Config::new(folder.path()).packs(["lethal-bifecta"]));
    assert!(said.contains("`lethal-bifecta`") && said.contains("lethal-trifecta"), "{said}");
    let rules = folder.path().join("rules.yaml");
    let text = "rules: [{ id: a, tool: x, then: block }]\ntests: [{ event: { tool: x }, expect: allow }]";
    std::fs::write(&rules, text).unwrap();
    let said = Stack::open(&Config::new(folder.path()).rules(&rules)).unwrap_err();
    assert!(matches!(said, StackError::Rules(_)), "{said}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(refused(Config::new(file.join("below"))).contains("cannot be made"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_were_added_stay_when_files_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    let write = |rules: &str| std::fs::write(&file, rules).unwrap();
    write("rules: [{ id: a, tool: memory_store, when: { '/**': { contains: apple } }, then: block }]");
    let config = Config::new(folder.path().join("data")).rules(&file);
    let stack = Stack::open(&config).unwrap();
    let engine = stack.guardrails().engine();
    let says = |content: &str| {
        let arguments = memories(content);
        let decision = engine.decide(&Event::call("memory_store", &arguments));
        decision.verdict().reason().map(|reason| reason.rule.to_string()).unwrap_or_default()
    };
    let served = serve(&stack).await;
    let client = served.connect("/mcp/guardrails").await;
    let rule = "{ id: zebra, tool: memory_store, when: { '/**': { contains: zebra } }, then: block }";
    let added = call(&client, "add_rule", json!({ "rule": rule })).await;
    assert!(!added.is_error, "{added:?}");
    let rules = engine.rules().len();

    write("rules: [{ id: b, tool: memory_store, when: { '/**': { contains: banana } }, then: block }]");
    assert_eq!(stack.changing().reload_rules(&config).unwrap(), Some(rules));
    assert_eq!([says("apple"), says("banana"), says("zebra")], ["", "b", "zebra"]);

    // A file that takes its name changes nothing, until the added one is gone.
    write("rules: [{ id: zebra, tool: memory_store, when: { '/**': { contains: horse } }, then: block }]");
    let refused = stack.changing().reload_rules(&config).unwrap_err().to_string();
    assert!(refused.contains("`zebra`") && refused.contains("remove"), "{refused}");
    assert_eq!([says("banana"), says("zebra"), says("horse")], ["b", "zebra", ""]);
    assert!(!call(&client, "remove_rule", json!({ "id": "zebra" })).await.is_error);
    stack.changing().reload_rules(&config).unwrap();
    assert_eq!([says("banana"), says("zebra"), says("horse")], ["", "", "zebra"]);
    drop(client);
    served.stop().await;
}
