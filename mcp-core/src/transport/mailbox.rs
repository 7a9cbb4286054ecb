//! Events of a request that wait to be written.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::service::{Event, Outbound};

/// Events that may wait. A client that reads slower than a handler reports loses the oldest reports.
const LIMIT: usize = 1024;

/// The way out of a request whose transport polls it in place: no channel, no task.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    waker: Option<Waker>,
}

impl Mailbox {
    /// The next event; registers the task to be woken otherwise.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Event> {
        let mut state = self.0.lock();
        if let Some(event) = state.events.pop_front() {
            return Poll::Ready(event);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// The next event, if there is one.
    pub(crate) fn try_next(&self) -> Option<Event> {
        self.0.lock().events.pop_front()
    }
}

impl Outbound for Mailbox {
    fn send(&self, event: Event) {
        let mut state = self.0.lock();
        if state.events.len() >= LIMIT {
            // Questions are never dropped: somebody waits for their answers.
            let oldest = state.events.iter().position(|event| matches!(event, Event::Notification(_)));
            if let Some(oldest) = oldest {
                state.events.remove(oldest);
            }
        }
        state.events.push_back(event);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
