//! rmcp over Streamable HTTP on axum, stateless JSON unless told otherwise.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::{Router, serve::ListenerExt};
use clap::Parser;
use peer_rmcp::{Kept, Noting, Options, Plain};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.fix_tools();
    if options.sse {
        serve(options, Noting).await
    } else if options.router_in_field {
        serve(options, Kept::default()).await
    } else {
        serve(options, Plain).await
    }
}

async fn serve<S: ServerHandler + Clone>(options: Options, server: S) -> Result<()> {
    let config = StreamableHttpServerConfig::default()
        .with_json_response(!options.sse)
        .with_legacy_session_mode(options.sessions);
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    let router = Router::new().nest_service("/mcp", service);
    let address = options
        .listen
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = TcpListener::bind(address).await?;
    if options.nodelay {
        // A connection that refuses the option is already gone.
        axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), router).await?;
    } else {
        axum::serve(listener, router).await?;
    }
    Ok(())
}
