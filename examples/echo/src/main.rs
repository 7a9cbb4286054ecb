//! `echo` and `add`, and as many more tools as you like: the server that benchmarks call.
//!
//! Run it with: `cargo run -p example-echo -- --listen 127.0.0.1:8080`

use clap::Parser;
use mcp_core::server::{Progress, ToolEntry, tool};
use mcp_core::transport::{http, stdio};
use mcp_core::{Args, Server, serve};

/// An MCP server with the tools `echo` and `add`.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Serve on standard input and output.
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    /// Serve Streamable HTTP on this address; the endpoint is /mcp.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// How many tools to offer in all.
    #[arg(long, default_value_t = 2)]
    tools: usize,
    /// Answer every request with a stream, and report progress.
    #[arg(long)]
    sse: bool,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Echo {
    /// What to say back.
    message: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Add {
    /// The first number.
    a: f64,
    /// The second number.
    b: f64,
}

fn echo(name: impl Into<String>) -> ToolEntry {
    tool(name, async |progress: Progress, Args(Echo { message }): Args<Echo>| {
        progress.report(1.0, Some(1.0), None);
        message
    })
    .description("Says back what it is told.")
    .read_only()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let add = tool("add", async |Args(Add { a, b }): Args<Add>| (a + b).to_string())
        .description("Adds two numbers.");
    let mut builder =
        Server::builder("echo", env!("CARGO_PKG_VERSION")).tool(echo("echo")).tool(add.read_only());
    for i in 2..options.tools {
        builder = builder.tool(echo(format!("echo_{i}")));
    }
    let server = builder.build()?;
    if options.stdio {
        return Ok(serve(server, stdio()).await?);
    }
    let http = http::Http::new(server).always_stream(options.sse);
    let listener = http::Listener::bind(&options.listen).await?;
    eprintln!("http://{}/mcp", listener.local_addr()?);
    Ok(serve_http(listener, http).await?)
}

async fn serve_http(listener: http::Listener, http: http::Http) -> std::io::Result<()> {
    listener.serve(http, async { _ = tokio::signal::ctrl_c().await }).await
}
