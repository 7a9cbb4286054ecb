//! What stands between callers and a server: policy, limits, metrics, log, traces, audit.
//!
//! # Map
//!
//! - [`policy`]: who may do what.
//! - [`limit`]: how often.
//! - [`metrics`]: how often it happened, how long it took, what it came to.
//! - [`log`]: one JSON line per call.
//! - [`audit`]: what happened, so that nobody can deny or change it.
//! - `key`: API keys in PostgreSQL (features `postgres` and `auth`).
//! - [`Registration`]: what Consul is told of a server.
//! - [`trace`]: which trace a call belongs to, and spans for a collector.
//! - [`Edge`]: all of it in front of a server, as one layer.

pub mod audit;
mod call;
mod clock;
mod edge;
mod json;
#[cfg(all(feature = "postgres", feature = "auth"))]
pub mod key;
pub mod limit;
pub mod log;
pub mod metrics;
pub mod policy;
mod registration;
pub mod trace;

pub use call::{CallRecord, ExecutionId, Outcome};
pub use clock::Clock;
pub use edge::{
    AuditConfig, AuditPlace, Config, ConfigError, Edge, EdgeBuilder, EdgeError, EdgeLayer, EdgeService,
    LogPlace, edge,
};
pub use registration::{Check, Registration, RegistrationError};
