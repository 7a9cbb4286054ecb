//! The thread on which async functions run: one asyncio loop for all of a process.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

use crate::python;

/// Work for the thread; it is given the loop.
pub(crate) type LoopJob = Box<dyn FnOnce(&Bound<'_, PyAny>) + Send>;

/// The loop, and what waits for it.
pub(crate) struct Asyncio {
    jobs: Mutex<VecDeque<LoopJob>>,
    /// Wakes the loop without the GIL, which a thread of the runtime must not wait for.
    #[cfg(unix)]
    bell: std::os::unix::net::UnixStream,
    event_loop: std::sync::OnceLock<Py<PyAny>>,
}

impl Asyncio {
    /// Starts the thread.
    #[cfg(unix)]
    pub(crate) fn start(py: Python<'_>) -> PyResult<Arc<Self>> {
        use std::io::Read;
        use std::os::fd::AsRawFd;
        let (mut ear, bell) = std::os::unix::net::UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        let asyncio = Arc::new(Self { jobs: Mutex::default(), bell, event_loop: std::sync::OnceLock::new() });
        let descriptor = ear.as_raw_fd();
        let shared = Arc::clone(&asyncio);
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
        let event_loop = python::loop_function(py)?.call1((descriptor, listen))?;
        // Nothing has set it before.
        let _ = asyncio.event_loop.set(event_loop.unbind());
        Ok(asyncio)
    }

    /// Starts the thread.
    #[cfg(not(unix))]
    pub(crate) fn start(py: Python<'_>) -> PyResult<Arc<Self>> {
        let asyncio = Arc::new(Self { jobs: Mutex::default(), event_loop: std::sync::OnceLock::new() });
        let event_loop = python::loop_function(py)?.call1((py.None(), py.None()))?;
        // Nothing has set it before.
        let _ = asyncio.event_loop.set(event_loop.unbind());
        Ok(asyncio)
    }

    /// Has a job done on the loop's thread.
    pub(crate) fn submit(self: &Arc<Self>, job: LoopJob) {
        let mut jobs = self.jobs.lock();
        let first = jobs.is_empty();
        jobs.push_back(job);
        drop(jobs);
        if first {
            self.ring();
        }
    }

    #[cfg(unix)]
    fn ring(self: &Arc<Self>) {
        use std::io::Write;
        // It can only fail when the loop has been told already and not come yet.
        let _ = (&self.bell).write(&[1]);
    }

    #[cfg(not(unix))]
    fn ring(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        let told = Python::attach(|py| {
            let run = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
                shared.run(arguments.py());
                Ok(())
            };
            let run = PyCFunction::new_closure(py, None, None, run)?;
            let event_loop = self.event_loop.get().map(|event_loop| event_loop.bind(py));
            event_loop.map(|event_loop| event_loop.call_method1("call_soon_threadsafe", (run,))).transpose()
        });
        // A loop that is closed takes no work: the process ends.
        drop(told);
    }

    fn run(&self, py: Python<'_>) {
        let jobs = std::mem::take(&mut *self.jobs.lock());
        let Some(event_loop) = self.event_loop.get() else { return };
        for job in jobs {
            job(event_loop.bind(py));
        }
    }
}
