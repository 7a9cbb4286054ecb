//! `mcp ingest`, `mcp import`, `mcp search`, `mcp recommend`: memory and patterns from the shell.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mcp_memory::Scope;
use mcp_memory::import::Format;
use mcp_memory::ingest::Report;
use mcp_workbench::ask::{self, Search as Query};
use mcp_workbench::config::Config;
use mcp_workbench::connect::{Part, Servers};
use mcp_workbench::remember::Store;
use serde_json::json;

use crate::show;

const INGEST: &str = "What .gitignore and .memoryignore name is left out, and so is a document that holds what looks like a credential. Done again, it stores
only what changed. A stack that runs on the directory finds it at once.

Examples:
  mcp ingest docs
  mcp ingest --tag handbook notes.pdf chats.jsonl --json";

/// Remember documents: text, Markdown, HTML, PDF, Word, EPUB, CSV, JSON, code, conversations.
#[derive(Args)]
#[command(after_help = INGEST)]
pub(crate) struct Ingest {
    /// Files and directories.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Whose memories they become: `private`, `org` or `workspace:NAME`.
    #[arg(long, default_value = "private")]
    scope: Scope,
    /// Files them under this.
    #[arg(long)]
    tag: Vec<String>,
    /// Answer in JSON, an object for each path.
    #[arg(long)]
    json: bool,
}

impl Ingest {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let store = Store::open(config)?;
        let mut skipped = 0;
        for path in &self.paths {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::with_template("{bar:30} {pos} of {len} {wide_msg}")?);
            let done = store.ingest(path, self.scope.clone(), &self.tag, |progress| {
                bar.set_length(progress.total as u64);
                bar.set_position(progress.done as u64);
                bar.set_message(progress.path.to_owned());
            });
            bar.finish_and_clear();
            let done = done?;
            skipped += done.skipped.len() + done.withheld.len();
            if self.json { show::json(&done)? } else { tell(&path.display().to_string(), &done)? }
        }
        Ok(ExitCode::from(u8::from(
            skipped > 0 && self.paths.len() == 1 && self.paths.iter().all(|path| path.is_file()),
        )))
    }
}

fn tell(path: &str, done: &Report) -> std::io::Result<()> {
    for skipped in &done.skipped {
        show::note(format_args!("skipped {}: {}", skipped.path, skipped.problem));
    }
    for withheld in &done.withheld {
        show::note(format_args!(
            "left out {}: it holds what looks like a credential ({}): take it out, or name the file in .memoryignore",
            withheld.path, withheld.reason
        ));
    }
    show::line(format_args!(
        "{path}: {} files, {} unchanged; {} new memories; {} files gone",
        done.files, done.unchanged, done.memories, done.removed
    ))
}

/// What another memory wrote.
#[derive(Clone, Copy, ValueEnum)]
enum From {
    /// mcp-memory-service: its JSON export, or its SQLite file.
    Doobidoo,
    /// mem0: a JSON export.
    Mem0,
    /// The official memory server: its JSON lines.
    ServerMemory,
    /// basic-memory: a folder of notes, or one.
    BasicMemory,
}

/// Take over what another memory kept. Done again, it stores nothing twice.
#[derive(Args)]
#[command(after_help = "Examples:
  mcp import mem0 export.json --dry-run
  mcp import doobidoo ~/.local/share/mcp-memory/sqlite_vec.db")]
pub(crate) struct Import {
    /// What wrote it.
    format: From,
    /// The file or folder.
    file: PathBuf,
    /// Whose memories they become: `private`, `org` or `workspace:NAME`.
    #[arg(long, default_value = "private")]
    scope: Scope,
    /// Only says what would become of it.
    #[arg(long)]
    dry_run: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let format = match self.format {
            From::Doobidoo => Format::Doobidoo,
            From::Mem0 => Format::Mem0,
            From::ServerMemory => Format::Graph,
            From::BasicMemory => Format::Markdown,
        };
        let done = Store::open(config)?
            .import(format, &self.file, &self.scope, self.dry_run)
            .with_context(|| format!("cannot import {}", self.file.display()))?;
        if self.json {
            return show::json(
                &json!({ "memories": done.memories, "there": done.there, "left_out": done.left_out, "dry_run": self.dry_run }),
            );
        }
        for problem in &done.left_out {
            show::note(format_args!("left out {problem}"));
        }
        let verb = if self.dry_run { "would be stored" } else { "stored" };
        Ok(show::line(format_args!(
            "{} memories {verb}, {} were there already, {} left out",
            done.memories,
            done.there,
            done.left_out.len()
        ))?)
    }
}

/// Search the memory.
#[derive(Args)]
#[command(after_help = "Examples:
  mcp search when do backups run
  mcp search --when \"last week\" --limit 3 decisions about the database --json")]
pub(crate) struct Search {
    /// What is looked for.
    #[arg(required = true)]
    query: Vec<String>,
    /// How many memories at most.
    #[arg(long, short = 'n', default_value_t = 5)]
    limit: usize,
    /// When it was learned: `last week`, `since May`, `2026-01-05`.
    #[arg(long)]
    when: Option<String>,
    /// Where: `private`, `org` or `workspace:NAME` (default: everywhere).
    #[arg(long)]
    scope: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Search {
    pub(crate) async fn run(self, servers: &Servers) -> anyhow::Result<()> {
        let memory = servers.part(Part::Memory).await?;
        let query =
            Query { query: self.query.join(" "), limit: self.limit, when: self.when, scope: self.scope };
        let found = ask::search(&memory, &query, None).await?;
        memory.close().await;
        if self.json {
            return show::json(&json!({ "memories": found }));
        }
        if found.is_empty() {
            show::note("nothing was found: store something with `mcp ingest` or the tool memory_store");
            return Ok(());
        }
        let row = |memory: &ask::Memory| {
            let source = memory.source.clone().unwrap_or_else(|| memory.kind.clone());
            [format!("{:.3}", memory.score), source, show::brief(&memory.content, 240)]
        };
        Ok(show::table(&["score", "source", "memory"], found.iter().map(row))?)
    }
}

/// Recommend skills and patterns for a task, and say why; or that nothing fits.
#[derive(Args)]
#[command(after_help = "Examples:
  mcp recommend find the root cause of the incident from logs and deploys
  mcp recommend --file src/main.rs review this change --json")]
pub(crate) struct Recommend {
    /// What is to be done.
    #[arg(required = true)]
    task: Vec<String>,
    /// A file that is open or named.
    #[arg(long, value_name = "PATH")]
    file: Vec<String>,
    /// How many at most.
    #[arg(long, default_value_t = 3)]
    entries: u8,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Recommend {
    pub(crate) async fn run(self, servers: &Servers) -> anyhow::Result<()> {
        let patterns = servers.part(Part::Patterns).await?;
        let found = ask::recommend(&patterns, &self.task.join(" "), &self.file, self.entries, None).await?;
        patterns.close().await;
        if self.json {
            return show::json(&found);
        }
        if found.nothing_fits {
            return Ok(show::line(format_args!("nothing fits (confidence {:.2})", found.confidence))?);
        }
        let row = |entry: &ask::Entry| {
            let reasons = entry.reasons.join("; ");
            [
                entry.id.clone(),
                format!("{:.2}", entry.probability),
                reasons,
                show::brief(&entry.description, 160),
            ]
        };
        Ok(show::table(&["pattern", "chance", "why", "what it is for"], found.entries.iter().map(row))?)
    }
}
