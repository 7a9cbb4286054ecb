//! Serving: in the foreground until somebody says stop, or in the background.

use std::net::SocketAddr;
use std::sync::Arc;

use mcp_core::service::SharedService;
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::{ServeError, told_to_stop};
use mcp_core::{serve, stdio as standard_streams};
use parking_lot::Mutex;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError};
use pyo3::prelude::*;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::auth::PyAuth;
use crate::error::{IntoException, chain};
use crate::json;
use crate::run::{Machine, block};

/// What is served, and who may call it over HTTP.
pub(super) struct Served {
    pub(super) service: SharedService,
    pub(super) auth: Option<Py<PyAuth>>,
}

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

    fn http(&self, served: &Served, address: SocketAddr) -> PyResult<Http> {
        let mut http = Http::new(served.service.clone());
        if let Some(auth) = &served.auth {
            http = http.authenticate(auth.get().guard(&self.url(address))?);
        }
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
        Ok(http)
    }

    /// Where clients of this machine find the endpoint.
    fn url(&self, address: SocketAddr) -> String {
        format!("http://{address}{}", self.path.as_deref().unwrap_or("/mcp"))
    }
}

/// Serving a process that is told to stop ends well: whoever pressed Ctrl-C meant that.
fn stopped(py: Python<'_>) -> PyResult<()> {
    match py.check_signals() {
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => Ok(()),
        other => other,
    }
}

pub(super) fn stdio(py: Python<'_>, served: Served) -> PyResult<()> {
    let machine = Machine::get()?;
    let ended = py.detach(|| {
        machine.runtime.block_on(async {
            tokio::select! {
                ended = serve(served.service, standard_streams()) => ended,
                () = told_to_stop() => Ok(()),
            }
        })
    });
    stopped(py)?;
    ended.map_err(|error| mcp_core::Error::from(error).into_exception(py))
}

pub(super) fn http(py: Python<'_>, served: &Served, address: String, options: &Options) -> PyResult<()> {
    let machine = Machine::get()?;
    let (listener, bound) = listen(py, &machine, &address)?;
    let http = options.http(served, bound)?;
    let ended = py.detach(|| {
        machine.runtime.block_on(async {
            let serving = listener.serve(http, told_to_stop());
            // Who says it twice does not want to wait for running calls.
            let twice = async {
                told_to_stop().await;
                told_to_stop().await;
            };
            tokio::select! {
                ended = serving => ended.map_err(ServeError::from),
                () = twice => Ok(()),
            }
        })
    });
    stopped(py)?;
    ended.map_err(|error| failure(py, error))
}

/// Binds an address, and tells which it became.
fn listen(py: Python<'_>, machine: &Machine, address: &str) -> PyResult<(Listener, SocketAddr)> {
    let failed = |source| ServeError::Bind { address: address.to_owned(), source };
    let bound = async {
        let listener = Listener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, address))
    };
    block(py, machine, bound)?.map_err(|error| failure(py, failed(error)))
}

fn failure(py: Python<'_>, error: ServeError) -> PyErr {
    match &error {
        ServeError::Bind { .. } => PyOSError::new_err(chain(&error)),
        ServeError::Io(source) => PyOSError::new_err(chain(source)),
        _ => mcp_core::Error::from(error).into_exception(py),
    }
}

pub(super) fn start(
    py: Python<'_>,
    served: &Served,
    address: String,
    options: &Options,
) -> PyResult<Running> {
    let machine = Machine::get()?;
    let (listener, bound) = listen(py, &machine, &address)?;
    let (http, url) = (options.http(served, bound)?, options.url(bound));
    let stop = Arc::new(Notify::new());
    let told = Arc::clone(&stop);
    let task = machine.runtime.spawn(async move { listener.serve(http, told.notified()).await });
    Ok(Running { address: bound.to_string(), url, stop, task: Mutex::new(Some(task)) })
}

/// A server in the background.
#[pyclass(frozen, module = "engify_mcp._engify")]
pub(crate) struct Running {
    /// Host and port.
    #[pyo3(get)]
    address: String,
    /// Where clients connect.
    #[pyo3(get)]
    url: String,
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<std::io::Result<()>>>>,
}

#[pymethods]
impl Running {
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
