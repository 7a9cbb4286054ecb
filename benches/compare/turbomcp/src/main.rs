//! turbomcp over Streamable HTTP or standard streams, as its documentation shows. It has the two tools that its
//! macro was given: there is no way to add more at run time.

use std::net::SocketAddr;

use clap::Parser;
use turbomcp::http::{HttpConfig, serve_http};
use turbomcp::prelude::*;

#[derive(Debug, clap::Parser)]
struct Options {
    /// Address to listen on.
    #[arg(long, conflicts_with = "stdio")]
    listen: Option<SocketAddr>,
    /// Speak over standard input and output.
    #[arg(long)]
    stdio: bool,
    /// Number of tools; only two are possible.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(2..=2))]
    tools: u64,
}

#[derive(Clone)]
struct Echo;

#[server(name = "echo", version = "1.0.0")]
impl Echo {
    /// Sends the message back.
    #[tool(description = "Sends the message back")]
    async fn echo(&self, message: String) -> McpResult<String> {
        Ok(message)
    }

    /// Adds two numbers.
    #[tool(description = "Adds two numbers")]
    async fn add(&self, a: i64, b: i64) -> McpResult<String> {
        Ok((a + b).to_string())
    }
}

#[tokio::main]
async fn main() -> Result<(), turbomcp::ProtocolError> {
    let options = Options::parse();
    if options.stdio {
        return Echo.run_stdio().await;
    }
    let address = options
        .listen
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    // Its default of 1,024 counts open streams too, and would end the measurement of idle sessions early.
    let config = HttpConfig::new().max_concurrent_requests(20_000);
    serve_http(address, Echo.into_server().build(), config).await?;
    Ok(())
}
