//! HTTP on real sockets.

#[cfg(feature = "axum")]
mod axum;
mod bad_input;
mod client;
mod life;
mod rest;
mod sessions;
mod sse_transport;
#[cfg(feature = "ws")]
mod ws;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::server::{Context, Progress, Server, ServerBuilder};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::{Args, State, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// A server that runs until the test ends.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(builder: ServerBuilder) -> Self {
        Self::start_with(builder, |http| http).await
    }

    pub(crate) async fn start_with(builder: ServerBuilder, configure: impl FnOnce(Http) -> Http) -> Self {
        let server = builder.build().unwrap();
        let listener = Listener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let http = configure(Http::new(server.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let done = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            listener.serve(http, stopped).await.unwrap();
        });
        Self { address, server, stop: Some(stop), done }
    }

    /// Tells the server to stop and waits until it did.
    pub(crate) async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        within(self.done).await.unwrap();
    }
}

/// Fails a test that would hang.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("in time")
}

/// Where slow calls wait, and what they tell the test.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) open: Arc<Notify>,
    pub(crate) said: mpsc::UnboundedSender<&'static str>,
}

/// Tells when the handler's future is dropped before its end.
struct Guard(Option<mpsc::UnboundedSender<&'static str>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(said) = self.0.take() {
            let _ = said.send("dropped");
        }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Echo {
    message: String,
}

async fn slow(State(gate): State<Gate>) -> &'static str {
    let mut guard = Guard(Some(gate.said.clone()));
    gate.said.send("started").unwrap();
    gate.open.notified().await;
    guard.0 = None;
    gate.said.send("finished").unwrap();
    "done"
}

/// `echo`, `noted` (one progress note), `slow` (waits for the gate) and `slow_noted`.
pub(crate) fn builder() -> (ServerBuilder, Gate, mpsc::UnboundedReceiver<&'static str>) {
    let (said, heard) = mpsc::unbounded_channel();
    let gate = Gate { open: Arc::default(), said };
    let builder = Server::builder("test", "1.0.0")
        .state(gate.clone())
        .tool(tool("echo", async |Args(Echo { message }): Args<Echo>| message))
        .tool(tool("noted", async |progress: Progress| {
            progress.report(1.0, Some(1.0), None);
            "noted"
        }))
        .tool(tool("slow", slow))
        .tool(tool("slow_noted", async |context: Context, gate: State<Gate>| {
            context.progress(1.0, None, None);
            slow(gate).await
        }));
    (builder, gate, heard)
}
