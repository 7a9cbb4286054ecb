//! Traces: the context that calls come with, and, with feature `otel`, spans for a collector.
//!
//! A call continues the trace that `traceparent` in its `_meta` names (SEP-414), else that of its HTTP header. Handlers find the
//! context of their call among the extensions of the request, to pass it on or to open spans below it. The trace stands in
//! log and audit too.
//!
//! ```
//! use mcp_edge::trace::TraceContext;
//!
//! let context: TraceContext = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
//! assert!(context.is_sampled());
//! assert_eq!(context.trace_id(), "0af7651916cd43dd8448eb211c80319c");
//! # Ok::<(), mcp_edge::trace::TraceParentError>(())
//! ```

mod call;
mod config;
mod context;
#[cfg(feature = "otel")]
mod encode;
#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod post;
#[cfg(feature = "otel")]
mod span;

pub(crate) use call::CallTrace;
#[cfg(not(feature = "otel"))]
pub(crate) use call::Tracer;
pub use config::OtlpConfig;
pub use context::{TraceContext, TraceParentError};
#[cfg(feature = "otel")]
pub use exporter::{OtlpError, Tracer};
#[cfg(feature = "otel")]
pub use span::{Span, SpanKind};
