//! `mcp up`: the local stack.

use anyhow::Context as _;
use clap::Args as ClapArgs;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_core::{Args, Json, Server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Run the local stack: for now a server that says what it is and echoes, for trying clients.
#[derive(ClapArgs)]
pub(crate) struct Up {
    /// Where to listen; the endpoint is /mcp, and /health and /ready say how it is.
    #[arg(long, env = "MCP_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Lets everybody call, without TLS, where the address can be reached from other machines.
    #[arg(long)]
    insecure: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to say back.
    message: String,
}

#[derive(Serialize, JsonSchema)]
struct About {
    /// The version of the `mcp` command.
    version: String,
    /// The protocol revisions that are served.
    revisions: Vec<String>,
}

async fn about() -> Json<About> {
    let revisions = mcp_core::protocol::ProtocolVersion::ALL.iter().map(ToString::to_string).collect();
    Json(About { version: env!("CARGO_PKG_VERSION").into(), revisions })
}

impl Up {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let echo = async |Args(Echo { message }): Args<Echo>| message;
        let server = Server::builder("mcp", env!("CARGO_PKG_VERSION"))
            .title("Local stack")
            .tool(tool("echo", echo).description("Says back what it is told.").read_only())
            .tool(tool("about", about).description("Says what this server is.").read_only())
            .build()?;
        let bind = || format!("cannot listen on {}: choose another address with --listen", self.listen);
        let listener = Listener::bind(&self.listen).await.with_context(bind)?;
        let address = listener.local_addr()?;
        tracing::info!("serving http://{address}/mcp");
        let mut http = Http::new(server).correlation(true);
        if self.insecure {
            http = http.allow_plain().allow_anonymous();
        }
        listener.serve(http, told_to_stop()).await?;
        tracing::info!("stopped");
        Ok(())
    }
}
