//! A thread that writes lines.
//!
//! Callers append to one buffer; the thread takes all of it at once. It wakes once per burst and not once per line: a wake
//! costs more than the line.

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::metrics::Counter;

/// Bytes that wait at most.
const ROOM: usize = 8 * 1024 * 1024;
/// How long the thread collects lines once there are some.
const COLLECT: Duration = Duration::from_millis(10);

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    /// Bytes ever taken in, and ever written or given up.
    taken: u64,
    done: u64,
    dropped: Counter,
    urgent: bool,
    closing: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Something was done.
    progress: Condvar,
}

pub(super) struct LineWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LineWriter {
    pub(super) fn start(mut to: Box<dyn Write + Send>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new().name("call-log".into()).spawn(move || run(&own, &mut *to))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.shared.state.lock();
        if state.buffer.len() + line.len() > ROOM {
            state.dropped.increment();
            return;
        }
        let idle = state.buffer.is_empty();
        state.buffer.extend_from_slice(line);
        state.taken += line.len() as u64;
        if idle {
            drop(state);
            self.shared.work.notify_one();
        }
    }

    pub(super) fn flush(&self) {
        let mut state = self.shared.state.lock();
        let until = state.taken;
        while state.done < until {
            state.urgent = true;
            self.shared.work.notify_one();
            self.shared.progress.wait(&mut state);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.shared.state.lock().dropped.value()
    }

    pub(super) fn count_drops(&self, counter: &Counter) {
        let mut state = self.shared.state.lock();
        counter.add(state.dropped.value());
        state.dropped = counter.clone();
    }
}

fn run(shared: &Shared, to: &mut dyn Write) {
    let mut batch = Vec::new();
    loop {
        let mut state = shared.state.lock();
        while state.buffer.is_empty() && !state.closing {
            shared.work.wait(&mut state);
        }
        if !state.closing && !state.urgent {
            shared.work.wait_for(&mut state, COLLECT);
        }
        if state.buffer.is_empty() && state.closing {
            return;
        }
        state.urgent = false;
        mem::swap(&mut state.buffer, &mut batch);
        drop(state);
        let written = to.write_all(&batch).and_then(|()| to.flush());
        let mut state = shared.state.lock();
        if let Err(error) = written {
            let lines = memchr::memchr_iter(b'\n', &batch).count();
            state.dropped.add(lines as u64);
            tracing::error!(%error, lines, "lines of the call log are lost");
        }
        state.done += batch.len() as u64;
        batch.clear();
        drop(state);
        shared.progress.notify_all();
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.shared.state.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for LineWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineWriter")
    }
}
