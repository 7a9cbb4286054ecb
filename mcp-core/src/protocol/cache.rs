//! How long a client may keep a result.

use serde::{Deserialize, Serialize};

use super::object::wire_object;

/// How long a result stays fresh, and who may share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheHint {
    /// Milliseconds after receipt; 0 means stale at once.
    pub ttl_ms: u64,
    /// Who may keep it.
    pub scope: CacheScope,
}

impl CacheHint {
    /// Anyone may keep it for `ttl_ms`.
    pub const fn public(ttl_ms: u64) -> Self {
        Self { ttl_ms, scope: CacheScope::Public }
    }

    /// The same principal may keep it for `ttl_ms`.
    pub const fn private(ttl_ms: u64) -> Self {
        Self { ttl_ms, scope: CacheScope::Private }
    }
}

impl Default for CacheHint {
    /// The careful one: stale at once, shared with no one.
    fn default() -> Self {
        Self::private(0)
    }
}

wire_object!(CacheHint { required ttl_ms = "ttlMs", required scope = "cacheScope" });

/// Who may keep a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// Anyone, shared caches too: it holds nothing of a user.
    Public,
    /// Only the same authorization context.
    #[default]
    Private,
}
