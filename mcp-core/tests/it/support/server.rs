//! A server with one component for each thing that can happen, on a free port.

use std::net::SocketAddr;

use mcp_core::protocol::PromptArgument;
use mcp_core::server::{Completing, Context, Elicit, Headers, Progress, State, ToolError, Variables};
use mcp_core::server::{prompt, resource, template, tool};
use mcp_core::service::Principal;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::{Args, Server};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What handlers say to the test, past the protocol.
pub type Said = UnboundedReceiver<String>;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Say {
    text: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

/// Says that it is gone.
struct Gone(UnboundedSender<String>, &'static str);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.send(format!("{} is gone", self.1));
    }
}

async fn count(progress: Progress) -> &'static str {
    for step in 1..=3 {
        progress.report(f64::from(step), Some(3.0), None);
        tokio::task::yield_now().await;
    }
    "counted"
}

async fn greet(context: Context, State(said): State<UnboundedSender<String>>) -> Result<String, ToolError> {
    let _gone = Gone(said, "greet");
    let name = context.ask("name", Elicit::form::<Name>("Who are you?")).await?;
    Ok(name.accepted().map_or_else(|| "Hello, stranger.".into(), |Name { name }| format!("Hello, {name}.")))
}

async fn wait(State(said): State<UnboundedSender<String>>) -> String {
    let _gone = Gone(said.clone(), "wait");
    let _ = said.send("wait runs".into());
    std::future::pending().await
}

async fn whoami(principal: Option<Principal>, Headers(headers): Headers) -> String {
    let agent = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or("nobody");
    format!("{} by {agent}", principal.map_or("anonymous".into(), |principal| principal.user))
}

/// The server, and what its handlers say.
pub fn server() -> (Server, Said) {
    let (say, said) = mpsc::unbounded_channel();
    let suggest = async |Completing { value, .. }: Completing| {
        ["rust", "ruby"].into_iter().filter(|name| name.starts_with(&value)).collect::<Vec<_>>()
    };
    let server = Server::builder("wire", "1.2.3")
        .instructions("Ask for anything.")
        .state(say)
        .tool(tool("echo", async |Args(Say { text }): Args<Say>| text).read_only())
        .tool(tool("count", count))
        .tool(tool("greet", greet))
        .tool(tool("wait", wait))
        .tool(tool("whoami", whoami))
        .tool(tool("fail", async || Err::<String, _>("it broke")))
        .resource(resource("text://motd", "motd", async || "Good morning.").mime_type("text/plain"))
        .template(template("lang://{name}", "language", async |Variables(v): Variables| {
            v.get("name").map(|name| format!("about {name}"))
        }))
        .prompt(
            prompt("review", async |Args(Say { text }): Args<Say>| format!("Review this: {text}"))
                .argument(PromptArgument::new("text"))
                .complete("text", suggest),
        )
        .page_size(4)
        .build()
        .unwrap();
    (server, said)
}

/// A listener that serves until it is told to stop.
pub struct Running {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub async fn start(http: Http) -> Self {
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(listener.serve(http, async { _ = stopped.await }));
        Self { address, stop, serving }
    }

    /// Tells the listener to stop and waits until it has.
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap().unwrap();
    }
}
