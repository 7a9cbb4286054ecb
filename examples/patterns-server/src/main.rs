//! Skills and patterns that are recommended, and learned from: recommend, search, get, feedback, stats, validate.
//!
//!     cargo run --release -p example-patterns-server -- --skills ./skills --store patterns.db
//!
//! Without `--listen` it serves one person on standard input and output. With it, who brings the API key that it prints. The skills are
//! also served by the extension `io.modelcontextprotocol/skills`.

mod observe;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use mcp_core::auth::server::{ApiKeys, MemoryApiKeys, NewApiKey, ResourceServer};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_core::{serve, stdio};
use mcp_patterns::extension::{Folders, Skills};
use mcp_patterns::learn::{Learner, Settings};
use mcp_patterns::{Recommender, Watcher, server};

const HELP: &str = "Examples:
  patterns-server                                      the skills that come with it, on standard input and output
  patterns-server --skills ./skills --store learnt.db  yours, too; what is learned is kept
  patterns-server --listen 127.0.0.1:8080 --metrics 127.0.0.1:9090";

/// Recommends skills and patterns, and learns from what becomes of them.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    /// Folders of Agent Skills, watched for changes. Fields of other clients are let pass, and reported.
    #[arg(long)]
    skills: Vec<PathBuf>,
    /// A file that keeps what is learned; several servers may share it.
    #[arg(long)]
    store: Option<PathBuf>,
    /// Serve `/metrics` on this address.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
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
    // 1. The catalogue, and the same skills for the extension.
    let folders = Folders::new(&options.skills);
    let catalog = Arc::new(folders.catalog().build());
    let (set, problems) = folders.skills();
    problems.iter().for_each(|problem| eprintln!("not served: {problem}"));
    catalog.report().problems.iter().for_each(|problem| eprintln!("{}: {}", problem.origin, problem.message));
    let skills = Skills::new(set);
    // 2. What learns, and who counts.
    let learner = match &options.store {
        Some(path) => Learner::open(path, Settings::default())?,
        None => Learner::in_memory(Settings::default())?,
    };
    let counts = observe::start(options.metrics.as_deref()).await?;
    let recommender = Recommender::new(catalog.clone()).learner(learner);
    let server = server::builder(recommender).skills(skills.clone()).observer(counts).build()?;
    // 3. What changes in the folders is recommended and served.
    let served = server.clone();
    let _watcher = Watcher::new(catalog, move |report| {
        eprintln!("{} entries, {} problems", report.entries, report.problems.len());
        if let Err(error) = skills.replace(folders.skills().0, &served) {
            eprintln!("skills are served as they were: {error}");
        }
    })?;
    let Some(listen) = options.listen else { return Ok(serve(server, stdio()).await?) };
    // 4. Who may ask.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let keys = ApiKeys::new(MemoryApiKeys::default(), &secret);
    eprintln!(
        "API key until this process ends: {}",
        keys.issue(NewApiKey::new("local", "person")).await?.0.expose()
    );
    let guard = ResourceServer::new(&format!("http://{listen}/mcp"))?.accept(keys);
    Ok(Listener::bind(&listen).await?.serve(Http::new(server).authenticate(guard), told_to_stop()).await?)
}
