//! Counters, gauges, histograms and timers, and what calls come to, as Prometheus reads it.
//!
//! A handle is resolved once and then costs an atomic or two. Every family has a bounded number of series: what comes
//! after that is counted under `other`, so that callers cannot fill memory, here or in Prometheus.
//!
//! ```
//! use mcp_edge::metrics::Metrics;
//!
//! let metrics = Metrics::new();
//! let orders = metrics.counters("shop_orders_total", "Orders taken.", &["plan"])?;
//! orders.with(&["pro"]).add(2);
//! let time = metrics.histogram("shop_order_seconds", "Time to take an order.", &[0.1, 1.0])?;
//! time.start().stop();
//! metrics.gauge("shop_open", "Whether the shop is open.")?.set(1.0);
//! assert!(metrics.render().contains("shop_orders_total{plan=\"pro\"} 2\n"));
//! # Ok::<(), mcp_edge::metrics::MetricsError>(())
//! ```

mod calls;
mod endpoint;
mod family;
mod instrument;
mod registry;
mod render;
#[cfg(test)]
mod tests;

pub use calls::CallMetrics;
pub use endpoint::MetricsEndpoint;
pub use family::Family;
pub use instrument::{Counter, Gauge, Histogram, Timer};
pub use registry::{Metrics, MetricsError};
