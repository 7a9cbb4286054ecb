//! All of it in front of a server, as one layer.
//!
//! The order is fixed, outermost first: trace, metrics and log, audit, limits, policy. So what a limit or a rule refuses is
//! traced, counted, logged and audited like everything else. Each part may be left out.
//!
//! Requests are judged; notifications pass: they have no answer and change nothing by themselves.

mod admit;
mod builder;
mod config;
#[cfg(feature = "auth")]
mod guard;
mod login;
mod running;
mod service;
#[cfg(test)]
mod tests;

pub use builder::{Edge, EdgeBuilder};
pub use config::{AuditConfig, AuditPlace, Config, ConfigError, EdgeError, LogPlace, edge};
pub use service::{EdgeLayer, EdgeService};
