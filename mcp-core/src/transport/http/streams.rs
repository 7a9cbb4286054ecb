//! Resumable streams of a session: what was sent is kept for a while, and can be asked for again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use indexmap::IndexMap;
use parking_lot::Mutex;

/// Streams of one session that can be resumed; the oldest finished ones go first.
const STREAMS: usize = 64;
/// Events of one stream that can be resumed.
const EVENTS: usize = 1024;
/// Bytes of the events of one stream that can be resumed.
const BYTES: usize = 1024 * 1024;

/// The stream that belongs to no request.
pub(crate) const STANDALONE: u64 = 0;

/// The streams of one session.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    next: u64,
    logs: IndexMap<u64, Arc<Log>>,
}

impl Streams {
    /// Begins the stream of a request.
    pub(crate) fn begin(&mut self) -> Arc<Log> {
        self.next += 1;
        if self.logs.len() >= STREAMS {
            let finished = self.logs.iter().position(|(id, log)| *id != STANDALONE && log.is_over());
            if let Some(finished) = finished {
                self.logs.shift_remove_index(finished);
            }
        }
        let log = Arc::new(Log { stream: self.next, state: Mutex::default() });
        self.logs.insert(self.next, Arc::clone(&log));
        log
    }

    /// The stream that belongs to no request.
    pub(crate) fn standalone(&mut self) -> Arc<Log> {
        let make = || Arc::new(Log { stream: STANDALONE, state: Mutex::default() });
        Arc::clone(self.logs.entry(STANDALONE).or_insert_with(make))
    }

    /// The stream that an event belongs to, and the number of the event.
    pub(crate) fn find(&self, event: &str) -> Option<(Arc<Log>, u64)> {
        let (stream, number) = event.split_once('-')?;
        let log = self.logs.get(&stream.parse::<u64>().ok()?)?;
        Some((Arc::clone(log), number.parse().ok()?))
    }
}

/// What was sent on one stream, numbered from 1; event 0 is the one that opens it.
#[derive(Debug)]
pub(crate) struct Log {
    stream: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<(u64, Bytes)>,
    bytes: usize,
    last: u64,
    over: bool,
    /// The reader that gets the events; a newer one takes over.
    reader: u64,
    /// The client is to come back later: its connection is closed.
    released: Option<Duration>,
    waker: Option<Waker>,
}

/// What a reader finds.
#[derive(Debug)]
pub(crate) enum Next {
    /// An event: its identifier and its frame.
    Event(String, Bytes),
    /// The connection should be closed; the client comes back.
    Released(Duration),
    /// Nothing will come any more, or another connection reads now.
    Over,
}

impl Log {
    /// Appends a frame.
    pub(crate) fn append(&self, frame: impl Into<Bytes>) {
        let frame = frame.into();
        let mut state = self.state.lock();
        state.last += 1;
        state.bytes += frame.len();
        let number = state.last;
        state.events.push_back((number, frame));
        while state.events.len() > EVENTS || (state.bytes > BYTES && state.events.len() > 1) {
            if let Some((_, dropped)) = state.events.pop_front() {
                state.bytes -= dropped.len();
            }
        }
        wake(state);
    }

    /// Ends the stream.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        state.over = true;
        wake(state);
    }

    /// Closes the connection that reads now.
    pub(crate) fn release(&self, retry: Duration) {
        let mut state = self.state.lock();
        state.released = Some(retry);
        wake(state);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().over
    }

    /// The identifier of an event of this stream.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.stream)
    }

    /// Reads from after event `number` on. Who read before stops.
    pub(crate) fn read_from(self: &Arc<Self>, number: u64) -> Reader {
        let mut state = self.state.lock();
        state.reader += 1;
        state.released = None;
        let reader = Reader { log: Arc::clone(self), seen: number, number: state.reader };
        wake(state);
        reader
    }

    /// The last event so far.
    pub(crate) fn last(&self) -> u64 {
        self.state.lock().last
    }
}

fn wake(mut state: parking_lot::MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A connection that reads a stream.
#[derive(Debug)]
pub(crate) struct Reader {
    log: Arc<Log>,
    seen: u64,
    number: u64,
}

impl Reader {
    /// The next event.
    pub(crate) fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Next> {
        let mut state = self.log.state.lock();
        if state.reader != self.number {
            return Poll::Ready(Next::Over);
        }
        if let Some((number, frame)) = state.events.iter().find(|(number, _)| *number > self.seen).cloned() {
            self.seen = number;
            return Poll::Ready(Next::Event(self.log.id(number), frame));
        }
        if let Some(retry) = state.released {
            return Poll::Ready(Next::Released(retry));
        }
        if state.over {
            return Poll::Ready(Next::Over);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Where the reader is: the identifier of the last event it got.
    pub(crate) fn position(&self) -> String {
        self.log.id(self.seen)
    }
}
