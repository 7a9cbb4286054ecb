//! The smallest server: one tool, over standard input and output.
//!
//! Run it with an MCP client, or try it: `npx @modelcontextprotocol/inspector --cli target/debug/hello --method tools/list`

use mcp_core::server::tool;
use mcp_core::transport::stdio;
use mcp_core::{Args, Server, serve};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Greet {
    /// Whom to greet.
    name: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let hello = async |Args(Greet { name }): Args<Greet>| format!("Hello, {name}!");
    let server = Server::builder("hello", "1.0.0")
        .tool(tool("hello", hello).description("Greets somebody."))
        .build()?;
    Ok(serve(server, stdio()).await?)
}
