//! What is remembered between events: labels, what happened before, violations, approvals.
//!
//! ```
//! use std::sync::Arc;
//!
//! use mcp_guardrails::state::{Guard, MemoryStore};
//! use mcp_guardrails::{Engine, Event, Format, RuleSet};
//! use serde_json::json;
//!
//! let rules = RuleSet::parse(
//!     "
//! rules:
//!   - id: secret-then-post
//!     tool: http_post
//!     when:
//!       sequence: { within: 10m, steps: [{ tool: read_secret }, { tool: http_post }] }
//!     then: block
//! ",
//!     "rules.yaml",
//!     Format::Yaml,
//! )?;
//! let guard = Guard::new(Arc::new(Engine::builder().build(rules)?), Arc::new(MemoryStore::default()));
//! let nothing = json!({});
//! let event = |tool, time| Event::call(tool, &nothing).session("s").at(time);
//! assert!(!guard.check(&event("http_post", 0))?.is_blocked());
//! assert!(!guard.check(&event("read_secret", 1_000))?.is_blocked());
//! assert!(guard.check(&event("http_post", 2_000))?.is_blocked());
//! assert!(!guard.check(&event("http_post", 700_000))?.is_blocked());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod approval;
mod guard;
mod pending;
#[cfg(feature = "redis")]
mod redis;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod track;

pub use self::approval::{ApprovalRequest, Digest};
pub use self::guard::{Checked, Guard};
pub use self::pending::Pending;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use self::session::Session;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::store::{MemoryStore, Store, StoreError};

/// A number for a text that stays the same between processes.
pub(crate) fn fingerprint(text: &str) -> u64 {
    approval::short(text.as_bytes())
}
