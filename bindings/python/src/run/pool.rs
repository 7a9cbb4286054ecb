//! Threads that run Python.
//!
//! Only one of them at a time is on its way to the GIL: more would stand in line for nothing. Whoever has it goes on with
//! what waits, without letting go in between; a body that lets go (it sleeps, or reads) makes room for the next thread.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use pyo3::prelude::*;

/// Threads at most: bodies that wait for something at the same time.
const THREADS: usize = 128;
/// How long a thread stays without work.
const IDLE: Duration = Duration::from_secs(30);

/// Work for a thread with the GIL.
pub(crate) type Job = Box<dyn FnOnce(Python<'_>) + Send>;

/// Threads that run Python.
pub(crate) struct Pool {
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// Whether a thread was woken or started and does not have the GIL yet.
    coming: bool,
}

/// What to do so that a job is taken.
enum Call {
    Nobody,
    Wake,
    Start,
}

impl Queue {
    fn call(&mut self) -> Call {
        if self.coming || self.jobs.is_empty() {
            Call::Nobody
        } else if self.idle > 0 {
            self.coming = true;
            Call::Wake
        } else if self.threads < THREADS {
            self.coming = true;
            self.threads += 1;
            Call::Start
        } else {
            Call::Nobody
        }
    }
}

impl Pool {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), wake: Condvar::new() })
    }

    /// Has a job done. Does not need the GIL.
    pub(crate) fn submit(self: &Arc<Self>, job: Job) {
        let mut queue = self.queue.lock();
        queue.jobs.push_back(job);
        let call = queue.call();
        drop(queue);
        self.act(&call);
    }

    fn act(self: &Arc<Self>, call: &Call) {
        match call {
            Call::Nobody => {}
            Call::Wake => {
                self.wake.notify_one();
            }
            Call::Start => {
                let pool = Arc::clone(self);
                let started = thread::Builder::new().name("engify-mcp-py".into()).spawn(move || pool.work());
                if started.is_err() {
                    let mut queue = self.queue.lock();
                    queue.coming = false;
                    queue.threads -= 1;
                }
            }
        }
    }

    /// A thread's life. It keeps its thread state all the time: to make one costs more than most jobs.
    fn work(self: &Arc<Self>) {
        Python::attach(|py| {
            self.queue.lock().coming = false;
            while let Some(job) = self.next(py) {
                // A panic of one job is no reason to lose the thread; whoever waits sees that its sender is gone.
                let _ = catch_unwind(AssertUnwindSafe(|| job(py)));
            }
        });
    }

    /// The next job; none when there was none for long.
    fn next(self: &Arc<Self>, py: Python<'_>) -> Option<Job> {
        loop {
            let mut queue = self.queue.lock();
            if let Some(job) = queue.jobs.pop_front() {
                let call = queue.call();
                drop(queue);
                self.act(&call);
                return Some(job);
            }
            queue.idle += 1;
            drop(queue);
            let woken = py.detach(|| {
                let mut queue = self.queue.lock();
                let mut on_time = true;
                while queue.jobs.is_empty() && on_time {
                    on_time = !self.wake.wait_for(&mut queue, IDLE).timed_out();
                    if queue.jobs.is_empty() {
                        // Somebody was faster. Whoever comes next must be called again.
                        queue.coming = false;
                    }
                }
                queue.idle -= 1;
                let woken = !queue.jobs.is_empty();
                if !woken {
                    queue.threads -= 1;
                }
                woken
            });
            if !woken {
                return None;
            }
            self.queue.lock().coming = false;
        }
    }
}
