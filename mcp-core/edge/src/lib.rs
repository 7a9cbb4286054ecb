//! What stands between callers and a server: policy, limits, metrics, log, traces, audit.
//!
//! # Map
//!
//! - [`policy`]: who may do what.
//! - [`limit`]: how often.
//! - [`metrics`]: how often it happened, how long it took, what it came to.

mod call;
mod clock;
pub mod limit;
pub mod metrics;
pub mod policy;

pub use call::Outcome;
pub use clock::Clock;
