//! An axum application with a page of its own, and MCP beside it. Both see the same guest book.
//!
//! Run it with: `cargo run -p example-axum-embed -- --listen 127.0.0.1:8080`

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract;
use axum::routing::get;
use axum::serve::ListenerExt;
use clap::Parser;
use mcp_core::server::{State, tool};
use mcp_core::transport::http;
use mcp_core::{Args, Server};
use tokio::net::TcpListener;

/// A guest book: people read it at /, agents sign it by MCP at /mcp.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Serve on this address.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

type Book = Arc<Mutex<Vec<String>>>;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Entry {
    /// What to write into the book.
    text: String,
}

/// A tool.
async fn sign(State(book): State<Book>, Args(Entry { text }): Args<Entry>) -> String {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    book.push(text);
    format!("entry {}", book.len())
}

/// A page.
async fn read(extract::State(book): extract::State<Book>) -> String {
    book.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let book = Book::default();
    let server = Server::builder("guest-book", env!("CARGO_PKG_VERSION"))
        .state(Arc::clone(&book))
        .tool(tool("sign", sign).description("Writes an entry into the guest book."))
        .build()?;
    // Kept, so that streams end when the application stops.
    let mcp = http::service(server);
    let app = Router::new().route("/", get(read)).with_state(book).merge(Router::from(mcp.clone()));

    let listener = TcpListener::bind(&options.listen).await?;
    eprintln!("http://{}/mcp", listener.local_addr()?);
    // Small answers must not wait for acknowledgements.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        mcp.close();
    };
    Ok(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
}
