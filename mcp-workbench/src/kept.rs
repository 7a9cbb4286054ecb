//! Where memories are kept: files in the directory of the stack, or a PostgreSQL that several machines share.

use std::path::Path;

use mcp_memory::{Master, MasterKey, Memory, MemoryError, Postgres};

use crate::config::MemoryConfig;
use crate::secret::Secret;

/// Opens the memory of a stack, or makes it. With a database, the directory holds what is derived from it, and unless another database does, the key ring.
///
/// # Errors
/// The directory or the database cannot be used, or the master key is not the one. No error says a password.
pub fn memory(directory: &Path, config: &MemoryConfig) -> Result<Memory, MemoryError> {
    let database = |url: &Secret| {
        let postgres = Postgres::new(url.expose()).schema(&config.postgres.schema);
        if config.postgres.insecure { postgres.insecure() } else { postgres }
    };
    let mut memory = Memory::builder(directory.join("memory"));
    if let Some(url) = &config.postgres.url {
        memory = memory.postgres(database(url));
        if let Some(keys) = &config.postgres.keys_url {
            memory = memory.key_ring_in_postgres(database(keys));
        }
    }
    memory.master(master(config)?).open()
}

/// What wraps the key ring of a stack's memory.
///
/// # Errors
/// The key is none.
pub fn master(config: &MemoryConfig) -> Result<Master, MemoryError> {
    Ok(match (&config.master_key, &config.master_key_file) {
        (Some(key), _) => Master::Key(MasterKey::from_hex(key.expose())?),
        (None, Some(path)) => Master::File(path.clone()),
        (None, None) => Master::None,
    })
}
