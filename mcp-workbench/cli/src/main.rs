//! The `mcp` command.

mod guard;
mod up;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Serve and operate Model Context Protocol servers.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the local stack in the foreground, until Ctrl-C or SIGTERM.
    Up(up::Up),
    /// Answer hooks, and lint, test, explain and simulate guardrails.
    Guard(guard::Guard),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // Standard output may belong to a protocol: logs go to standard error. RUST_LOG chooses what.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    match Options::parse().command {
        Command::Up(up) => up.run().await.map(|()| ExitCode::SUCCESS),
        Command::Guard(guard) => guard.run(),
    }
}
