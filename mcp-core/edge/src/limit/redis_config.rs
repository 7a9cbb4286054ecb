//! Where limits are shared.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// Where Redis is, and how long to wait for it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RedisConfig {
    /// `redis://[user:password@]host[:port][/database]`.
    pub url: String,
    /// What the keys begin with. It is a hash tag, so that a cluster keeps them together.
    pub prefix: String,
    /// Milliseconds that a call waits for an answer.
    pub patience_ms: u64,
    /// Milliseconds between two probes while Redis cannot be used.
    pub probe_ms: u64,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self { url: "redis://127.0.0.1/".into(), prefix: "mcp:limit".into(), patience_ms: 25, probe_ms: 250 }
    }
}

impl RedisConfig {
    /// Redis at a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// What the keys begin with.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a call waits for an answer.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        self
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("RedisConfig").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
