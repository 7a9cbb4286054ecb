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
use mcp_patterns::extension::{SkillSet, Skills};
use mcp_patterns::learn::{Learner, Settings};
use mcp_patterns::skill::{Mode, SKILL_MD};
use mcp_patterns::source::{Directory, Format};
use mcp_patterns::starter::{self, Starter};
use mcp_patterns::{Catalog, Recommender, server};

const HELP: &str = "Examples:
  patterns-server                                      the skills that come with it, on standard input and output
  patterns-server --skills ./skills --store learnt.db  yours, too; what is learned is kept
  patterns-server --listen 127.0.0.1:8080 --metrics 127.0.0.1:9090";

/// Recommends skills and patterns, and learns from what becomes of them.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    /// Folders of Agent Skills. Fields of other clients are let pass, and reported.
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
    let (mut catalog, mut set) = (Catalog::builder(), SkillSet::new());
    for folder in &options.skills {
        catalog = catalog.source(Directory::new(folder, Format::Skills { strict: false }));
        set.add_tree("", folder, Mode::Lenient).iter().for_each(|problem| eprintln!("not served: {problem}"));
    }
    for (_, text) in starter::skills() {
        set.add_files("mcp-patterns", [(SKILL_MD, text.as_bytes())], Mode::Strict)?;
    }
    let catalog = Arc::new(catalog.source(Starter).build());
    catalog.report().problems.iter().for_each(|problem| eprintln!("{}: {}", problem.origin, problem.message));
    // 2. What learns, and who counts.
    let learner = match &options.store {
        Some(path) => Learner::open(path, Settings::default())?,
        None => Learner::in_memory(Settings::default())?,
    };
    let counts = observe::start(options.metrics.as_deref()).await?;
    let builder = server::builder(Recommender::new(catalog).learner(learner)).skills(Skills::new(set));
    let server = builder.observer(counts).build()?;
    let Some(listen) = options.listen else { return Ok(serve(server, stdio()).await?) };
    // 3. Who may ask.
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
