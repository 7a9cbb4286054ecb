//! `mcp memory`: what an operator does with a memory.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use mcp_memory::{Master, Memory as Store, Policy};
use mcp_workbench::config::Config;
use mcp_workbench::connect::directory;
use serde_json::json;

use crate::show;

const HELP: &str = "Servers may have the memory open meanwhile; only `restore` wants it for itself. Each command answers in JSON.

Examples:
  mcp memory backup memory.bak                   a copy that only the key ring (keys.db) can open: keep that elsewhere
  mcp memory restore memory.bak                  the copy in the place of what is there; who was erased stays erased
  mcp memory erase acme ann                      all that ann of acme stored: keys destroyed, bytes overwritten
  mcp memory export acme ann > ann.jsonl         what ann may ask for
  mcp memory hold acme ann                       nothing of ann may be deleted until `mcp memory release acme ann`
  mcp memory retain acme policy.json --dry-run   what a policy would delete";

/// Operate a memory: copies, restores, erasure, exports, holds, retention, tidying.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Memory {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Which memory.
#[derive(Args, Clone)]
pub(crate) struct Place {
    /// The folder of the memory (default: that of the stack, `memory` in its directory).
    #[arg(long, global = true)]
    folder: Option<PathBuf>,
    /// A file with its master key, 64 hexadecimal digits; without one its key ring is not wrapped.
    #[arg(long, global = true, value_name = "FILE")]
    master_key: Option<PathBuf>,
}

impl Place {
    pub(crate) fn folder(&self, config: &Config) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| directory(config).join("memory"))
    }

    pub(crate) const fn is_named(&self) -> bool {
        self.folder.is_some()
    }

    pub(crate) fn master(&self) -> Master {
        self.master_key.clone().map_or(Master::None, Master::File)
    }

    /// Opens a memory that is there: one that is named wrongly is not made.
    pub(crate) fn open(&self, config: &Config) -> anyhow::Result<Store> {
        let folder = self.folder(config);
        anyhow::ensure!(
            folder.join("keys.db").is_file()
                || folder.read_dir().is_ok_and(|mut inner| inner.next().is_some()),
            "there is no memory in {}: name its folder with --folder",
            folder.display()
        );
        Ok(Store::builder(folder).master(self.master()).open()?)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Copy the data to a new file, while others read and write.
    Backup {
        /// The file.
        to: PathBuf,
    },
    /// Put the data of a copy in the place of what is there.
    Restore {
        /// The copy.
        from: PathBuf,
    },
    /// Forget a person: keys first, then all that they stored.
    Erase(Person),
    /// Write all that a person stored to standard output, a memory a line.
    Export(Person),
    /// Let nothing of a person be deleted.
    Hold(Person),
    /// End that.
    Release(Person),
    /// Delete what was kept long enough, by a policy.
    Retain {
        /// The organisation.
        org: String,
        /// A JSON file: {"rules": [{"name": "chatter", "filter": {"type": "note"}, "days": 90}], "except": []}.
        policy: PathBuf,
        /// Only says what would be deleted.
        #[arg(long)]
        dry_run: bool,
    },
    /// Overwrite what has expired, and give space back.
    Compact,
    /// Derive anew whatever is searched.
    Reindex,
    /// Make vectors where there are none of the model that searches go by.
    Reembed,
    /// What it goes by.
    Health,
}

#[derive(Args)]
struct Person {
    /// The organisation.
    org: String,
    /// The person.
    user: String,
}

impl Memory {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let open = || self.place.open(config);
        let said = match self.command {
            Command::Backup { to } => open()?.backup(&to).map(|()| json!({ "backup": to }))?,
            Command::Restore { from } => {
                json!(Store::restore(self.place.folder(config), from, &self.place.master(), true)?)
            }
            Command::Erase(Person { org, user }) => json!(open()?.erase(&org, &user)?),
            Command::Export(Person { org, user }) => {
                let mut out = io::stdout().lock();
                let moved = open()?.export(&org, &user, &mut out)?;
                out.flush()?;
                show::note(json!(moved));
                return Ok(());
            }
            Command::Hold(Person { org, user }) => json!({ "held": open()?.hold(&org, &user)? }),
            Command::Release(Person { org, user }) => json!({ "released": open()?.release(&org, &user)? }),
            Command::Retain { org, policy, dry_run } => {
                let text = std::fs::read_to_string(&policy)
                    .with_context(|| format!("cannot read the policy {}", policy.display()))?;
                let read = serde_json::from_str(&text)
                    .with_context(|| format!("{} is no JSON", policy.display()))?;
                json!(open()?.retention(&org, &Policy::parse(&read)?, dry_run)?)
            }
            Command::Compact => json!(open()?.compact()?),
            Command::Reindex => json!({ "namespaces": open()?.reindex(|_, _| {})? }),
            Command::Reembed => json!(open()?.reembed(|_| {})?),
            Command::Health => json!(open()?.health()),
        };
        Ok(show::line(said)?)
    }
}
