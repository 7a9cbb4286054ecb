//! Frames that wait to be written to a connection.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// Bytes that may wait before answers wait too and notifications are dropped.
const LIMIT: usize = 8 * 1024 * 1024;

/// The way out of a connection: frames in order, whoever writes them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Wakes a writer that is a thread.
    thread: Condvar,
    /// Wakes a writer that is a task.
    task: Notify,
    /// Wakes who waits for room.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Somebody is writing: frames that come now are theirs to write.
    writing: bool,
    closed: bool,
}

impl Outbox {
    /// Adds a frame without waking anybody: the caller writes it itself, with [`take`](Self::take).
    pub(crate) fn put(&self, frame: Vec<u8>) {
        let mut state = self.state.lock();
        state.bytes += frame.len();
        state.frames.push_back(frame);
    }

    /// Adds a frame and wakes the writer.
    pub(crate) fn push(&self, frame: Vec<u8>) {
        self.put(frame);
        self.wake();
    }

    /// Wakes the writer: there may be something to write.
    pub(crate) fn wake(&self) {
        self.thread.notify_one();
        self.task.notify_one();
    }

    /// Adds a frame that may be lost when the other side reads too slowly.
    pub(crate) fn offer(&self, frame: Vec<u8>) {
        if self.state.lock().bytes < LIMIT {
            self.push(frame);
        } else {
            tracing::debug!("a notification was dropped: the client reads too slowly");
        }
    }

    /// Waits until the other side has read enough, or will read no more.
    pub(crate) async fn has_room(&self) {
        loop {
            let room = self.room.notified();
            {
                let state = self.state.lock();
                if state.bytes < LIMIT || state.closed {
                    return;
                }
            }
            room.await;
        }
    }

    /// Takes what there is to write, if nobody else is writing. Must be followed by
    /// [`wrote`](Self::wrote).
    pub(crate) fn take(&self) -> Option<VecDeque<Vec<u8>>> {
        let mut state = self.state.lock();
        if state.writing || state.frames.is_empty() {
            return None;
        }
        state.writing = true;
        Some(std::mem::take(&mut state.frames))
    }

    /// What was taken has been written.
    pub(crate) fn wrote(&self) {
        let mut state = self.state.lock();
        state.writing = false;
        state.bytes = state.frames.iter().map(Vec::len).sum();
        let more = !state.frames.is_empty();
        drop(state);
        self.room.notify_waiters();
        if more {
            self.wake();
        }
    }

    /// No more frames will come: writers end when all are written.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.thread.notify_all();
        self.task.notify_one();
        self.room.notify_waiters();
    }

    /// Waits on this thread for something to write; false when there will be nothing.
    #[cfg(feature = "stdio")]
    pub(crate) fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while state.writing || state.frames.is_empty() {
            if state.closed && state.frames.is_empty() {
                return false;
            }
            self.thread.wait(&mut state);
        }
        true
    }

    /// Waits for something to write; none when there will be nothing.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn next(&self) -> Option<VecDeque<Vec<u8>>> {
        loop {
            if let Some(frames) = self.take() {
                return Some(frames);
            }
            if self.state.lock().closed {
                return None;
            }
            self.task.notified().await;
        }
    }
}
