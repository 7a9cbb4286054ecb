//! Servers of the tests' own, which count what they are asked.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use mcp_core::middleware::from_fn;
use mcp_core::protocol::CallToolResult;
use mcp_core::server::{Context, Elicit, ToolError, prompt, resource};
use mcp_core::service::Request;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::{Args, Json, Server, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tower_layer::Layer as _;

/// A server over HTTP, until it is dropped.
pub(crate) struct Fixture {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
    credentials: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Fixture {
    pub(crate) fn serve(server: Server) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let credentials = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&credentials);
        let counting = from_fn(move |request: Request, next: mcp_core::middleware::Next| {
            let name = request.params.get_str("name").map(|name| name.to_string());
            let trace = request.params.meta("traceparent").unwrap_or_default().trim_matches('"').to_owned();
            let what = name.unwrap_or_else(|| request.method.as_str().to_owned());
            seen.lock().unwrap().push((what, trace));
            let headers = request.peer.headers.as_ref();
            if let Some(sent) = headers.and_then(|headers| headers.get("authorization")) {
                shown.lock().unwrap().push(sent.to_str().unwrap().to_owned());
            }
            next.run(request)
        });
        let service = counting.layer(server);
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = Listener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let stop = async {
                    stopped.await.ok();
                };
                listener.serve(Http::new(service), stop).await.unwrap();
            });
        });
        let url = format!("http://{}/mcp", told.recv().unwrap());
        Self { url, asked, credentials, stop: Some(stop), thread: Some(thread) }
    }

    /// What it was asked: tools by their names, anything else by its method.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(what, _)| what.clone()).collect()
    }

    /// What callers showed to be let in.
    pub(crate) fn credentials(&self) -> Vec<String> {
        self.credentials.lock().unwrap().clone()
    }

    /// The traces that the calls of a tool had.
    pub(crate) fn traces(&self, tool: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let calls = asked.iter().filter(|(what, _)| what == tool);
        calls.map(|(_, trace)| trace.clone()).collect()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(|thread| thread.join());
    }
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    /// How far.
    to: u32,
    #[serde(default)]
    words: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    #[serde(default)]
    event: Value,
}

#[derive(Deserialize, JsonSchema)]
struct Task {
    task: String,
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    id: String,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// A server with a tool that tells how far it is, one that fails, one that asks, one that never ends, a resource and a prompt.
pub(crate) fn everything() -> Server {
    let greet = async |context: Context| -> Result<String, ToolError> {
        let answer = context.ask("name", Elicit::form::<Name>("Who is there?")).await?;
        Ok(answer.accepted().map_or_else(|| "nobody".to_owned(), |name| format!("hello {}", name.name)))
    };
    let count = async |context: Context, Args(Count { to, words }): Args<Count>| {
        for step in 1..=to {
            context.progress(f64::from(step), Some(f64::from(to)), None);
        }
        Json(json!({ "counted": to, "words": words }))
    };
    Server::builder("everything", "1.0.0")
        .tool(tool("count", count).description("Counts."))
        .tool(tool("fail", async || CallToolResult::error("there is no paper")))
        .tool(tool("greet", greet).description("Asks who is there."))
        .tool(tool("wait", async || std::future::pending::<String>().await).description("Never ends."))
        .resource(resource("notes://today", "today", async || "nothing").description("Notes of today."))
        .prompt(prompt("greet", async || "hello").description("Greets."))
        .build()
        .unwrap()
}

/// What `mcp flow` needs of guardrails: a prompt with `forbidden` is blocked.
pub(crate) fn guardrails() -> Server {
    let evaluate = async |Args(Ask { event }): Args<Ask>| {
        let blocked = event["prompt"].as_str().unwrap_or_default().contains("forbidden");
        let verdict = if blocked { "block" } else { "allow" };
        Json(
            json!({ "verdict": verdict, "complete": true, "rules": [], "rule": "no-forbidden", "message": "not here" }),
        )
    };
    Server::builder("guardrails", "1.0.0").tool(tool("evaluate", evaluate)).build().unwrap()
}

pub(crate) fn memory() -> Server {
    let found = json!({ "memories": [{ "id": "m1", "content": "Deploys are on Thursdays", "score": 0.9, "created": "2026-01-05" }] });
    let search = move || {
        let found = found.clone();
        async move { Json(found) }
    };
    Server::builder("memory", "1.0.0").tool(tool("memory_search", search)).build().unwrap()
}

pub(crate) fn patterns() -> Server {
    let recommend = async |Args(Task { task }): Args<Task>| {
        Json(json!({ "exposure": 1, "nothing_fits": false, "confidence": 0.8, "entries": [
            { "id": "skill:review", "name": "review", "description": task, "reasons": ["has `deploy`"] },
            { "id": "skill:odd", "name": "odd", "reasons": ["has `review`"] }], "left_out": [
            { "id": "skill:long", "why": { "tokens": { "needs": 9000, "left": 40 } } },
            { "id": "skill:far", "why": { "unlikely": { "probability": 0.02 } } }] }))
    };
    let get = async |Args(Get { id }): Args<Get>| match id.as_str() {
        "skill:odd" => {
            CallToolResult::error("`skill:odd` is withheld: its text pretends to be something else")
        }
        _ => CallToolResult::text("<pattern id=\"skill:review\">Read it twice.</pattern>"),
    };
    Server::builder("patterns", "1.0.0")
        .tool(tool("recommend", recommend))
        .tool(tool("get", get))
        .build()
        .unwrap()
}
