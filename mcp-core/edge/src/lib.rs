//! What stands between callers and a server: policy, limits, metrics, log, traces, audit.
//!
//! # Map
//!
//! - [`policy`]: who may do what.
pub mod policy;
