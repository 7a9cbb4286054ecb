//! `mcp serve`: one service, or all of them.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;
use mcp_core::service::SharedService;
use mcp_core::transport::http::Http;
use mcp_core::transport::{told_to_stop, unix};
use mcp_core::{serve, stdio};
use mcp_workbench::config::{self, Config, Loaded};
use mcp_workbench::connect::Part;
use mcp_workbench::reload::{Reader, Reload};
use mcp_workbench::stack::{self, Stack};
use mcp_workbench::voucher::Voucher;
use tokio::sync::oneshot;

use crate::endpoint::{keep_up, listen, with};
use crate::up::Place;

const HELP: &str = "Examples:
  mcp serve memory --stdio                     for a client that starts its servers
  mcp serve patterns --listen 127.0.0.1:9001
  mcp serve local --stdio                      all of them, as `mcp up` serves them";

/// Serve one service: memory, guardrails, patterns, or all of them as `local`. Guardrails stand before memory and patterns. Rules and skills are read
/// again when their files change, or on SIGHUP. Over HTTP, auth.jwt_secret and server.tls of mcp.yaml count as for `mcp up`.
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
    /// Answers only what the stack signed that started it; the key is the first line of standard input, and its end is that of the service.
    #[arg(long, hide = true, requires = "socket")]
    vouched: bool,
    #[command(flatten)]
    place: Place,
}

impl Serve {
    pub(crate) async fn run(self, loaded: Loaded) -> anyhow::Result<()> {
        let mut config = loaded.config;
        self.apply(&mut config);
        let part = Part::named(&self.name).context("there is no such service")?;
        let mut settings = stack::Config::from(&config);
        if self.listen.is_none() && !self.vouched {
            // Whoever started it, or can enter the folder of the socket, is its owner.
            settings = settings.without_credentials();
        }
        let vouched = if self.vouched { Some(Vouched::begin()?) } else { None };
        let (mut service, changing, health) = if self.alone {
            let (server, changing) = settings.alone(part)?;
            (SharedService::new(server), changing, None)
        } else {
            let stack = Stack::open(&settings)?;
            (stack.services()?.part(part).clone(), stack.changing(), Some(stack.health()))
        };
        if let Some(vouched) = &vouched {
            service = vouched.voucher.trusting(service);
        }
        let (at, socket, path) = (self.listen.clone(), self.socket.clone(), loaded.path);
        let kept = config.clone();
        let read = {
            let path = path.clone();
            Reader::new(move || {
                let mut config = config::load(path.as_deref())?.config;
                self.apply(&mut config);
                Ok(config)
            })
        };
        let keeping = tokio::spawn(keep_up(Reload::new(changing, None, kept, path, read), || ())?);
        let gone = async {
            match vouched {
                Some(vouched) => vouched.gone.await.unwrap_or_default(),
                None => std::future::pending().await,
            }
        };
        match (at, socket) {
            (Some(at), _) => {
                let (listener, url) = listen(&config, &at).await?;
                let mut http = with(&config, &url)(Http::new(service));
                if let Some(health) = health {
                    http = http.health(health);
                }
                tracing::info!("serving {url}/mcp");
                listener.serve(http, told_to_stop()).await?;
            }
            (None, Some(socket)) => tokio::select! {
                served = serve(service, unix(socket)) => served?,
                () = gone => tracing::warn!("the stack is gone, and so is this service"),
            },
            (None, None) => serve(service, stdio()).await?,
        }
        keeping.abort();
        Ok(())
    }

    fn apply(&self, config: &mut Config) {
        self.place.apply(config);
        config.server.insecure |= self.insecure;
    }
}

/// What a stack gives to the services that it starts.
struct Vouched {
    voucher: Voucher,
    /// Comes when the stack is gone, whatever became of it.
    gone: oneshot::Receiver<()>,
}

impl Vouched {
    fn begin() -> anyhow::Result<Self> {
        let voucher = Voucher::read(&mut std::io::stdin().lock())?;
        let (tell, gone) = oneshot::channel();
        // A thread of its own: one of the runtime's would have to be waited for at the end.
        std::thread::spawn(move || {
            // Whatever ends it, nobody is at the other side any more.
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            let _ = tell.send(());
        });
        Ok(Self { voucher, gone })
    }
}
