//! `mcp up`: the local stack.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use mcp_core::transport::http::Listener;
use mcp_core::transport::told_to_stop;
use mcp_guardrails::pack;
use mcp_workbench::stack::{Config, PACKS, Stack};

/// Run the local stack: a memory, patterns and the guardrails before them, behind one address. /mcp offers all tools, /mcp/memory,
/// /mcp/patterns and /mcp/guardrails those of one service; /health and /ready say how it is.
#[derive(Args)]
pub(crate) struct Up {
    /// Where to listen.
    #[arg(long, env = "MCP_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where everything is kept that it knows.
    #[arg(long, env = "MCP_DIRECTORY", default_value = ".mcp")]
    directory: PathBuf,
    /// Rules that guard it.
    #[arg(long, value_parser = PossibleValuesParser::new(pack::names()), default_values = PACKS)]
    pack: Vec<String>,
    /// One more file of rules.
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// One more folder of Agent Skills.
    #[arg(long, value_name = "FOLDER")]
    skills: Vec<PathBuf>,
    /// Lets everybody call, without TLS, where the address can be reached from other machines: all are the same person.
    #[arg(long)]
    insecure: bool,
}

impl Up {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let bind = || format!("cannot listen on {}: choose another address with --listen", self.listen);
        let mut listener = Listener::bind(&self.listen).await.with_context(bind)?;
        let address = listener.local_addr()?;
        ensure!(
            address.ip().is_loopback() || self.insecure,
            "{address} can be reached from other machines, and everybody there would be you: listen on 127.0.0.1, or say --insecure"
        );
        let config = Config::new(&self.directory).packs(self.pack);
        let config = self.rules.into_iter().fold(config, Config::rules);
        let stack = Stack::open(&self.skills.into_iter().fold(config, Config::skills))?;
        let routes = stack.routes(|http| {
            let http = http.correlation(true);
            if self.insecure { http.allow_any_host() } else { http }
        })?;
        if self.insecure {
            listener = listener.allow_plain();
        }
        for path in routes.paths() {
            tracing::info!("serving http://{address}{path}");
        }
        tracing::info!("what it knows is in {}", self.directory.display());
        let stop = async {
            told_to_stop().await;
            routes.close();
        };
        listener.serve_with(|_| routes.clone(), stop).await?;
        tracing::info!("stopped");
        Ok(())
    }
}
