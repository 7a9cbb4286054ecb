//! PostgreSQL: where it is, and how its sessions differ from files.

mod connect;
mod guard;
mod pending;
mod schema;
mod session;
mod tls;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use connect::Target;
pub(super) use connect::described;
pub(crate) use guard::GUARD;
pub(super) use session::Session;

use tokio_postgres::config::SslMode;

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
    root: Option<PathBuf>,
}

impl Postgres {
    /// A database by its URL: `postgres://user@localhost/name`, or `host=/run/postgresql dbname=name`.
    ///
    /// What goes to another machine goes by TLS, and so does what goes to this one with `sslmode=require`. Its certificate must be of the
    /// host's name and of an authority that the system trusts, or of those in the file at `sslrootcert`
    /// ([`root_certificate`](Self::root_certificate)).
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), schema: "mcp_memory".to_owned(), insecure: false, root: None }
    }

    /// Keeps the tables in a schema of another name (default: `mcp_memory`). It is made if it is not there.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// Speaks TLS, and trusts only the authorities whose certificates are in a file (PEM), instead of those that the system trusts.
    #[must_use]
    pub fn root_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.root = Some(file.into());
        self
    }

    /// Lets it be on another machine without TLS. Nothing is encrypted on the way there: the network has to be one that nobody else is
    /// in. With `sslmode=require` there is TLS all the same.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Checks it, and starts what talks to it.
    pub(crate) fn target(&self) -> Result<Arc<Target>, MemoryError> {
        let wrong = |problem: String| MemoryError::Invalid { field: "postgres", problem };
        let (url, root) = tls::understood(&self.url)?;
        // The parser's error may repeat a password.
        let mut config: tokio_postgres::Config = url
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
        let mode = config.get_ssl_mode();
        let elsewhere = connect::elsewhere(&config).filter(|_| !self.insecure);
        if let Some(host) = elsewhere.as_ref().filter(|_| mode == SslMode::Disable) {
            return Err(wrong(format!(
                "`{host}` is another machine, and `sslmode=disable` encrypts nothing on the way there: leave that out, or say \
                 `insecure` if nobody else is in the network"
            )));
        }
        // Another machine is never spoken to in the clear because it has no TLS.
        let tls = if mode == SslMode::Require || elsewhere.is_some() || self.root.is_some() {
            config.ssl_mode(SslMode::Require);
            Some(tls::trusting(self.root.as_deref().or(root.as_deref()))?)
        } else {
            config.ssl_mode(SslMode::Disable);
            None
        };
        Target::start(config, tls, self.schema.clone()).map(Arc::new)
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
        let far = "postgres: `db.example.com` is another machine, and `sslmode=disable` encrypts nothing on the way there";
        check(Postgres::new("postgres://db.example.com/x?sslmode=disable"), far);
        check(Postgres::new("postgres://localhost,db.example.com/x?sslmode=disable"), far);
        check(
            Postgres::new("host=localhost hostaddr=10.1.2.3 sslmode=disable"),
            "postgres: `10.1.2.3` is another machine",
        );
        check(Postgres::new("postgres://db.example.com/x?sslmode=disable").insecure(), "");
        let roots = "root_certificate: `/nowhere` cannot be read";
        check(Postgres::new("postgres://db.example.com/x").root_certificate("/nowhere"), roots);
        check(Postgres::new("postgres://localhost/x?sslmode=verify-full&sslrootcert=/nowhere"), roots);
        check(Postgres::new("postgres://localhost/x").root_certificate("/nowhere"), roots);
        check(Postgres::new("postgres://localhost/x?sslrootcert=/nowhere"), "");
        let secret = Postgres::new("postgres://me:hunter2@localhost/x?unknown=hunter2");
        check(secret.clone(), "postgres: must be a URL such as");
        assert!(!format!("{secret:?} {}", secret.target().err().unwrap()).contains("hunter2"));
        for name in ["", "1a", "A", "a-b", "a\"b", "pg_x", &"x".repeat(64)] {
            check(Postgres::new("postgres://localhost").schema(name), "schema: must be lower-case letters");
        }
        check(Postgres::new("postgres://localhost").schema(format!("_{}", "9".repeat(62))), "");
    }
}
