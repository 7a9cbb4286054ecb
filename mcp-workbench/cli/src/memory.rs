//! `mcp memory`: what an operator does with a memory.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use mcp_memory::{Memory as Store, Policy, Restored};
use mcp_workbench::config::{Config, MemoryConfig};
use mcp_workbench::connect::directory;
use mcp_workbench::kept;
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
    /// A file with its master key, 64 hexadecimal digits (default: for the stack, that of mcp.yaml; for another folder, none).
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

    /// How the memory is opened: as the configuration says where it is that of the stack, and with the key that was named.
    fn settings(&self, config: &Config) -> MemoryConfig {
        let mut settings = if self.is_named() { MemoryConfig::default() } else { config.memory.clone() };
        if let Some(path) = &self.master_key {
            (settings.master_key, settings.master_key_file) = (None, Some(path.clone()));
        }
        settings
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self, config: &Config) -> bool {
        let folder = self.folder(config);
        self.settings(config).postgres.url.is_some()
            || folder.join("keys.db").is_file()
            || folder.read_dir().is_ok_and(|mut inner| inner.next().is_some())
    }

    /// Opens a memory that is there: one that is named wrongly is not made.
    pub(crate) fn open(&self, config: &Config) -> anyhow::Result<Store> {
        let (folder, settings) = (self.folder(config), self.settings(config));
        anyhow::ensure!(
            self.is_there(config),
            "there is no memory in {}: name its folder with --folder",
            folder.display()
        );
        if self.is_named() {
            return Ok(Store::builder(folder).master(kept::master(&settings)?).open()?);
        }
        Ok(kept::memory(&directory(config), &settings)?)
    }

    /// Puts a copy in the place of what is there.
    fn restore(&self, from: PathBuf, config: &Config) -> anyhow::Result<Restored> {
        let settings = self.settings(config);
        anyhow::ensure!(
            settings.postgres.url.is_none(),
            "the memory of this stack is in PostgreSQL, which has copies of its own (docs/RECOVERY.md): name another memory with --folder"
        );
        Ok(Store::restore(self.folder(config), from, &kept::master(&settings)?, true)?)
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
                json!(self.place.restore(from, config)?)
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
