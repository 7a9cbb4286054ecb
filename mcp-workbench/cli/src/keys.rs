//! `mcp keys`: the keys of a memory, and those that sign tokens.

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Subcommand};
use mcp_memory::{KeyPurpose, Master};
use mcp_workbench::config::Config;
use mcp_workbench::keys::{SET, SigningKeys};
use serde_json::json;

use crate::memory::Place;
use crate::show;

/// The folder of signing keys.
const FOLDER: &str = "keys";

const HELP: &str = "Keys are told by their numbers and ages, never what they are.

Examples:
  mcp keys make                                                   a key that signs tokens: keys/….pem, and keys/jwks.json for servers that verify
  mcp token --keys keys --user ann
  mcp keys list
  mcp keys retire KID                                             what it has signed is good no more
  openssl rand -hex 32 > next.key
  mcp keys rotate next.key --folder memory --master-key old.key   the key ring of a memory, wrapped with another key";

/// Keys: list, make, retire those that sign tokens; change the master key of a memory.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The keys that sign tokens, and those of the memory's key ring.
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        signing: Signing,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a key that signs tokens from now on; older ones stay good until they are retired.
    Make {
        #[command(flatten)]
        signing: Signing,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Destroy a key that signs tokens, and take it out of the set.
    Retire {
        /// Its identifier.
        id: String,
        #[command(flatten)]
        signing: Signing,
    },
    /// Wrap the key ring of a memory with another master key. Servers that have it open go on, and need the new one at their next start.
    Rotate {
        /// A file with the new one, 64 hexadecimal digits (`openssl rand -hex 32`).
        to: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Signing {
    /// The folder of keys that sign tokens.
    #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
    keys: PathBuf,
}

impl Keys {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        match self.command {
            Command::List { place, signing, json } => list(&place, &signing, json, config),
            Command::Make { signing, json } => {
                let made = SigningKeys::new(&signing.keys).make()?;
                if json {
                    return show::json(&made);
                }
                let set = signing.keys.join(SET);
                Ok(show::line(format_args!(
                    "{} signs from now on; servers verify by {}",
                    made.id,
                    set.display()
                ))?)
            }
            Command::Retire { id, signing } => {
                SigningKeys::new(&signing.keys).retire(&id)?;
                Ok(show::line(format_args!("{id} is gone: what it has signed is good no more"))?)
            }
            Command::Rotate { to, place } => {
                ensure!(
                    place.is_named(),
                    "say which memory with --folder. That of the stack is opened with what mcp.yaml says: `mcp up` could not open it any more"
                );
                let keys = place.open(config)?.rotate_master(&Master::File(to))?;
                Ok(show::line(json!({ "keys": keys }))?)
            }
        }
    }
}

fn list(place: &Place, signing: &Signing, as_json: bool, config: &Config) -> anyhow::Result<()> {
    let signing = SigningKeys::new(&signing.keys).list()?;
    // A stack that was never used has no memory yet.
    let is_there = place.is_named() || place.is_there(config);
    let ring = if is_there { place.open(config)?.keys()? } else { Vec::new() };
    if as_json {
        return show::json(&json!({ "signing": signing, "memory": ring }));
    }
    let signs = signing.iter().map(|key| {
        let what = if key.signs { "signs tokens" } else { "has signed tokens" };
        [key.id.clone(), format!("{} ({})", what, key.algorithm), format!("{} days", key.days)]
    });
    let kept = ring.iter().map(|key| {
        let what = match key.purpose {
            KeyPurpose::Lookup => "memory: makes pseudonyms",
            KeyPurpose::Owner => "memory: seals what one stored",
            KeyPurpose::Derived => "memory: seals what is derived",
            _ => "memory",
        };
        [key.id.to_string(), what.to_owned(), "not kept".to_owned()]
    });
    Ok(show::table(&["key", "what for", "age"], signs.chain(kept))?)
}
