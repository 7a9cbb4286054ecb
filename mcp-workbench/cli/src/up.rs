//! `mcp up`: the local stack.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;
use mcp_core::transport::told_to_stop;
use mcp_guardrails::pack;
use mcp_workbench::config::{self, Config, Loaded};
use mcp_workbench::connect::directory;
use mcp_workbench::front::Front;
use mcp_workbench::processes::{Plan, Processes};
use mcp_workbench::reload::{Reader, Reload};
use mcp_workbench::running::{Notice, Running, start};
use mcp_workbench::stack::{self, Changing, Stack};
use parking_lot::Mutex;

use crate::endpoint::{keep_up, listen, with};
use crate::logs::Logs;
use crate::{program, show};

const HELP: &str = "What is said here goes before the environment, and that before mcp.yaml (`mcp config schema` has all of it). Rules, skills and limits
are read again when their files change, or on SIGHUP.

Examples:
  mcp up
  mcp up --detach
  mcp up --listen 127.0.0.1:9000 --rules rules.yaml --skills ~/.claude/skills
  mcp up --processes";

/// Run the local stack: a memory, patterns and the guardrails before them, behind one address. /mcp offers all tools, /mcp/memory,
/// /mcp/patterns and /mcp/guardrails those of one service; /health, /ready and /metrics say how it is.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Up {
    /// Where to listen (default: 127.0.0.1:8080, or that of MCP_LISTEN).
    #[arg(long)]
    listen: Option<String>,
    #[command(flatten)]
    place: Place,
    /// A process for each service: one that ends takes no other with it, and is started again.
    #[arg(long)]
    processes: bool,
    /// Goes on in the background, once it serves: `mcp down` ends it.
    #[arg(long)]
    detach: bool,
    /// The folder of log files (default: logs).
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// Lets everybody call, without TLS, where the address can be reached from other machines: all are the same person.
    #[arg(long)]
    insecure: bool,
}

/// What a stack is made of.
#[derive(Args, Clone)]
pub(crate) struct Place {
    /// Where everything is kept that it knows (default: .mcp, or that of MCP_DIRECTORY).
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Rules that guard it, instead of those of every stack.
    #[arg(long, value_parser = PossibleValuesParser::new(pack::names()))]
    pack: Vec<String>,
    /// One more file of rules.
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// One more folder of Agent Skills.
    #[arg(long, value_name = "FOLDER")]
    skills: Vec<PathBuf>,
}

impl Place {
    /// Puts it over a configuration.
    pub(crate) fn apply(&self, config: &mut Config) {
        if let Some(directory) = &self.directory {
            config.directory = Some(directory.clone());
        }
        if !self.pack.is_empty() {
            config.guardrails.packs.clone_from(&self.pack);
        }
        config.guardrails.rules.extend(self.rules.iter().cloned());
        config.patterns.skills.extend(self.skills.iter().cloned());
    }

    /// The same for a process of a service.
    fn arguments(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.display().to_string();
        let directory = self.directory.iter().map(|of| ("--directory", path(of)));
        let packs = self.pack.iter().map(|of| ("--pack", of.clone()));
        let rules = self.rules.iter().map(|of| ("--rules", path(of)));
        let skills = self.skills.iter().map(|of| ("--skills", path(of)));
        let all = directory.chain(packs).chain(rules).chain(skills);
        all.flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

impl Up {
    /// Puts what the command line says over a configuration.
    fn apply(&self, config: &mut Config) {
        self.place.apply(config);
        config.server.insecure |= self.insecure;
        if let Some(logs) = &self.logs {
            config.logging.directory = Some(logs.clone());
        }
    }

    /// The same command, in the background.
    fn detached(&self, config: &Config) -> anyhow::Result<()> {
        let directory = directory(config);
        if let Some(running) = Running::find(&directory) {
            show::line(format_args!("mcp runs already at {} (pid {})", running.url, running.pid))?;
            return Ok(());
        }
        let mut program = Command::new(program::path()?);
        program.args(program::arguments().iter().filter(|word| *word != "--detach"));
        let running = start(program, &directory)?;
        show::line(format_args!("mcp is up at {} (pid {})", running.url, running.pid))?;
        Ok(show::line(format_args!(
            "  all tools {}/mcp, health {0}/health, metrics {0}/metrics, logs in {}",
            running.url,
            running.logs.display()
        ))?)
    }

    pub(crate) async fn run(self, loaded: Loaded, logs: &Logs) -> anyhow::Result<()> {
        let mut config = loaded.config.clone();
        self.apply(&mut config);
        if self.detach {
            return self.detached(&config);
        }
        let at = self.listen.clone().unwrap_or_else(|| config.server.listen());
        let (listener, url) = listen(&config, &at).await?;
        let directory = directory(&config);
        if let Some(running) = Running::find(&directory) {
            anyhow::bail!(
                "a stack runs on {} already, at {} (pid {}): `mcp down` ends it",
                directory.display(),
                running.url,
                running.pid
            );
        }
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make the directory {}", directory.display()))?;
        let folder = logs.folder(&config)?;
        let front = Front::new(&config.limits, config.redis.url.as_ref())?;
        let (routes, changing, processes, _notice) = if self.processes {
            let notice = Arc::new(Mutex::new(Notice::put_up(&directory, &url, &folder)?));
            let processes = self.processes(&loaded, &config, Arc::clone(&notice), logs).await?;
            let health = || serde_json::Map::from_iter([("processes".to_owned(), true.into())]);
            let services = front.before(processes.services());
            let routes = services.routes(health, with(&config, &url));
            (routes, Changing::default(), Some(processes), notice)
        } else {
            let stack = Stack::open(&stack::Config::from(&config))?;
            let routes = front.before(&stack.services()?).routes(stack.health(), with(&config, &url));
            let notice = Arc::new(Mutex::new(Notice::put_up(&directory, &url, &folder)?));
            (routes, stack.changing(), None, notice)
        };
        let routes = if config.telemetry.metrics { routes.metrics(front.metrics()) } else { routes };
        for path in routes.paths() {
            tracing::info!("serving {url}{path}");
        }
        tracing::info!("what it knows is in {}, logs are in {}", directory.display(), folder.display());
        let reload = self.reload(changing, front, config, &loaded);
        let tell = processes.as_ref().map(Processes::read_again);
        let keeping = tokio::spawn(keep_up(reload, move || tell.iter().for_each(|tell| tell()))?);
        let stop = async {
            told_to_stop().await;
            routes.close();
        };
        listener.serve_with(|_| routes.clone(), stop).await?;
        keeping.abort();
        if let Some(processes) = processes {
            processes.stop().await;
        }
        tracing::info!("stopped");
        Ok(())
    }

    async fn processes(
        &self,
        loaded: &Loaded,
        config: &Config,
        notice: Arc<Mutex<Notice>>,
        logs: &Logs,
    ) -> anyhow::Result<Processes> {
        let mut before = Vec::new();
        if let Some(path) = &loaded.path {
            before.extend(["--config".to_owned(), path.display().to_string()]);
        }
        let program = program::path()?;
        let mut plan = Plan { program, before, after: self.place.arguments(), directory: directory(config) };
        if self.place.directory.is_none() {
            plan.after.extend(["--directory".to_owned(), plan.directory.display().to_string()]);
        }
        Ok(Processes::start(plan, notice, logs.services(config)?).await?)
    }

    /// Keeps up with files. Services that are processes of their own do so themselves.
    fn reload(self, changing: Changing, front: Front, config: Config, loaded: &Loaded) -> Reload {
        let path = loaded.path.clone();
        let read = {
            let path = path.clone();
            Reader::new(move || {
                let mut config = config::load(path.as_deref())?.config;
                self.apply(&mut config);
                Ok(config)
            })
        };
        Reload::new(changing, Some(front), config, path, read)
    }
}
