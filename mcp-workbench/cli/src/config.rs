//! `mcp config`: what is set, whether it is right, and what other programs have to know.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use mcp_workbench::clients::{ClientProgram, Way};
use mcp_workbench::config::{self, Loaded};
use mcp_workbench::connect::directory;
use mcp_workbench::running::Running;

use crate::{program, show};

/// See what is set, check it, and tell other programs of the stack.
#[derive(Args)]
#[command(after_help = "Examples:
  mcp config check
  mcp config show
  mcp config schema > mcp.schema.json
  mcp config client claude-code
  mcp config client cursor --install")]
pub(crate) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say whether mcp.yaml and the environment are right: each mistake with its line.
    Check,
    /// Show everything that is set, without secrets.
    Show,
    /// Print the JSON Schema of mcp.yaml, for editors.
    Schema,
    /// Print what a program needs to use the stack, or put it into its settings.
    Client {
        /// The program.
        #[arg(value_parser = PossibleValuesParser::new(ClientProgram::ALL.map(ClientProgram::name)))]
        name: String,
        /// Puts it into the program's settings; the file as it was is kept beside it.
        #[arg(long)]
        install: bool,
        /// The settings, where they are not in their usual place.
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
        /// Lets the program start a server of its own instead of calling the stack that runs.
        #[arg(long)]
        stdio: bool,
    },
}

impl Config {
    pub(crate) fn run(self, loaded: &Loaded) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Check => {
                let file = loaded
                    .path
                    .as_ref()
                    .map_or_else(|| "no mcp.yaml".to_owned(), |path| path.display().to_string());
                show::line(format_args!("{file}: all is well"))?;
                return Ok(ExitCode::from(u8::from(!loaded.warnings.is_empty())));
            }
            // JSON is YAML, too: what is shown can be read again, but for the secrets.
            Command::Show => show::json(&loaded.config)?,
            Command::Schema => show::json(&config::json_schema())?,
            Command::Client { name, install, file, stdio } => client(loaded, &name, install, file, stdio)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn client(
    loaded: &Loaded,
    name: &str,
    install: bool,
    file: Option<PathBuf>,
    stdio: bool,
) -> anyhow::Result<()> {
    let client = ClientProgram::named(name).context("there is no such program")?;
    let way = way(loaded, stdio || client.starts_servers())?;
    if !install {
        return show::json(&client.snippet(&way));
    }
    let path = match file {
        Some(path) => path,
        None => client.file(&std::env::current_dir()?)?,
    };
    let done = client.install(&path, &way)?;
    if let Some(backup) = done.backup {
        show::note(format_args!("as it was: {}", backup.display()));
    }
    let verb = if done.replaced { "changed" } else { "added" };
    Ok(show::line(format_args!("{verb} `mcp` in {}: start {name} again", done.path.display()))?)
}

fn way(loaded: &Loaded, starts: bool) -> anyhow::Result<Way> {
    let directory = directory(&loaded.config);
    if starts {
        let program = program::path()?;
        // A program may start it anywhere.
        let directory = std::path::absolute(&directory)?.display().to_string();
        let mut arguments = vec![
            "serve".to_owned(),
            "local".to_owned(),
            "--stdio".to_owned(),
            "--directory".to_owned(),
            directory,
        ];
        if let Some(path) = &loaded.path {
            arguments.extend(["--config".to_owned(), std::path::absolute(path)?.display().to_string()]);
        }
        return Ok(Way::Program(program.display().to_string(), arguments));
    }
    let url = Running::find(&directory).map_or_else(
        || {
            format!(
                "{}://{}",
                if loaded.config.server.tls.is_some() { "https" } else { "http" },
                loaded.config.server.listen()
            )
        },
        |running| running.url,
    );
    Ok(Way::Url(format!("{url}/mcp")))
}
