//! A server with everything in front of it: tokens, policy, limits, metrics, log, audit, traces.
//!
//! Run it with: `MCP_SECRET=$(openssl rand -hex 32) cargo run -p example-edge -- --listen 127.0.0.1:8080`
//! Tokens are JSON web tokens signed with the secret (HS256): `iss` is `--issuer`, `aud` the address of the endpoint.

use std::path::PathBuf;

use anyhow::Context as _;
use axum::Router;
use clap::Parser;
use mcp_core::auth::server::{Keys, ResourceServer, Verifier};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_core::{Args, Server, tool};
use mcp_edge::{AuditConfig, AuditPlace, Config, edge};
use tower_layer::Layer;

/// Notes behind an edge: the policy decides who reads and writes what.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Serve on this address.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Serve `/metrics` on this address.
    #[arg(long, default_value = "127.0.0.1:0")]
    metrics: String,
    /// Settings of the edge.
    #[arg(long, default_value = "examples/edge/edge.toml")]
    config: PathBuf,
    /// Keep an audit log in this folder.
    #[arg(long)]
    audit: Option<PathBuf>,
    /// Who issues tokens.
    #[arg(long, default_value = "https://issuer.example")]
    issuer: String,
    /// What tokens are signed with.
    #[arg(long, env = "MCP_SECRET", hide_env_values = true)]
    secret: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Note {
    /// Where it is, e.g. `notes/today`.
    path: String,
    /// What it says.
    #[serde(default)]
    text: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let read = async |Args(Note { path, .. }): Args<Note>| format!("the note `{path}`");
    let write = async |Args(Note { path, text }): Args<Note>| format!("{} bytes in `{path}`", text.len());
    let server = Server::builder("notes", env!("CARGO_PKG_VERSION"))
        .tool(tool("read", read).description("Reads a note.").read_only())
        .tool(tool("write", write).description("Writes a note."))
        .build()?;
    // 1. The edge, from its settings.
    let text =
        std::fs::read_to_string(&options.config).with_context(|| options.config.display().to_string())?;
    let mut config: Config = toml::from_str(&text)?;
    config.audit = options.audit.map(|folder| AuditConfig::new(AuditPlace::Folder(folder)));
    let edge = edge(&config)?;
    // 2. Who may come in at all. Refused tokens are counted and audited by the edge.
    let resource = format!("http://{}/mcp", options.listen);
    let tokens =
        Verifier::builder(&resource).issuer(options.issuer, Keys::secret(options.secret.as_bytes())?).build();
    let guard = edge.guard(ResourceServer::new(&resource)?.accept(tokens));
    let http = Http::new(edge.layer().layer(server)).correlation(true).authenticate(guard);
    // 3. Metrics have an address of their own, and no callers.
    let metrics = tokio::net::TcpListener::bind(&options.metrics).await?;
    eprintln!("{resource}, http://{}/metrics", metrics.local_addr()?);
    let app = Router::new().route_service("/metrics", edge.metrics().endpoint());
    let scraped = tokio::spawn(axum::serve(metrics, app).into_future());
    Listener::bind(&options.listen).await?.serve(http, told_to_stop()).await?;
    scraped.abort();
    Ok(())
}
