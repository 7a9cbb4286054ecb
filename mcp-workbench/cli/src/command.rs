//! The command line, and which module does what it asks for.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use mcp_workbench::config::LogFormat;
use mcp_workbench::connect::Servers;
use mcp_workbench::secret::Secret;

use crate::logs::Logs;
use crate::program::Invocation;
use crate::{
    bench, call, config, doctor, flow, guard, inspect, keys, list, memory, operate, package, remember, serve,
    show, up,
};

/// Serve and operate Model Context Protocol servers.
#[derive(Parser)]
#[command(name = "mcp", version, arg_required_else_help = true)]
struct Options {
    /// The configuration (default: `mcp.yaml` here or above, or that of MCP_CONFIG).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A bearer token for the server that is named (default: for the stack, that of MCP_TOKEN).
    #[arg(long, global = true, value_name = "TOKEN")]
    token: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(up::Up),
    Down(operate::Down),
    Logs(operate::Logs),
    Serve(serve::Serve),
    List(list::List),
    Call(call::Call),
    Inspect(inspect::Inspect),
    Bench(bench::Bench),
    Ingest(remember::Ingest),
    Import(remember::Import),
    Search(remember::Search),
    Recommend(remember::Recommend),
    Flow(flow::Flow),
    /// Answer hooks, and lint, test, explain and simulate guardrails.
    Guard(guard::Guard),
    Token(operate::Token),
    Keys(keys::Keys),
    Memory(memory::Memory),
    Package(package::Package),
    Config(config::Config),
    Doctor(doctor::Doctor),
    Completions(operate::Completions),
    Man(operate::Man),
}

/// Does what the command line asks for, and tells the exit code. It logs to standard error and hears signals: call it once in a process.
#[must_use]
pub fn run(invocation: Invocation) -> u8 {
    let code = answer(invocation);
    // Only the end of a Rust program does that by itself. Nobody who reads any more is no mistake.
    let _ = io::stdout().flush();
    code
}

fn answer(invocation: Invocation) -> u8 {
    let options = match Options::try_parse_from(invocation.words()) {
        Ok(options) => options,
        Err(told) => {
            // Help and versions are answers, not failures.
            let _ = told.print();
            return u8::try_from(told.exit_code()).unwrap_or(2);
        }
    };
    invocation.keep();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let code =
        runtime.context("no threads can be started").and_then(|runtime| runtime.block_on(begin(options)));
    number(code.unwrap_or_else(|error| {
        show::note(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    }))
}

/// The number of an exit code, which only the process itself could tell.
fn number(code: ExitCode) -> u8 {
    (0..=u8::MAX).find(|number| ExitCode::from(*number) == code).unwrap_or(1)
}

async fn begin(options: Options) -> anyhow::Result<ExitCode> {
    let (named, command) = (options.config, options.command);
    match command {
        // Hooks come by often, and read rules only.
        Command::Guard(guard) => {
            Logs::begin("info", LogFormat::Text);
            return guard.run(options.token).await;
        }
        Command::Completions(completions) => return completions.run::<Options>().map(|()| ExitCode::SUCCESS),
        Command::Man(man) => return man.run::<Options>().map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let loaded = mcp_workbench::config::load(named.as_deref())?;
    let serves = matches!(command, Command::Up(_) | Command::Serve(_));
    let logging = &loaded.config.logging;
    let logs = Logs::begin(if serves { &logging.level } else { "warn" }, logging.format);
    for warning in &loaded.warnings {
        show::note(format_args!("warning: {warning}"));
    }
    let servers = Servers::new(&loaded, options.token.map(Secret::new));
    let config = &loaded.config;
    match command {
        Command::Up(up) => up.run(loaded, &logs).await?,
        Command::Serve(serve) => serve.run(loaded).await?,
        Command::List(list) => list.run(&servers).await?,
        Command::Inspect(inspect) => inspect.run(servers).await?,
        Command::Search(search) => search.run(&servers).await?,
        Command::Recommend(recommend) => recommend.run(&servers).await?,
        Command::Import(import) => import.run(config)?,
        Command::Logs(logs) => logs.run(config)?,
        Command::Token(token) => token.run(config)?,
        Command::Keys(keys) => keys.run(config)?,
        Command::Memory(memory) => memory.run(config)?,
        Command::Package(package) => package.run().await?,
        Command::Ingest(ingest) => return ingest.run(config),
        Command::Call(call) => return call.run(&servers).await,
        Command::Bench(bench) => return bench.run(&servers).await,
        Command::Flow(flow) => return flow.run(&servers).await,
        Command::Down(down) => return down.run(config),
        Command::Config(config) => return config.run(&loaded),
        Command::Doctor(doctor) => return doctor.run(&loaded, &servers).await,
        Command::Guard(_) | Command::Completions(_) | Command::Man(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}
