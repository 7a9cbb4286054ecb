//! One file for everything that `mcp` does: `mcp.yaml`.
//!
//! ```
//! use mcp_workbench::config::{Config, read};
//!
//! let text = "server:\n  port: ${PORT:-9000}\nmemory: { user: ann }";
//! let config: Config = read(text, "mcp.yaml", &|_| None).expect("it is right");
//! assert_eq!((config.server.port, &*config.memory.user), (9000, "ann"));
//!
//! let wrong = read("sever: { port: 1 }", "mcp.yaml", &|_| None).unwrap_err();
//! assert!(wrong.to_string().contains("mcp.yaml:1: `sever`") && wrong.to_string().contains("did you mean `server`?"));
//! ```
//!
//! What stands in the environment goes before the file, and a command line before both: see [`variables`]. `${NAME}` in a value is that variable,
//! `${NAME:-text}` the text where it is not set or empty, `$${` a dollar sign and a brace. Within `{ … }` YAML wants quotes around it.

mod check;
mod document;
mod load;
pub(crate) mod schema;
pub mod variables;

pub use check::{ConfigError, Problem};
pub use load::{Loaded, discover, load, read};
pub use schema::json_schema;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::stack::PACKS;

/// Bytes that a secret has at least with which tokens are signed.
const SHORTEST_SECRET: usize = 32;

/// Everything that can be set. Paths begin at the folder of the file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "mcp.yaml")]
#[non_exhaustive]
pub struct Config {
    /// Where the stack listens.
    pub server: ServerConfig,
    /// Where everything is kept that the stack knows (default: `.mcp`).
    pub directory: Option<PathBuf>,
    /// The long-term memory.
    pub memory: MemoryConfig,
    /// The rules that guard it.
    pub guardrails: GuardrailsConfig,
    /// Skills and patterns.
    pub patterns: PatternsConfig,
    /// Who may call.
    pub auth: AuthConfig,
    /// What callers may ask for.
    pub limits: LimitsConfig,
    /// What is written down.
    pub logging: LoggingConfig,
    /// What is counted.
    pub telemetry: TelemetryConfig,
    /// A Redis, where several stacks share what guardrails remember, and limits.
    pub redis: RedisConfig,
    /// Other servers, by the names that commands know them by.
    pub servers: BTreeMap<String, Upstream>,
}

/// Where the stack listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The address.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// A certificate, so that other machines can call.
    pub tls: Option<TlsConfig>,
    /// Lets everybody call, without TLS, where the address can be reached from other machines.
    pub insecure: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 8080, tls: None, insecure: false }
    }
}

impl ServerConfig {
    /// The address to listen on.
    #[must_use]
    pub fn listen(&self) -> String {
        if self.host.contains(':') && !self.host.starts_with('[') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The file of the certificate and those above it, in PEM.
    pub certificate: PathBuf,
    /// The file of its private key, in PEM.
    pub key: PathBuf,
}

/// The long-term memory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// A memory that is served elsewhere; commands call it instead of the local one.
    pub url: Option<String>,
    /// The organisation of whoever calls without credentials.
    pub org: String,
    /// Who calls without credentials.
    pub user: String,
    /// A PostgreSQL that memories are kept in, instead of files in the directory.
    pub postgres: PostgresConfig,
    /// What keys of memories are wrapped with, 64 hexadecimal digits; without it whoever reads the key ring reads everything.
    pub master_key: Option<Secret>,
    /// The file that has it.
    pub master_key_file: Option<PathBuf>,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self {
            url: None,
            org: "local".to_owned(),
            user: "me".to_owned(),
            postgres: PostgresConfig::default(),
            master_key: None,
            master_key_file: None,
        }
    }
}

/// A PostgreSQL that several machines may share a memory in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// Where it is, e.g. `postgres://memory@localhost/memory`; it may hold a password. The role owns the schema, and is no superuser.
    pub url: Option<Secret>,
    /// Another database, for the key ring: needed where there is more than one machine (default: a file in the directory).
    pub keys_url: Option<Secret>,
    /// The schema of the tables, in both.
    pub schema: String,
    /// Lets it be on another machine without TLS: nothing is encrypted on the way there.
    pub insecure: bool,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { url: None, keys_url: None, schema: "mcp_memory".to_owned(), insecure: false }
    }
}

/// The rules that guard the stack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GuardrailsConfig {
    /// Guardrails that are served elsewhere; commands ask them instead of the local ones.
    pub url: Option<String>,
    /// Rules that are ready, by name.
    pub packs: Vec<String>,
    /// Files of rules; they are read again when they change.
    pub rules: Vec<PathBuf>,
}

impl Default for GuardrailsConfig {
    fn default() -> Self {
        Self { url: None, packs: PACKS.map(String::from).into(), rules: Vec::new() }
    }
}

/// Skills and patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PatternsConfig {
    /// Patterns that are served elsewhere; commands ask them instead of the local ones.
    pub url: Option<String>,
    /// Folders of Agent Skills; they are read again when they change.
    pub skills: Vec<PathBuf>,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AuthConfig {
    /// What tokens are signed with (HS256), at least 32 bytes. With it nobody is let in without a token: `mcp token` issues some.
    pub jwt_secret: Option<Secret>,
    /// Who issues tokens.
    pub issuer: String,
    /// Whom tokens are for.
    pub audience: String,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { jwt_secret: None, issuer: "mcp".to_owned(), audience: "mcp".to_owned() }
    }
}

/// What callers may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// Tool calls a second of each caller; without it there is no limit.
    #[schemars(range(min = 1))]
    pub calls_per_second: Option<u32>,
    /// Calls that may come at once (default: as many as in two seconds).
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
    /// Bytes that a request may have.
    #[schemars(range(min = 1024))]
    pub max_body_bytes: usize,
    /// Connections at a time; without it there is no limit.
    #[schemars(range(min = 1))]
    pub max_connections: Option<usize>,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { calls_per_second: None, burst: None, max_body_bytes: 4 * 1024 * 1024, max_connections: None }
    }
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LoggingConfig {
    /// What is worth a line, as `RUST_LOG` has it, e.g. `info,mcp_core=debug`.
    pub level: String,
    /// A line of text, or a JSON object.
    pub format: LogFormat,
    /// The folder of log files (default: `logs`).
    pub directory: Option<PathBuf>,
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text, directory: None }
    }
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TelemetryConfig {
    /// Serves `/metrics` for Prometheus.
    pub metrics: bool,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { metrics: true }
    }
}

/// A Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Where it is, e.g. `redis://127.0.0.1:6379`; it may hold a password.
    pub url: Option<Secret>,
}

/// Another server: a URL, or a program that is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Upstream {
    /// Its address.
    pub url: Option<String>,
    /// The program that serves it on standard input and output.
    pub command: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment, beside our own.
    pub env: BTreeMap<String, Secret>,
    /// A bearer token for it.
    pub token: Option<Secret>,
}
