//! One of everything: the server that the official conformance suite and the interoperability tests call.
//!
//! Run it with: `cargo run -p example-everything -- --listen 127.0.0.1:8080`

mod content;
mod live;
mod questions;
mod resources;
mod schemas;
mod skills;
mod tasks;

use clap::Parser;
use mcp_core::extension::tasks::Tasks;
use mcp_core::transport::{http, stdio};
use mcp_core::{Server, serve};

/// An MCP server with one of everything.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Serve on standard input and output.
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    /// Serve Streamable HTTP on this address; the endpoint is /mcp.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut builder = Server::builder("everything", env!("CARGO_PKG_VERSION"))
        .title("Everything")
        .extension(Tasks::new())
        .instructions("A server with one of everything, for tests of clients and of the protocol.");
    let tools = [content::tools(), live::tools(), questions::tools(), schemas::tools(), tasks::tools()];
    for tool in tools.into_iter().flatten() {
        builder = builder.tool(tool);
    }
    for prompt in resources::prompts() {
        builder = builder.prompt(prompt);
    }
    for resource in resources::resources() {
        builder = builder.resource(resource);
    }
    let builder = skills::skills()?.install(builder);
    let server = builder.template(resources::data()).build()?;
    if options.stdio {
        return Ok(serve(server, stdio()).await?);
    }
    let listener = http::Listener::bind(&options.listen).await?;
    eprintln!("http://{}/mcp", listener.local_addr()?);
    Ok(serve(server, listener).await?)
}
