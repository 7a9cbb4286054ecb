//! Serving: in the foreground until somebody says stop, or in the background.

use std::sync::Arc;

use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::{ServeError, told_to_stop};
use mcp_core::{Server, serve, stdio as standard_streams};
use parking_lot::Mutex;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError};
use pyo3::prelude::*;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::{IntoException, chain};
use crate::json;
use crate::run::{Machine, block};

/// Settings of the HTTP transport.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    path: Option<String>,
    allow_hosts: Vec<String>,
    allow_origins: Vec<String>,
    insecure: bool,
}

impl Options {
    pub(super) fn read(options: &Bound<'_, PyAny>) -> PyResult<Self> {
        json::to_rust(options, "options")
    }

    fn http(&self, server: Server) -> Http {
        let mut http = Http::new(server);
        if let Some(path) = &self.path {
            http = http.path(path);
        }
        for host in &self.allow_hosts {
            http = http.allow_host(host);
        }
        for origin in &self.allow_origins {
            http = http.allow_origin(origin);
        }
        if self.insecure {
            http = http.allow_plain().allow_anonymous();
        }
        http
    }
}

/// Serving a process that is told to stop ends well: whoever pressed Ctrl-C meant that.
fn stopped(py: Python<'_>) -> PyResult<()> {
    match py.check_signals() {
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => Ok(()),
        other => other,
    }
}

pub(super) fn stdio(py: Python<'_>, server: Server) -> PyResult<()> {
    let machine = Machine::get()?;
    let served = py.detach(|| {
        machine.runtime.block_on(async {
            tokio::select! {
                served = serve(server, standard_streams()) => served,
                () = told_to_stop() => Ok(()),
            }
        })
    });
    stopped(py)?;
    served.map_err(|error| mcp_core::Error::from(error).into_exception(py))
}

pub(super) fn http(py: Python<'_>, server: Server, address: String, options: &Options) -> PyResult<()> {
    let machine = Machine::get()?;
    let http = options.http(server);
    let served = py.detach(|| {
        machine.runtime.block_on(async {
            let listener = bind(&address).await?;
            let serving = listener.serve(http, told_to_stop());
            // Who says it twice does not want to wait for running calls.
            let twice = async {
                told_to_stop().await;
                told_to_stop().await;
            };
            tokio::select! {
                served = serving => served.map_err(ServeError::from),
                () = twice => Ok(()),
            }
        })
    });
    stopped(py)?;
    served.map_err(|error| failure(py, error))
}

async fn bind(address: &str) -> Result<Listener, ServeError> {
    let failed = |source| ServeError::Bind { address: address.to_owned(), source };
    Listener::bind(address).await.map_err(failed)
}

fn failure(py: Python<'_>, error: ServeError) -> PyErr {
    match &error {
        ServeError::Bind { .. } => PyOSError::new_err(chain(&error)),
        ServeError::Io(source) => PyOSError::new_err(chain(source)),
        _ => mcp_core::Error::from(error).into_exception(py),
    }
}

pub(super) fn start(py: Python<'_>, server: Server, address: String, options: &Options) -> PyResult<Running> {
    let machine = Machine::get()?;
    let path = options.path.clone().unwrap_or_else(|| "/mcp".to_owned());
    let http = options.http(server);
    let listener =
        block(py, &machine, async { bind(&address).await })?.map_err(|error| failure(py, error))?;
    let address = listener.local_addr().map_err(|error| error.into_exception(py))?.to_string();
    let stop = Arc::new(Notify::new());
    let told = Arc::clone(&stop);
    let task = machine.runtime.spawn(async move { listener.serve(http, told.notified()).await });
    Ok(Running { address, path, stop, task: Mutex::new(Some(task)) })
}

/// A server in the background.
#[pyclass(frozen, module = "engify_mcp._engify")]
pub(crate) struct Running {
    /// Host and port.
    #[pyo3(get)]
    address: String,
    path: String,
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<std::io::Result<()>>>>,
}

#[pymethods]
impl Running {
    /// Where clients connect.
    #[getter]
    fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Takes no more connections, and waits up to ten seconds for running calls.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let Some(task) = self.task.lock().take() else { return Ok(()) };
        self.stop.notify_one();
        match block(py, &*Machine::get()?, task)? {
            Ok(served) => served.map_err(|error| error.into_exception(py)),
            Err(error) => Err(PyOSError::new_err(error.to_string())),
        }
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.stop(py)
    }
}
