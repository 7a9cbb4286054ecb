//! The ways to the server.

use anyhow::Context as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rmcp::ServiceExt as _;
use rmcp::transport::stdio;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::probe::Probe;

/// Serves until the input ends, or for ever.
pub(crate) async fn run(transport: &str, port: Option<String>) -> anyhow::Result<()> {
    let probe = Probe::default();
    if transport == "stdio" {
        probe.serve(stdio()).await?.waiting().await?;
        return Ok(());
    }
    let port: u16 = port.context("the port is missing")?.parse()?;
    let make = move || Ok(probe.clone());
    let sessions = LocalSessionManager::default();
    let service =
        TowerToHyperService::new(StreamableHttpService::new(make, sessions.into(), Default::default()));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        // A client that hangs up is no failure.
        tokio::spawn(async move {
            _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
