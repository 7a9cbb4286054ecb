//! Where memories are kept, and what their keys are wrapped with.

use std::path::PathBuf;

use clap::Args;
use mcp_memory::{Master, Memory, MemoryBuilder, MemoryError, Postgres};

#[derive(Args)]
pub(crate) struct Place {
    /// Where memories are kept, or with a database what is derived of them; it is made if it is not there.
    #[arg(long, default_value = "memory")]
    directory: PathBuf,
    /// A file with the master key, 64 hexadecimal digits; without one the key ring is not wrapped.
    #[arg(long)]
    master_key: Option<PathBuf>,
    /// Keep memories in this PostgreSQL database, which several machines may share. In a URL on the command line others
    /// see the password: name a user that needs none, or use the variable.
    #[arg(long, value_name = "URL", env = "MEMORY_DATABASE_URL", hide_env_values = true)]
    postgres: Option<String>,
    /// Keep the key ring in this one, which must be another: needed where there is more than one machine.
    #[arg(long, value_name = "URL", env = "MEMORY_KEYS_URL", hide_env_values = true, requires = "postgres")]
    keys_postgres: Option<String>,
    /// The schema in both.
    #[arg(long, default_value = "mcp_memory", requires = "postgres")]
    schema: String,
    /// Let the databases be on other machines without TLS: nothing is encrypted on the way there.
    #[arg(long, requires = "postgres")]
    insecure_postgres: bool,
    /// The database was restored from a dump: forget who was erased since. Once, before any other server is started.
    #[arg(long, requires = "postgres")]
    restored: bool,
    /// Forget this user of the organisation for good, say what became of that, and end.
    #[arg(long, value_name = "USER", conflicts_with = "restored")]
    erase: Option<String>,
}

impl Place {
    pub(crate) fn open(&self, memory: MemoryBuilder) -> Result<Memory, MemoryError> {
        let memory = memory.open()?;
        if self.restored {
            let restored = memory.restored()?;
            eprintln!(
                "{} memories are there again; {} of people who were erased are not",
                restored.memories, restored.forgotten
            );
        }
        Ok(memory)
    }

    /// Forgets whom it was told to, and says whether it was told so.
    pub(crate) fn has_erased(&self, memory: &Memory, org: &str) -> anyhow::Result<bool> {
        let Some(user) = &self.erase else { return Ok(false) };
        eprintln!("{}", serde_json::to_string(&memory.erase(org, user)?)?);
        Ok(true)
    }

    pub(crate) fn builder(&self) -> MemoryBuilder {
        let at = |url: &String| {
            let postgres = Postgres::new(url).schema(&self.schema);
            if self.insecure_postgres { postgres.insecure() } else { postgres }
        };
        let master = self.master_key.clone().map_or(Master::None, Master::File);
        let mut memory = Memory::builder(&self.directory).master(master);
        if let Some(url) = &self.postgres {
            memory = memory.postgres(at(url));
        }
        if let Some(url) = &self.keys_postgres {
            memory = memory.key_ring_in_postgres(at(url));
        }
        memory
    }
}
