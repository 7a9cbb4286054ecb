//! What the edge does as a whole, with real files, processes and servers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod assembled;
mod audit;
mod call_log;
mod policy_file;
#[cfg(all(feature = "postgres", feature = "auth"))]
mod shared_keys;
#[cfg(feature = "redis")]
mod shared_limits;
mod support;
#[cfg(feature = "otel")]
mod tracing;
