//! Settings of the HTTP transport.

use std::time::Duration;

use http::Uri;

use super::guard::strip_port;
use crate::protocol::DEFAULT_DEPTH;

/// What the transport allows, and where it answers. Safe as it is.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) path: String,
    pub(crate) rest: Option<String>,
    pub(crate) legacy_sse: bool,
    /// `None` allows any host.
    pub(crate) allowed_hosts: Option<Vec<String>>,
    /// Whether hosts were named beside the loopback names.
    pub(crate) hosts_named: bool,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) max_body: usize,
    pub(crate) max_depth: u32,
    pub(crate) session_ttl: Duration,
    pub(crate) max_sessions: usize,
    pub(crate) max_sessions_per_principal: usize,
    pub(crate) always_stream: bool,
    pub(crate) correlation: bool,
    /// What `/health` says beside its own.
    pub(crate) health: Health,
    /// Whether addresses that are not loopback may be served without TLS, and without credentials.
    pub(crate) plain: bool,
    pub(crate) anonymous: bool,
    #[cfg(feature = "auth")]
    pub(crate) guard: Option<std::sync::Arc<crate::auth::server::ResourceServer>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/mcp".into(),
            rest: Some("/mcp/v1".into()),
            legacy_sse: true,
            allowed_hosts: Some(["localhost", "127.0.0.1", "[::1]"].map(Into::into).to_vec()),
            hosts_named: false,
            allowed_origins: Vec::new(),
            max_body: 4 * 1024 * 1024,
            max_depth: DEFAULT_DEPTH,
            session_ttl: Duration::from_secs(30 * 60),
            max_sessions: 100_000,
            max_sessions_per_principal: 100_000,
            always_stream: false,
            correlation: false,
            health: Health::default(),
            plain: false,
            anonymous: false,
            #[cfg(feature = "auth")]
            guard: None,
        }
    }
}

impl Config {
    /// Whether callers are known.
    pub(crate) const fn authenticates(&self) -> bool {
        #[cfg(feature = "auth")]
        return self.guard.is_some();
        #[cfg(not(feature = "auth"))]
        false
    }

    /// Whether a page of this origin may call. Pages of the host that is called may.
    pub(crate) fn allows_origin(&self, origin: &str, host: Option<&str>) -> bool {
        if self.allowed_origins.iter().any(|allowed| allowed == origin || allowed == "*") {
            return true;
        }
        let Ok(origin) = origin.parse::<Uri>() else { return false };
        let Some(name) = origin.authority().map(|authority| strip_port(authority.as_str())) else {
            return false;
        };
        match &self.allowed_hosts {
            Some(allowed) => allowed.iter().any(|host| host.eq_ignore_ascii_case(name)),
            None => host.is_some_and(|host| host.eq_ignore_ascii_case(name)),
        }
    }
}

/// Members of `/health` that the application adds.
#[derive(Clone, Default)]
pub(crate) struct Health(
    pub(crate) Option<std::sync::Arc<dyn Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync>>,
);

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Health(…)" } else { "Health" })
    }
}
