//! The command line, and the places that follow from it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

/// Measure MCP servers by the kernel's accounting and write a report.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// What to measure; a part replaces that part of the last results.
    #[arg(value_enum, default_value = "all")]
    pub(crate) command: Command,
    /// Path of our echo server; left out of the run when there is none.
    #[arg(long)]
    pub(crate) ours: Option<PathBuf>,
    /// Folder of our small server whose rebuild is measured (default: `examples/hello` of the repository).
    #[arg(long)]
    pub(crate) rebuild_ours: Option<PathBuf>,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// One second for each measurement: enough to see that it works.
    #[arg(long)]
    quick: bool,
    /// How often every server gets its turn; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Numbers of tools to try.
    #[arg(long, value_delimiter = ',', default_value = "2,100,1000")]
    pub(crate) tools: Vec<usize>,
    /// Numbers of connections to try.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    pub(crate) connections: Vec<usize>,
    /// Only servers whose name contains one of these.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How many idle sessions to open; 0 leaves them out of `all`.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) sessions: usize,
    /// Let `all` also measure what a rebuild costs the user (minutes).
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// Print the results as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Command {
    /// Everything but the rebuild, which has a flag of its own.
    All,
    /// Requests over HTTP: JSON, streams, sessions, many tools.
    Http,
    /// Requests over pipes.
    Stdio,
    /// From process start to the first answer.
    Start,
    /// Memory of idle sessions.
    Sessions,
    /// CPU time of `touch main.rs && cargo build`.
    Rebuild,
    /// Only write the report again from the last results.
    Report,
}

/// Where things are.
#[derive(Debug)]
pub(crate) struct Paths {
    /// The folder with the peers' binaries.
    pub(crate) binaries: PathBuf,
    /// Our echo server, if it is there.
    pub(crate) ours: Option<PathBuf>,
    /// The workspace of the peers.
    pub(crate) compare: PathBuf,
}

impl Paths {
    /// Where the report goes.
    pub(crate) fn report(&self) -> PathBuf {
        self.compare.join("../report")
    }

    /// Where the numbers are kept.
    pub(crate) fn results(&self) -> PathBuf {
        self.report().join("results.json")
    }
}

impl Options {
    /// How long one measurement takes.
    pub(crate) fn duration(&self) -> Duration {
        if self.quick {
            Duration::from_secs(1)
        } else {
            Duration::from_secs_f64(self.seconds)
        }
    }

    /// Whether a part was asked for.
    pub(crate) fn includes(&self, part: Command) -> bool {
        match (self.command, part) {
            (Command::All, Command::Sessions) => self.sessions > 0,
            (Command::All, Command::Rebuild) => self.rebuild,
            (Command::All, _) => true,
            (command, part) => command == part,
        }
    }

    /// Whether a server was asked for.
    pub(crate) fn wants(&self, server: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| server.contains(part.as_str()))
    }

    /// Finds the binaries: the peers lie beside this one, ours where it says or where the root workspace puts it.
    pub(crate) fn paths(&self) -> Result<Paths> {
        let executable = std::env::current_exe().context("where is this program?")?;
        let binaries = executable
            .parent()
            .context("a program lies in a folder")?
            .to_path_buf();
        let compare = compare_folder()?;
        let candidates = match &self.ours {
            Some(path) => {
                anyhow::ensure!(path.is_file(), "no server at `{}`", path.display());
                vec![path.canonicalize()?]
            }
            None => vec![binaries.join("echo"), compare.join("../../target/release/echo")],
        };
        let ours = candidates.into_iter().find(|path| path.is_file());
        if ours.is_none() {
            eprintln!("our echo server is not built: measuring the others alone");
        }
        Ok(Paths {
            binaries,
            ours,
            compare,
        })
    }
}

/// The workspace of the peers: known when cargo runs this program, else the current folder or one below it.
fn compare_folder() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(|package| Path::new(&package).join(".."));
    let current = std::env::current_dir()?;
    let mut candidates = package
        .into_iter()
        .chain([current.join("benches/compare"), current]);
    let found = candidates.find(|folder| folder.join("bench/Cargo.toml").is_file());
    Ok(found
        .context("run this by cargo or in the folder `benches/compare`")?
        .canonicalize()?)
}
