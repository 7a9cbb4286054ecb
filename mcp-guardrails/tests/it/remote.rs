//! Rules in another process, which may be killed or stand still.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mcp_core::client::Client;
use mcp_core::testing::TestClient;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::{Server, tool};
use mcp_guardrails::layer::{Guardrails, RemoteGuard};
use mcp_guardrails::server::builder;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::json;
use tower_layer::Layer as _;

use crate::support::engine;

const PORT: &str = "MCP_GUARDRAILS_TEST_PORT";
const DEADLINE: Duration = Duration::from_millis(400);

/// The server of rules, as a process of its own.
#[tokio::test]
#[ignore = "the other test starts it as a process"]
async fn serves_rules() {
    let Ok(port) = std::env::var(PORT) else { return };
    let rules = "
rules:
- { id: no-wipe, tool: wipe, then: block, message: delete single files instead }
- { id: hush, phase: result, tool: read, when: { 'result/content/*/text': { contains: hush } }, then: block }
- { id: few, tool: count, then: block, when: { count: { tool: count, within: 1h, min: 3 } } }
";
    let guardrails = Guardrails::builder(engine(rules)).build();
    let http = Http::new(builder(guardrails).without_credentials().build().unwrap());
    let listener = Listener::bind(&format!("127.0.0.1:{port}")).await.unwrap();
    listener.serve(http, std::future::pending()).await.unwrap();
}

struct Rules(Child);

impl Rules {
    fn start(port: u16) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "remote::serves_rules", "--ignored"]).env(PORT, port.to_string());
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Returns when every thread stands still: one that is still on its way to that may answer yet.
    fn freeze(&self) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::STOP).unwrap();
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped());
    }

    fn thaw(&self) {
        kill_process(Pid::from_child(&self.0), Signal::CONT).unwrap();
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_refused_while_the_server_of_rules_is_gone() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut rules = Rules::start(port);
    let reached = Arc::new(AtomicUsize::new(0));
    let counting = |text: &'static str| {
        let reached = Arc::clone(&reached);
        move || {
            reached.fetch_add(1, Ordering::SeqCst);
            async move { text }
        }
    };
    let server = Server::builder("s", "1")
        .tool(tool("wipe", counting("wiped")))
        .tool(tool("list", counting("a, b")))
        .tool(tool("read", counting("the word is hush")))
        .tool(tool("count", counting("one")))
        .build()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}/mcp");
    // A client that is made while nobody listens connects when it is first asked.
    let asked = loop {
        match Client::connect(url.as_str()).await {
            Ok(client) => break client,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let guard = RemoteGuard::new(asked).deadline(DEADLINE).server("s");
    let client = TestClient::connect(guard.layer().layer(server));
    let call = async |tool: &str| {
        let begun = Instant::now();
        let result = client.call(tool, json!({})).await;
        // A call asks twice at most.
        assert!(begun.elapsed() < 2 * DEADLINE + Duration::from_millis(500), "{:?}", begun.elapsed());
        (result.is_error, result.content[0].as_text().unwrap().to_owned())
    };
    let until_it_passes = async || {
        let begun = Instant::now();
        while call("list").await.0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server of rules does not come back");
        }
    };
    until_it_passes().await;
    let count = || reached.load(Ordering::SeqCst);

    let before = count();
    let (refused, text) = call("wipe").await;
    assert!(refused && text.contains("`no-wipe`") && text.contains("delete single files instead"), "{text}");
    assert_eq!(count(), before);
    let (withheld, text) = call("read").await;
    assert!(withheld && text.contains("`hush`") && !text.contains("the word is"), "{text}");
    // What happened before is remembered there.
    for expect in [false, false, true] {
        assert_eq!(call("count").await.0, expect);
    }

    for how in ["killed", "frozen"] {
        let before = count();
        if how == "killed" {
            rules.kill()
        } else {
            rules.freeze()
        }
        for _ in 0..3 {
            let (refused, text) = call("list").await;
            assert!(refused && text.contains("the server of rules gave no answer"), "{how}: {text}");
        }
        assert_eq!(count(), before, "{how}: a call that nobody decided over reached its tool");
        if how == "killed" {
            rules = Rules::start(port);
        } else {
            rules.thaw();
        }
        until_it_passes().await;
        assert!(call("wipe").await.0);
    }
}
