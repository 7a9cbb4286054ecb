//! Waiting for the runtime: in place with Ctrl-C heard, or by a callback.

use std::future::Future;
use std::time::Duration;

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::Machine;

/// How often it is asked whether somebody pressed Ctrl-C.
const TICK: Duration = Duration::from_millis(100);

/// Waits without the GIL. Ctrl-C ends it with `KeyboardInterrupt`, and gives the future up.
pub(crate) fn block<T: Send>(
    py: Python<'_>,
    machine: &Machine,
    future: impl Future<Output = T> + Send,
) -> PyResult<T> {
    py.detach(|| {
        machine.runtime.block_on(async {
            let mut future = std::pin::pin!(future);
            let mut tick = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    biased;
                    value = &mut future => return Ok(value),
                    _ = tick.tick() => Python::attach(|py| py.check_signals())?,
                }
            }
        })
    })
}

/// What a future comes to: returned, or told to `callback` as `callback(value, None)` or `callback(None, exception)`.
pub(crate) fn answer<T: Send + 'static>(
    py: Python<'_>,
    callback: Option<Py<PyAny>>,
    future: impl Future<Output = T> + Send + 'static,
    read: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Py<PyAny>> {
    let machine = Machine::get()?;
    let Some(callback) = callback else {
        let value = block(py, &machine, future)?;
        return read(py, value);
    };
    let pool = std::sync::Arc::clone(&machine.pool);
    let task = machine.runtime.spawn(async move {
        let value = future.await;
        pool.submit(Box::new(move |py| {
            let told = match read(py, value) {
                Ok(value) => callback.call1(py, (value, py.None())),
                Err(error) => callback.call1(py, (py.None(), error)),
            };
            if let Err(error) = told {
                error.write_unraisable(py, Some(callback.bind(py)));
            }
        }));
    });
    Ok(Pending(task.abort_handle()).into_pyobject(py)?.into_any().unbind())
}

/// A request on its way.
#[pyclass(frozen, module = "engify_mcp._engify")]
pub(crate) struct Pending(AbortHandle);

#[pymethods]
impl Pending {
    /// Gives the request up: the other side is told, and the callback never called.
    fn cancel(&self) {
        self.0.abort();
    }
}
