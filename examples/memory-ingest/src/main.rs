//! Documents for a long-term memory: the one that the example `memory-server` serves.
//!
//!     cargo run --release -p example-memory-ingest -- --directory ~/.memory docs

use std::io::Write as _;
use std::path::PathBuf;

use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget};
use mcp_memory::ingest::{Ingest, Report};
use mcp_memory::{Access, Master, Memory, Scope};

const HELP: &str = "Examples:
  memory-ingest --directory ~/.memory docs          again after a change: only what changed is stored
  memory-ingest --directory ~/.memory --json notes.pdf chats.jsonl";

/// Remembers files and directories.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    /// Where memories are kept; it is made if it is not there.
    #[arg(long, default_value = "memory")]
    directory: PathBuf,
    /// Whose memories they are.
    #[arg(long, default_value = "me")]
    user: String,
    /// The organisation.
    #[arg(long, default_value = "local")]
    org: String,
    /// A file with the master key, as for the server.
    #[arg(long)]
    master_key: Option<PathBuf>,
    /// Print the report of each path as a JSON object a line.
    #[arg(long)]
    json: bool,
    /// What is to be remembered.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    // 1. The memory, and whose it is.
    let master = options.master_key.map_or(Master::None, Master::File);
    let memory = Memory::builder(&options.directory).master(master).open()?;
    let ingest = Ingest::new(&memory.of(Access::new(options.org, options.user)), Scope::Private);
    // 2. Files and directories as they are now; `Ingest::watch` goes on with one. The bar is hidden where nobody sees it.
    for path in &options.paths {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let report = if path.is_dir() {
            ingest.directory(path, |progress| {
                bar.set_length(progress.total as u64);
                bar.set_position(progress.done as u64);
            })?
        } else {
            ingest.file(path)?
        };
        bar.finish_and_clear();
        if options.json {
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
        } else {
            tell(&report)?;
        }
    }
    Ok(())
}

fn tell(report: &Report) -> std::io::Result<()> {
    for skipped in &report.skipped {
        eprintln!("{} {}", skipped.path, skipped.problem);
    }
    let Report { files, unchanged, memories, removed, .. } = report;
    writeln!(
        std::io::stdout(),
        "{files} files, {unchanged} unchanged; {memories} new memories; {removed} files gone"
    )
}
