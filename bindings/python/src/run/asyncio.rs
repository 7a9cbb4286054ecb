//! The thread on which async functions run: one asyncio loop for all of a process.
//!
//! It starts with the first call of an async function: asyncio costs nine megabytes, TLS among them, and a server that waits
//! for its first call may never need it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

use super::Pool;
use crate::python;

/// Work for the thread; it is given the loop.
pub(crate) type LoopJob = Box<dyn FnOnce(&Bound<'_, PyAny>) + Send>;

/// The loop, and what waits for it.
pub(crate) struct Asyncio {
    jobs: Mutex<VecDeque<LoopJob>>,
    /// Where the loop is made: to import takes the interpreter.
    pool: Arc<Pool>,
    starting: AtomicBool,
    running: OnceLock<Running>,
}

struct Running {
    event_loop: Py<PyAny>,
    /// Wakes the loop without the GIL, which a thread of the runtime must not wait for.
    #[cfg(unix)]
    bell: std::os::unix::net::UnixStream,
}

impl Asyncio {
    pub(super) fn new(pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self {
            jobs: Mutex::default(),
            pool,
            starting: AtomicBool::new(false),
            running: OnceLock::new(),
        })
    }

    /// Has a job done on the loop's thread, which is started if need be. Does not need the GIL.
    pub(crate) fn submit(self: &Arc<Self>, job: LoopJob) {
        let mut jobs = self.jobs.lock();
        let first = jobs.is_empty();
        jobs.push_back(job);
        drop(jobs);
        if !first {
            return;
        }
        match self.running.get() {
            Some(running) => self.ring(running),
            None => self.start(),
        }
    }

    /// Has the thread started, once. Whoever starts it rings for the jobs that came before.
    fn start(self: &Arc<Self>) {
        if self.starting.swap(true, Ordering::AcqRel) {
            return;
        }
        let asyncio = Arc::clone(self);
        self.pool.submit(Box::new(move |py| match asyncio.begin(py) {
            Ok(running) => {
                let running = asyncio.running.get_or_init(|| running);
                asyncio.ring(running);
            }
            Err(error) => {
                error.write_unraisable(py, None);
                asyncio.starting.store(false, Ordering::Release);
                // Who waits for them sees that nobody will do them.
                let jobs = std::mem::take(&mut *asyncio.jobs.lock());
                drop(jobs);
            }
        }));
    }

    #[cfg(unix)]
    fn begin(self: &Arc<Self>, py: Python<'_>) -> PyResult<Running> {
        use std::io::Read;
        use std::os::fd::AsRawFd;
        let (mut ear, bell) = std::os::unix::net::UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        let descriptor = ear.as_raw_fd();
        let shared = Arc::clone(self);
        let ear = Mutex::new({
            // Read to the end, or the loop is woken for ever.
            move || while matches!(ear.read(&mut [0; 64]), Ok(64)) {}
        });
        let listen = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
            (ear.lock())();
            shared.run(arguments.py());
            Ok(())
        };
        let listen = PyCFunction::new_closure(py, None, None, listen)?;
        let event_loop = python::loop_function(py)?.call1((descriptor, listen))?.unbind();
        Ok(Running { event_loop, bell })
    }

    #[cfg(not(unix))]
    fn begin(self: &Arc<Self>, py: Python<'_>) -> PyResult<Running> {
        let event_loop = python::loop_function(py)?.call1((py.None(), py.None()))?.unbind();
        Ok(Running { event_loop })
    }

    #[cfg(unix)]
    fn ring(self: &Arc<Self>, running: &Running) {
        use std::io::Write;
        // It can only fail when the loop has been told already and not come yet.
        let _ = (&running.bell).write(&[1]);
    }

    #[cfg(not(unix))]
    fn ring(self: &Arc<Self>, running: &Running) {
        let shared = Arc::clone(self);
        let told = Python::attach(|py| {
            let run = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
                shared.run(arguments.py());
                Ok(())
            };
            let run = PyCFunction::new_closure(py, None, None, run)?;
            running.event_loop.bind(py).call_method1("call_soon_threadsafe", (run,)).map(drop)
        });
        // A loop that is closed takes no work: the process ends.
        drop(told);
    }

    fn run(&self, py: Python<'_>) {
        let Some(running) = self.running.get() else { return };
        let jobs = std::mem::take(&mut *self.jobs.lock());
        for job in jobs {
            job(running.event_loop.bind(py));
        }
    }
}
