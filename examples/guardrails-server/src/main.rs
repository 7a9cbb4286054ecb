//! Rules over tool calls, for operators: evaluate, explain, change, test, simulate, approve.
//!
//!     cargo run --release -p example-guardrails-server -- --pack lethal-trifecta --pack mass-delete
//!
//! Without `--listen` it serves one person on standard input and output. With it, who brings the API key that it prints. A server whose
//! calls are decided over shares `--state` with it, so that calls that wait there are approved here.

mod observe;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use mcp_core::auth::server::{ApiKeys, MemoryApiKeys, NewApiKey, ResourceServer};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_core::{serve, stdio};
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::state::SqliteStore;
use mcp_guardrails::{Engine, RuleSet, pack, server};

const HELP: &str = "Examples:
  guardrails-server --rules rules.yaml                 one person, on standard input and output
  guardrails-server --pack mass-delete --pack pii-out  rules that are ready
  guardrails-server --listen 127.0.0.1:8080 --metrics 127.0.0.1:9090 --state calls.db --audit ./audit";

/// Rules over tool calls: evaluates, explains, changes, tests and simulates them, and approves calls.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    /// Files of rules.
    #[arg(long)]
    rules: Vec<PathBuf>,
    /// Rules that are ready, e.g. `lethal-trifecta`.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(pack::names()))]
    pack: Vec<String>,
    /// Sessions and approvals, in a file that servers behind guardrails use, too.
    #[arg(long)]
    state: Option<PathBuf>,
    #[command(flatten)]
    observe: observe::Observed,
    /// Serve on standard input and output (the default).
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    /// Serve Streamable HTTP on this address, e.g. 127.0.0.1:8080; the endpoint is /mcp.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    // 1. Rules: each set passes its own tests, then all of them count together.
    let files = options.rules.iter().map(|path| RuleSet::open(path));
    let sets: Vec<RuleSet> =
        files.chain(options.pack.iter().filter_map(|name| pack::named(name))).collect::<Result<_, _>>()?;
    sets.iter().try_for_each(|set| Engine::builder().build(set.clone()).map(drop))?;
    // 2. What is remembered, and who hears of rules that apply.
    let mut guardrails = Guardrails::builder(Engine::builder().build(pack::together(sets))?);
    if let Some(path) = &options.state {
        guardrails = guardrails.store(Arc::new(SqliteStore::open(path)?));
    }
    let guardrails = guardrails.observer(options.observe.start().await?).build();
    let Some(listen) = options.listen else {
        return Ok(serve(server::builder(guardrails).without_credentials().build()?, stdio()).await?);
    };
    // 3. Who may change rules and approve calls.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let keys = ApiKeys::new(MemoryApiKeys::default(), &secret);
    let mut operator = NewApiKey::new("local", "operator");
    operator.scopes.insert(server::ADMIN.to_owned());
    eprintln!("API key until this process ends: {}", keys.issue(operator).await?.0.expose());
    let guard = ResourceServer::new(&format!("http://{listen}/mcp"))?.accept(keys);
    let http = Http::new(server::builder(guardrails).build()?).authenticate(guard);
    Ok(Listener::bind(&listen).await?.serve(http, told_to_stop()).await?)
}
