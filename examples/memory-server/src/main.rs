//! A long-term memory for agents.
//!
//!     cargo run --release -p example-memory-server -- --directory ~/.memory
//!
//! Without `--listen` it serves one person on standard input and output: give the command to your MCP client. With `--listen` it lets in who
//! brings the API key that it prints. Several of them may use one directory at the same time.

mod place;
mod trail;

use std::path::PathBuf;

use clap::Parser;
use mcp_core::auth::server::{ApiKeys, MemoryApiKeys, NewApiKey, ResourceServer};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_core::{serve, stdio};
use mcp_memory::{Access, Scope, server};

const HELP: &str = "Examples:
  memory-server --directory ~/.memory             one person, on standard input and output
  memory-server --listen 127.0.0.1:8080           an API key is printed; only with it is anybody let in
  openssl rand -hex 32 > master.key
  memory-server --master-key master.key           the key ring is of no use to whoever copies it
  memory-server --postgres postgres://memory@localhost/memory --keys-postgres postgres://memory@localhost/keys
                                                  several machines share one memory";

/// A long-term memory: stores, finds, changes and forgets what agents learn.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    #[command(flatten)]
    place: place::Place,
    /// Whose memories they are, on standard input and output and for the API key that is printed.
    #[arg(long, default_value = "me")]
    user: String,
    /// The organisation.
    #[arg(long, default_value = "local")]
    org: String,
    /// A folder for a log of deletions and of all that was denied; changes to the log show.
    #[arg(long)]
    audit: Option<PathBuf>,
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
    // 1. The memory.
    let mut memory = options.place.builder();
    if let Some(folder) = options.audit {
        memory = memory.audit(trail::Trail(mcp_edge::audit::Audit::folder(folder).open()?));
    }
    let memory = options.place.open(memory)?;
    if options.place.has_erased(&memory, &options.org)? {
        return Ok(());
    }
    let Some(listen) = options.listen else {
        // 2. One person, at their own machine.
        let access = Access::new(options.org, options.user).write(Scope::Org);
        return Ok(serve(server::builder(memory).without_credentials(access).build()?, stdio()).await?);
    };
    // 3. Or those who bring a key. A real server keeps keys in a store: `SqliteApiKeys`; or accepts tokens of an issuer.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let keys = ApiKeys::new(MemoryApiKeys::default(), &secret);
    let (key, _) = keys.issue(NewApiKey::new(options.org, options.user)).await?;
    eprintln!("API key until this process ends: {}", key.expose());
    let guard = ResourceServer::new(&format!("http://{listen}/mcp"))?.accept(keys);
    let health = memory.health();
    let say = move || serde_json::Map::from_iter([("memory".to_owned(), serde_json::json!(health))]);
    let http = Http::new(server::builder(memory).build()?).authenticate(guard).health(say);
    Listener::bind(&listen).await?.serve(http, told_to_stop()).await?;
    Ok(())
}
