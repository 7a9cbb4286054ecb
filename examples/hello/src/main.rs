//! The smallest server: one tool, over standard input and output or, with `--listen 127.0.0.1:8080`, over HTTP.
//!
//! Try it: `npx @modelcontextprotocol/inspector --cli target/debug/hello --method tools/list`

use mcp_core::{Args, Server, serve, tool, transport};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Greet {
    /// Whom to greet.
    name: String,
}

#[tokio::main]
async fn main() -> Result<(), mcp_core::Error> {
    let hello = async |Args(Greet { name }): Args<Greet>| format!("Hello, {name}!");
    let server = Server::builder("hello", "1.0.0")
        .tool(tool("hello", hello).description("Greets somebody."))
        .build()?;
    Ok(serve(server, transport::from_args()).await?)
}
