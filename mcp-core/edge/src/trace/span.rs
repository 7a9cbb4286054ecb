//! Spans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::TraceContext;
use super::exporter::Queue;

/// What a span is to the others of its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpanKind {
    /// Work within a program.
    Internal = 1,
    /// Serving a request.
    Server = 2,
    /// Asking somebody else.
    Client = 3,
}

/// Something that takes time. It ends when it is dropped.
#[derive(Debug)]
pub struct Span {
    pub(super) context: TraceContext,
    pub(super) start: Instant,
    /// None where nobody records it.
    pub(super) data: Option<Box<SpanData>>,
    pub(super) queue: Arc<Queue>,
}

/// What is told about a span.
#[derive(Debug)]
pub(super) struct SpanData {
    pub(super) context: TraceContext,
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    /// Since 1970.
    pub(super) start: Duration,
    pub(super) took: Duration,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) error: Option<String>,
}

impl Span {
    /// What continues the trace below this span.
    #[must_use]
    pub const fn context(&self) -> &TraceContext {
        &self.context
    }

    /// Says something about it.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        if let Some(data) = &mut self.data {
            data.attributes.push((name, value.into()));
        }
    }

    /// Says that it failed.
    pub fn fail(&mut self, why: impl Into<String>) {
        if let Some(data) = &mut self.data {
            data.error = Some(why.into());
        }
    }

    /// Ends it.
    pub fn end(self) {}
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(mut data) = self.data.take() {
            data.took = self.start.elapsed();
            self.queue.push(*data);
        }
    }
}
