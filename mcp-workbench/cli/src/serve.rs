//! `mcp serve`: one service, or all of them.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use mcp_core::service::SharedService;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::{told_to_stop, unix};
use mcp_core::{serve, stdio};
use mcp_workbench::config::Config;
use mcp_workbench::connect::Part;
use mcp_workbench::stack::{self, Stack};

use crate::up::Place;

const HELP: &str = "Examples:
  mcp serve memory --stdio                     for a client that starts its servers
  mcp serve patterns --listen 127.0.0.1:9001
  mcp serve local --stdio                      all of them, as `mcp up` serves them";

/// Serve one service: memory, guardrails, patterns, or all of them as `local`. Guardrails stand before memory and patterns.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Serve {
    /// Which.
    #[arg(value_parser = PossibleValuesParser::new(["memory", "guardrails", "patterns", "local"]))]
    name: String,
    /// On standard input and output (the default).
    #[arg(long, conflicts_with_all = ["listen", "socket"])]
    stdio: bool,
    /// Over HTTP on this address; the endpoint is /mcp.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "socket")]
    listen: Option<String>,
    /// On a Unix socket.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Lets everybody call, without TLS, where the address can be reached from other machines: in a container that is published on loopback, say.
    #[arg(long, requires = "listen")]
    insecure: bool,
    /// Without guardrails before it: for what has some of its own in front.
    #[arg(long)]
    alone: bool,
    #[command(flatten)]
    place: Place,
}

impl Serve {
    pub(crate) async fn run(self, mut config: Config) -> anyhow::Result<()> {
        self.place.apply(&mut config);
        let part = Part::named(&self.name).context("there is no such service")?;
        let settings = stack::Config::from(&config);
        let service = if self.alone {
            SharedService::new(settings.alone(part)?)
        } else {
            Stack::open(&settings)?.services()?.part(part).clone()
        };
        match (self.listen, self.socket) {
            (Some(listen), _) => {
                let mut listener = Listener::bind(&listen).await.with_context(|| {
                    format!("cannot listen on {listen}: choose another address with --listen")
                })?;
                let address = listener.local_addr()?;
                ensure!(
                    address.ip().is_loopback() || self.insecure,
                    "{address} can be reached from other machines, and there are no credentials: listen on 127.0.0.1, use `mcp up` with auth and tls, or say --insecure"
                );
                let mut http = Http::new(service).correlation(true);
                if self.insecure {
                    (http, listener) = (http.allow_any_host().allow_anonymous(), listener.allow_plain());
                }
                tracing::info!("serving http://{address}/mcp");
                listener.serve(http, told_to_stop()).await?;
            }
            (None, Some(socket)) => serve(service, unix(socket)).await?,
            (None, None) => serve(service, stdio()).await?,
        }
        Ok(())
    }
}
