//! `mcp down`, `mcp logs`, `mcp token`, `mcp completions`, `mcp man`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, CommandFactory};
use mcp_workbench::config::Config;
use mcp_workbench::connect::directory;
use mcp_workbench::keys::SigningKeys;
use mcp_workbench::running::{Ended, Running};
use mcp_workbench::token::{Claims, OWNER, issue, sign};

use crate::{logs, show};

/// End the stack that runs on a directory.
#[derive(Args)]
pub(crate) struct Down {
    /// The directory (default: .mcp, or that of MCP_DIRECTORY).
    #[arg(long)]
    directory: Option<PathBuf>,
}

impl Down {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let directory = self.directory.unwrap_or_else(|| directory(config));
        let Some(running) = Running::find(&directory) else {
            show::line(format_args!("no stack runs on {}", directory.display()))?;
            return Ok(ExitCode::SUCCESS);
        };
        let ended = running.stop().with_context(|| format!("the process {} cannot be ended", running.pid))?;
        if ended == Ended::Killed {
            show::note("it did not end within 15 s, and was killed");
            return Ok(ExitCode::FAILURE);
        }
        show::line(format_args!("the stack at {} ended", running.url))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Show the log of a stack.
#[derive(Args)]
pub(crate) struct Logs {
    /// Of which service: mcp, and with --processes memory, guardrails or patterns.
    #[arg(default_value = "mcp")]
    name: String,
    /// The directory of the stack (default: .mcp, or that of MCP_DIRECTORY).
    #[arg(long)]
    directory: Option<PathBuf>,
    /// How many lines.
    #[arg(short = 'n', long, default_value_t = 200)]
    lines: usize,
    /// Goes on with what comes.
    #[arg(short, long)]
    follow: bool,
}

impl Logs {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let directory = self.directory.unwrap_or_else(|| directory(config));
        let folder =
            Running::find(&directory).map_or_else(|| logs::of(&config.logging), |running| running.logs);
        let path = folder.join(format!("{}.log", self.name));
        let file = File::open(&path)
            .with_context(|| format!("there is no log {}: `mcp up` writes it", path.display()))?;
        let mut reader = BufReader::new(file);
        let mut last = VecDeque::new();
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            last.push_back(String::from_utf8_lossy(&line).into_owned());
            line.clear();
            if last.len() > self.lines {
                last.pop_front();
            }
        }
        show::write(&last.into_iter().collect::<String>())?;
        if !self.follow {
            return Ok(());
        }
        loop {
            let mut more = Vec::new();
            reader.read_to_end(&mut more)?;
            show::write(&String::from_utf8_lossy(&more))?;
            if show::is_read_no_more(Duration::from_millis(200))? {
                return Ok(());
            }
        }
    }
}

/// Issue a token for the stack, signed with auth.jwt_secret or JWT_SECRET; or with a key of `mcp keys`, for other servers.
#[derive(Args)]
pub(crate) struct Token {
    /// The person or service.
    #[arg(long)]
    user: Option<String>,
    /// The organisation.
    #[arg(long)]
    org: Option<String>,
    /// The role.
    #[arg(long)]
    role: Option<String>,
    /// What it allows, e.g. workspace:NAME; without it, what the owner may.
    #[arg(long)]
    scope: Vec<String>,
    /// How many hours it is good.
    #[arg(long, default_value_t = 24)]
    hours: u64,
    /// Signs with the youngest key of this folder (ES256): for servers that verify by its jwks.json.
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
    /// Whom it is for, e.g. the URL of the server (default: auth.audience).
    #[arg(long)]
    audience: Option<String>,
    /// Who issues it (default: auth.issuer).
    #[arg(long)]
    issuer: Option<String>,
}

impl Token {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let owner = || OWNER.map(str::to_owned).into();
        let claims = Claims {
            org: self.org.unwrap_or_else(|| config.memory.org.clone()),
            user: self.user.unwrap_or_else(|| config.memory.user.clone()),
            role: self.role,
            scopes: if self.scope.is_empty() { owner() } else { self.scope },
            lasts: Duration::from_secs(self.hours.saturating_mul(3600)),
        };
        let mut auth = config.auth.clone();
        auth.audience = self.audience.unwrap_or(auth.audience);
        auth.issuer = self.issuer.unwrap_or(auth.issuer);
        let token = match &self.keys {
            Some(folder) => sign(&auth, &claims, &SigningKeys::new(folder).signing()?),
            None => issue(&auth, &claims),
        };
        let Some(token) = token else {
            bail!(
                "there is no secret to sign with: set JWT_SECRET (`openssl rand -hex 32`) here and for `mcp up`, or auth.jwt_secret in mcp.yaml"
            );
        };
        // It is what was asked for: this is the one place where it is shown.
        Ok(show::line(token.expose())?)
    }
}

/// Print what a shell needs to complete commands.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run<C: CommandFactory>(self) -> anyhow::Result<()> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut C::command(), "mcp", &mut text);
        Ok(show::write(&String::from_utf8_lossy(&text))?)
    }
}

/// Write the manual pages, one for each command.
#[derive(Args)]
pub(crate) struct Man {
    /// The folder; without it, the page of `mcp` is printed.
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run<C: CommandFactory>(self) -> anyhow::Result<()> {
        match self.folder {
            Some(folder) => {
                std::fs::create_dir_all(&folder)?;
                clap_mangen::generate_to(C::command(), &folder)?;
                Ok(())
            }
            None => {
                let mut text = Vec::new();
                clap_mangen::Man::new(C::command()).render(&mut text)?;
                Ok(show::write(&String::from_utf8_lossy(&text))?)
            }
        }
    }
}
