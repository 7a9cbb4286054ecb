//! An edge from one config.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::Edge;
use crate::audit::{Audit, AuditError, ChainKey, Redaction};
use crate::limit::{Dimension, Limit, LimitError, Limits, Period, RedisConfig};
use crate::log::CallLog;
use crate::metrics::MetricsError;
use crate::policy::{Format, Policy, PolicyError, PolicyFile};
use crate::trace::OtlpConfig;

/// Everything there is to say about an edge. As it is by default it denies every call, for want of a policy, limits each caller
/// to 50 calls a second, and logs to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// The name of the service in log and traces.
    pub service: String,
    /// The file of the policy; without one everything is denied.
    pub policy: Option<PathBuf>,
    /// Allows everything to everybody who is let in: for servers whose callers are all alike.
    pub allow_all: bool,
    /// Milliseconds between two looks at the file of the policy; 0 for none.
    pub policy_poll_ms: u64,
    /// The limits.
    pub limits: Vec<Limit>,
    /// Where limits are shared (feature `redis`).
    pub redis: Option<RedisConfig>,
    /// Where calls are logged.
    pub log: LogPlace,
    /// How calls are audited; not at all by default.
    pub audit: Option<AuditConfig>,
    /// Where spans go (feature `otel`).
    pub otlp: Option<OtlpConfig>,
}

/// Where calls are logged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogPlace {
    /// Nowhere.
    Off,
    /// Standard error.
    Stderr,
    /// The end of a file.
    File(PathBuf),
}

/// How calls are audited.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditConfig {
    /// Where entries are kept.
    pub place: AuditPlace,
    /// Whether a call waits until its entry is on the disk.
    #[serde(default)]
    pub strict: bool,
    /// Pointers to arguments that may be kept, e.g. `/path`.
    #[serde(default)]
    pub keep: Vec<String>,
    /// A file with the key of the chain: at least 32 bytes, known to nobody else.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
}

/// Where entries of the audit log are kept.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditPlace {
    /// Files in a folder.
    Folder(PathBuf),
    /// A SQLite database (feature `sqlite`).
    Sqlite(PathBuf),
    /// A table of a PostgreSQL database (feature `postgres`).
    Postgres {
        /// The database.
        url: String,
        /// The table.
        table: String,
    },
}

impl std::fmt::Debug for AuditPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            // The URL may hold a password.
            Self::Postgres { table, .. } => {
                f.debug_struct("Postgres").field("table", table).finish_non_exhaustive()
            }
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let each = Limit::rate("per caller", 50, Period::Second).burst(100).by([Dimension::Principal]);
        Self {
            service: "mcp".into(),
            policy: None,
            allow_all: false,
            policy_poll_ms: 1_000,
            limits: vec![each],
            redis: None,
            log: LogPlace::Stderr,
            audit: None,
            otlp: None,
        }
    }
}

impl AuditConfig {
    /// Entries in some place, with no arguments and without a key.
    #[must_use]
    pub const fn new(place: AuditPlace) -> Self {
        Self { place, strict: false, keep: Vec::new(), key_file: None }
    }
}

/// A member of a config is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The path of the member.
    pub field: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// An edge cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// The config is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The log cannot be opened.
    #[error("log: the call log cannot be opened")]
    Log(#[source] std::io::Error),
    /// The audit log cannot be opened.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The metrics of the program are in the way.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
}

fn wrong(field: impl Into<String>, problem: impl Into<String>) -> ConfigError {
    ConfigError { field: field.into(), problem: problem.into() }
}

impl Config {
    /// Whether the config makes sense, as far as can be told without opening anything.
    ///
    /// # Errors
    /// It does not; the error names the member.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.service.trim().is_empty() {
            return Err(wrong("service", "a service needs a name: log and traces carry it"));
        }
        if self.allow_all && self.policy.is_some() {
            return Err(wrong("allow_all", "goes without `policy`: leave one of them out"));
        }
        if let Some(policy) = self.policy.as_ref().filter(|path| Format::of(path).is_none()) {
            let problem = format!("`{}` must be named `.yaml`, `.yml`, `.json` or `.toml`", policy.display());
            return Err(wrong("policy", problem));
        }
        self.limits()?;
        self.redaction()?;
        let built = [
            ("redis", self.redis.is_some(), cfg!(feature = "redis")),
            ("otel", self.otlp.is_some(), cfg!(feature = "otel")),
            (
                "sqlite",
                self.is_audited_by(|place| matches!(place, AuditPlace::Sqlite(_))),
                cfg!(feature = "sqlite"),
            ),
            (
                "postgres",
                self.is_audited_by(|place| matches!(place, AuditPlace::Postgres { .. })),
                cfg!(feature = "postgres"),
            ),
        ];
        match built.iter().find(|(_, wanted, there)| *wanted && !there) {
            Some((feature, ..)) => {
                let field = match *feature {
                    "otel" => "otlp",
                    "redis" => "redis",
                    _ => "audit.place",
                };
                Err(wrong(
                    field,
                    format!("this program was built without the feature `{feature}` of mcp-edge"),
                ))
            }
            None => Ok(()),
        }
    }

    fn is_audited_by(&self, place: impl Fn(&AuditPlace) -> bool) -> bool {
        self.audit.as_ref().is_some_and(|audit| place(&audit.place))
    }

    fn limits(&self) -> Result<Limits, ConfigError> {
        Limits::new(self.limits.clone()).map_err(|LimitError { index, field, problem }| {
            wrong(format!("limits[{index}].{field}"), problem)
        })
    }

    fn redaction(&self) -> Result<Redaction, ConfigError> {
        let keep = self.audit.as_ref().map(|audit| audit.keep.clone()).unwrap_or_default();
        Redaction::keep(keep).map_err(|error| {
            wrong(format!("audit.keep[{}]", error.index), format!("`{}` {}", error.pointer, error.problem))
        })
    }
}

/// Puts an edge together: trace, metrics, log, audit, limits and policy, in this order. Call it within a tokio runtime; the edge
/// follows the file of its policy and its Redis as long as it is there.
///
/// # Errors
/// The config is wrong, or something that it names cannot be opened.
pub fn edge(config: &Config) -> Result<Edge, EdgeError> {
    config.validate()?;
    let mut builder = Edge::builder().limits(limits(config)?);
    if !config.allow_all {
        let policy = match &config.policy {
            Some(path) => PolicyFile::open(path)?,
            None => {
                tracing::warn!("there is no policy: every call is denied");
                PolicyFile::fixed(Policy::parse("{}", "default", Format::Json)?)
            }
        };
        if config.policy.is_some() && config.policy_poll_ms > 0 {
            builder = builder.watch(policy.watch(Duration::from_millis(config.policy_poll_ms)));
        }
        builder = builder.policy(policy);
    }
    let service = config.service.as_str();
    builder = match &config.log {
        LogPlace::Off => builder,
        LogPlace::Stderr => builder.log(CallLog::stderr(service).map_err(EdgeError::Log)?),
        LogPlace::File(path) => builder.log(CallLog::file(service, path).map_err(EdgeError::Log)?),
    };
    if let Some(audit) = &config.audit {
        builder = builder.audit(open(audit, config.redaction()?)?);
    }
    #[cfg(feature = "otel")]
    if let Some(otlp) = &config.otlp {
        let tracer =
            crate::trace::Tracer::otlp(service, otlp).map_err(|error| wrong("otlp", error.to_string()))?;
        builder = builder.tracer(tracer);
    }
    Ok(builder.build()?)
}

fn limits(config: &Config) -> Result<Limits, ConfigError> {
    let limits = config.limits()?;
    #[cfg(feature = "redis")]
    if let Some(redis) = &config.redis {
        return limits.shared(redis).map_err(|error| wrong("redis.url", error.to_string()));
    }
    Ok(limits)
}

fn open(config: &AuditConfig, redaction: Redaction) -> Result<crate::audit::AuditLog, EdgeError> {
    let audit = match &config.place {
        AuditPlace::Folder(path) => Audit::folder(path),
        #[cfg(feature = "sqlite")]
        AuditPlace::Sqlite(path) => Audit::sqlite(path),
        #[cfg(feature = "postgres")]
        AuditPlace::Postgres { url, table } => Audit::postgres(url, table),
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => return Err(wrong("audit.place", "this program was built without it").into()),
    };
    let key = match &config.key_file {
        None => ChainKey::default(),
        Some(path) => {
            let key = std::fs::read(path).map_err(|error| {
                wrong("audit.key_file", format!("cannot read `{}`: {error}", path.display()))
            })?;
            if key.len() < 32 {
                return Err(wrong("audit.key_file", "must hold at least 32 random bytes").into());
            }
            ChainKey::new(&key)
        }
    };
    Ok(audit.redaction(redaction).strict(config.strict).key(key).open()?)
}
