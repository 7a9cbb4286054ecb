//! What an operator does with a memory in a directory: copies, restores, erases, exports, changes its master key.
//!
//!     cargo run --release -p example-memory-admin -- backup memory.bak --directory ~/.memory
//!
//! Servers may have the memory open meanwhile; only `restore` wants it for itself. Each command prints JSON.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use mcp_memory::{Master, Memory};
use serde_json::json;

const HELP: &str = "Examples:
  memory-admin backup memory.bak              a copy that only the key ring (keys.db) can open: keep that elsewhere
  memory-admin restore memory.bak             the copy in the place of what is there; who was erased stays erased
  memory-admin erase acme ann                 all that ann of acme stored: keys destroyed, bytes overwritten
  memory-admin export acme ann > ann.jsonl    what ann may ask for
  memory-admin hold acme ann                  nothing of ann may be deleted until `release acme ann`
  memory-admin rotate new.key --master-key old.key";

/// Operates a memory: copies, restores, erases, exports, holds, changes its master key.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    #[command(subcommand)]
    command: Command,
    /// Where memories are kept.
    #[arg(long, global = true, default_value = "memory")]
    directory: PathBuf,
    /// A file with the master key, 64 hexadecimal digits; without one the key ring is not wrapped.
    #[arg(long, global = true)]
    master_key: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Copy the data to a new file, while others read and write.
    Backup { to: PathBuf },
    /// Put the data of a copy in the place of what is there.
    Restore { from: PathBuf },
    /// Forget a person: keys first, then all that they stored.
    Erase { org: String, user: String },
    /// Write all that a person stored to standard output, a memory a line.
    Export { org: String, user: String },
    /// Let nothing of a person be deleted.
    Hold { org: String, user: String },
    /// End that.
    Release { org: String, user: String },
    /// Wrap the key ring with the key in another file.
    Rotate { to: PathBuf },
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let master = options.master_key.map_or(Master::None, Master::File);
    let open = || Memory::builder(&options.directory).master(master.clone()).open();
    let said = match options.command {
        Command::Backup { to } => open()?.backup(&to).map(|()| json!({ "backup": to }))?,
        Command::Restore { from } => json!(Memory::restore(&options.directory, from, &master, true)?),
        Command::Erase { org, user } => json!(open()?.erase(&org, &user)?),
        Command::Export { org, user } => {
            eprintln!("{}", json!(open()?.export(&org, &user, io::stdout())?));
            return Ok(());
        }
        Command::Hold { org, user } => json!({ "held": open()?.hold(&org, &user)? }),
        Command::Release { org, user } => json!({ "released": open()?.release(&org, &user)? }),
        Command::Rotate { to } => json!({ "keys": open()?.rotate_master(&Master::File(to))? }),
    };
    writeln!(io::stdout(), "{said}")?;
    Ok(())
}
