//! Where things run: one tokio runtime, a pool of Python threads, a thread for asyncio.
//!
//! Each process has its own, made when it is first needed: threads do not survive a fork.

mod asyncio;
mod block;
mod pool;

use std::mem;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

pub(crate) use asyncio::Asyncio;
pub(crate) use block::{Pending, answer, block};
pub(crate) use pool::Pool;

static MACHINE: ArcSwapOption<Machine> = ArcSwapOption::const_empty();

/// All that runs in one process.
pub(crate) struct Machine {
    process: u32,
    /// Never enters the interpreter: no thread of it waits for the GIL.
    pub(crate) runtime: Runtime,
    /// Runs Python that may block.
    pub(crate) pool: Arc<Pool>,
    /// Runs async functions.
    pub(crate) asyncio: Arc<Asyncio>,
}

impl Machine {
    /// That of this process.
    pub(crate) fn get() -> PyResult<Arc<Self>> {
        let process = std::process::id();
        if let Some(machine) = MACHINE.load_full().filter(|machine| machine.process == process) {
            return Ok(machine);
        }
        let threads = std::env::var("ENGIFY_MCP_THREADS").ok().and_then(|count| count.parse().ok());
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads.unwrap_or(2).clamp(1, 64))
            .thread_name("engify-mcp")
            .enable_all()
            .build()
            .map_err(|error| PyRuntimeError::new_err(format!("no threads can be started: {error}")))?;
        let pool = Pool::new();
        let asyncio = Asyncio::new(Arc::clone(&pool));
        let machine = Arc::new(Self { process, runtime, pool, asyncio });
        // INVARIANT: never dropped. To drop a runtime is to wait for its threads, which a child does not have.
        mem::forget(Arc::clone(&machine));
        let before = MACHINE.rcu(|current| match current {
            Some(known) if known.process == process => Some(Arc::clone(known)),
            _ => Some(Arc::clone(&machine)),
        });
        Ok(before.filter(|known| known.process == process).unwrap_or(machine))
    }
}
