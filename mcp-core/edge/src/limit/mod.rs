//! How often: rates with bursts, and quotas.
//!
//! A rate is the generic cell rate algorithm (GCRA; ITU-T I.371): a caller may be ahead of its schedule by the burst, and no more.
//! A quota counts calls in windows that begin at midnight UTC, at full hours, and so on. All limits that concern a call must
//! hold; one that refuses takes nothing from the others.
//!
//! Limits are kept in this process, or in Redis for many processes (feature `redis`). Without Redis each process holds
//! the limits on its own, and says that it does; nothing is ever unlimited.
//!
//! ```
//! use std::time::Duration;
//! use mcp_edge::Clock;
//! use mcp_edge::limit::{Asked, Dimension, Limit, Limits, Period};
//!
//! let per_tool = Limit::rate("per tool", 10, Period::Second).burst(3).by([Dimension::Principal, Dimension::Tool]);
//! let free = Limit::quota("free plan", 1_000, Period::Day).by([Dimension::Org]).plans(["free"]);
//! let clock = Clock::manual(Duration::from_secs(1_800_000_000));
//! let limits = Limits::new([per_tool, free])?.clock(clock.clone());
//! let asked = Asked { principal: None, method: "tools/call", tool: Some("search") };
//! let taken = (0..5).filter(|_| limits.take(&asked).is_ok()).count();
//! assert_eq!(taken, 3);
//! let refused = limits.take(&asked).unwrap_err();
//! assert_eq!(refused.wait, Duration::from_millis(100));
//! clock.advance(refused.wait);
//! assert!(limits.take(&asked).is_ok());
//! # Ok::<(), mcp_edge::limit::LimitError>(())
//! ```

mod cell;
mod config;
mod limits;
#[cfg(feature = "redis")]
mod redis;
mod redis_config;
mod table;
#[cfg(test)]
mod tests;

pub use config::{Dimension, Limit, LimitError, Period};
pub use limits::{Asked, Limits, Refused};
#[cfg(feature = "redis")]
pub use redis::RedisError;
pub use redis_config::RedisConfig;
