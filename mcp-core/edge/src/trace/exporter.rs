//! Spans on their way to a collector. Whoever ends a span never waits: it goes into a bounded queue, or is dropped.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::post::Collector;
use super::span::{Span, SpanData, SpanKind};
use super::{OtlpConfig, TraceContext, encode};
use crate::Clock;
use crate::metrics::Counter;

/// Spans that wait at most.
const ROOM: usize = 8_192;
const BATCH: usize = 512;

/// No spans can be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// The collector is not given as it should be.
    #[error("`otlp.endpoint` must look like `http://127.0.0.1:4318`, without TLS and user information")]
    Endpoint,
    /// The ratio is no part.
    #[error("`otlp.ratio` must be from 0 to 1")]
    Ratio,
    /// No thread can be started.
    #[error("no thread can be started for the exporter")]
    Thread(#[source] std::io::Error),
}

/// Begins spans, and sends them to a collector when they end. Clones send to the same one; what is left is sent when the last is
/// dropped.
#[derive(Debug, Clone)]
pub struct Tracer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Arc<Queue>,
    clock: Clock,
    /// Traces whose last eight bytes are below are recorded.
    threshold: u64,
    thread: Option<JoinHandle<()>>,
}

/// Spans that have ended.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    spans: Vec<SpanData>,
    dropped: Counter,
    busy: bool,
    flush: bool,
    closing: bool,
}

impl Queue {
    pub(super) fn push(&self, span: SpanData) {
        let mut state = self.state.lock();
        if state.spans.len() >= ROOM {
            state.dropped.increment();
            return;
        }
        state.spans.push(span);
        let wake = state.spans.len() == 1 || state.spans.len() == BATCH;
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }
}

impl Tracer {
    /// Sends spans of a service to a collector.
    ///
    /// # Errors
    /// The configuration makes no sense, or no thread can be started.
    pub fn otlp(service: impl Into<String>, config: &OtlpConfig) -> Result<Self, OtlpError> {
        let collector = Collector::parse(&config.endpoint).ok_or(OtlpError::Endpoint)?;
        if !(0.0..=1.0).contains(&config.ratio) {
            return Err(OtlpError::Ratio);
        }
        let queue = Arc::new(Queue { state: Mutex::default(), work: Condvar::new(), done: Condvar::new() });
        let exporter = Exporter {
            service: service.into(),
            collector,
            interval: Duration::from_millis(config.interval_ms.max(1)),
            patience: Duration::from_millis(config.patience_ms.max(1)),
            queue: Arc::clone(&queue),
        };
        let thread = thread::Builder::new()
            .name("otlp".into())
            .spawn(move || exporter.run())
            .map_err(OtlpError::Thread)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "checked above"
        )]
        let threshold = if config.ratio >= 1.0 { u64::MAX } else { (config.ratio * u64::MAX as f64) as u64 };
        Ok(Self(Arc::new(Inner { queue, clock: Clock::system(), threshold, thread: Some(thread) })))
    }

    /// Begins a span below another, or a trace.
    #[must_use]
    pub fn start(&self, name: impl Into<String>, kind: SpanKind, parent: Option<&TraceContext>) -> Span {
        let context = self.next(parent);
        let data = context.is_sampled().then(|| {
            Box::new(SpanData {
                context: context.clone(),
                parent: parent.map(|parent| parent.span),
                name: name.into(),
                kind,
                start: self.0.clock.wall(),
                took: Duration::ZERO,
                attributes: Vec::with_capacity(8),
                error: None,
            })
        });
        Span { context, start: Instant::now(), data, queue: Arc::clone(&self.0.queue) }
    }

    fn next(&self, parent: Option<&TraceContext>) -> TraceContext {
        let span = random().max(1).to_be_bytes();
        match parent {
            Some(parent) => TraceContext { span, ..parent.clone() },
            None => {
                let (high, low) = (random(), random().max(1));
                let mut trace = [0; 16];
                let (front, back) = trace.split_at_mut(8);
                front.copy_from_slice(&high.to_be_bytes());
                back.copy_from_slice(&low.to_be_bytes());
                TraceContext { trace, span, flags: u8::from(low <= self.0.threshold), state: None }
            }
        }
    }

    /// Waits until all spans that ended so far are sent or given up. Blocks.
    pub fn flush(&self) {
        let queue = &self.0.queue;
        let mut state = queue.state.lock();
        while state.busy || !state.spans.is_empty() {
            state.flush = true;
            queue.work.notify_one();
            queue.done.wait(&mut state);
        }
    }

    /// Spans that were lost: the collector did not take them, or there was no room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.queue.state.lock().dropped.value()
    }

    pub(crate) fn count_drops(&self, counter: &Counter) {
        let mut state = self.0.queue.state.lock();
        counter.add(state.dropped.value());
        state.dropped = counter.clone();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.state.lock().closing = true;
        self.queue.work.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Sends batches, on a thread of its own.
struct Exporter {
    service: String,
    collector: Collector,
    interval: Duration,
    patience: Duration,
    queue: Arc<Queue>,
}

impl Exporter {
    fn run(&self) {
        let mut well = true;
        loop {
            let mut state = self.queue.state.lock();
            while state.spans.is_empty() && !state.closing {
                self.queue.work.wait(&mut state);
            }
            if !state.closing && !state.flush && state.spans.len() < BATCH {
                self.queue.work.wait_for(&mut state, self.interval);
            }
            if state.spans.is_empty() && state.closing {
                return;
            }
            let most = state.spans.len().min(BATCH * 4);
            let batch: Vec<_> = state.spans.drain(..most).collect();
            state.busy = true;
            drop(state);
            let sent = self.collector.post(&encode::request(&self.service, &batch), self.patience);
            if sent.is_ok() != well {
                well = !well;
                match &sent {
                    Ok(()) => tracing::info!("spans are exported again"),
                    Err(error) => tracing::warn!(%error, "spans cannot be exported and are dropped"),
                }
            }
            let mut state = self.queue.state.lock();
            if sent.is_err() {
                state.dropped.add(batch.len() as u64);
                if state.closing {
                    return;
                }
            }
            state.busy = false;
            state.flush &= !state.spans.is_empty();
            drop(state);
            self.queue.done.notify_all();
        }
    }
}

/// A random number for identifiers, which are no secrets: one of the system per thread, then splitmix64.
fn random() -> u64 {
    use std::cell::Cell;
    thread_local! {
        static STATE: Cell<u64> = Cell::new(getrandom::u64().unwrap_or_else(|_| {
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(0)
        }));
    }
    let mut z = STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        next
    });
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
