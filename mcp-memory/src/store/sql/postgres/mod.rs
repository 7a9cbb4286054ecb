//! PostgreSQL: where it is, and how its sessions differ from files.

mod connect;
mod session;
mod values;

use std::fmt;
use std::sync::Arc;

pub(crate) use connect::Target;
pub(super) use connect::described;
pub(super) use session::Session;

use crate::MemoryError;

/// Bytes of a name in PostgreSQL.
const NAME: usize = 63;

/// A PostgreSQL database that several machines share a memory in.
///
/// ```no_run
/// use mcp_memory::{Memory, Postgres};
///
/// # fn main() -> Result<(), mcp_memory::MemoryError> {
/// let data = Postgres::new("postgres://memory@127.0.0.1/memory").schema("team_memory");
/// // What is derived is kept in a directory of each machine; keys in a database that no dump of the data holds.
/// let keys = Postgres::new("postgres://memory@127.0.0.1/memory_keys");
/// let memory = Memory::builder("/var/lib/memory").postgres(data).key_ring_in_postgres(keys).open()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Postgres {
    url: String,
    schema: String,
    insecure: bool,
}

impl Postgres {
    /// A database by its URL: `postgres://user@localhost/name`, or `host=/run/postgresql dbname=name`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), schema: "mcp_memory".to_owned(), insecure: false }
    }

    /// Keeps the tables in a schema of another name (default: `mcp_memory`). It is made if it is not there.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// Lets it be on another machine. Nothing is encrypted on the way there: the network has to be one that nobody else is in.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Checks it, and starts what talks to it.
    pub(crate) fn target(&self) -> Result<Arc<Target>, MemoryError> {
        let wrong = |problem: String| MemoryError::Invalid { field: "postgres", problem };
        // The parser's error may repeat a password.
        let config: tokio_postgres::Config = self
            .url
            .parse()
            .map_err(|_| wrong("must be a URL such as `postgres://user@localhost/name`".to_owned()))?;
        let is_name = self.schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && self.schema.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !is_name || self.schema.len() > NAME || self.schema.starts_with("pg_") {
            return Err(MemoryError::invalid(
                "schema",
                format!(
                    "must be lower-case letters, digits and `_`, at most {NAME}, and not begin with a digit or `pg_`"
                ),
            ));
        }
        if let Some(host) = connect::elsewhere(&config).filter(|_| !self.insecure) {
            return Err(wrong(format!(
                "`{host}` is another machine, and nothing is encrypted on the way there: use a Unix socket, or a tunnel to 127.0.0.1, or \
                 say `insecure` if nobody else is in the network"
            )));
        }
        Target::start(config, self.schema.clone()).map(Arc::new)
    }
}

/// Without the URL: it may hold a password.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_and_strange_names_are_refused_and_say_what_would_do() {
        let check = |postgres: Postgres, expect: &str| {
            let problem = postgres.target().map(|_| String::new()).unwrap_or_else(|error| error.to_string());
            assert!(problem.starts_with(expect) && expect.is_empty() == problem.is_empty(), "{problem}");
        };
        for near in [
            "postgres://me@localhost/x",
            "postgres://127.0.0.1:5433",
            "host=/run/postgresql",
            "postgres://[::1]/x",
            "postgresql:///x?host=/tmp",
        ] {
            check(Postgres::new(near), "");
        }
        let far = "postgres: `db.example.com` is another machine, and nothing is encrypted on the way there: use a Unix socket";
        check(Postgres::new("postgres://db.example.com/x"), far);
        check(Postgres::new("postgres://localhost,db.example.com/x"), far);
        check(Postgres::new("host=localhost hostaddr=10.1.2.3"), "postgres: `10.1.2.3` is another machine");
        check(Postgres::new("postgres://db.example.com/x").insecure(), "");
        let secret = Postgres::new("postgres://me:hunter2@localhost/x?unknown=hunter2");
        check(secret.clone(), "postgres: must be a URL such as");
        assert!(!format!("{secret:?} {}", secret.target().err().unwrap()).contains("hunter2"));
        for name in ["", "1a", "A", "a-b", "a\"b", "pg_x", &"x".repeat(64)] {
            check(Postgres::new("postgres://localhost").schema(name), "schema: must be lower-case letters");
        }
        check(Postgres::new("postgres://localhost").schema(format!("_{}", "9".repeat(62))), "");
    }
}
