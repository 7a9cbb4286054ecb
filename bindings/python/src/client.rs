//! Clients of any server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::Client;
use mcp_core::client::{self, ClientBuilder, Target};
use mcp_core::protocol::{ElicitAction, ElicitResult, RawJson};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::error::{IntoException, check_process};
use crate::json as convert;
use crate::run::{Machine, answer};
use crate::server::PyServer;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A client of one server.
#[pyclass(frozen, module = "engify_mcp._engify", name = "Client")]
pub(crate) struct PyClient {
    client: Client,
    process: u32,
}

#[pymethods]
impl PyClient {
    /// Prepares a client of a URL, a command line or a server of this process; nothing is connected yet.
    #[new]
    #[pyo3(signature = (target, *, timeout=None, token=None, headers=None, elicit=None, sample=None, log=None, log_level="info"))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        target: &Bound<'_, PyAny>,
        timeout: Option<f64>,
        token: Option<&str>,
        headers: Option<BTreeMap<String, String>>,
        elicit: Option<Py<PyAny>>,
        sample: Option<Py<PyAny>>,
        log: Option<Py<PyAny>>,
        log_level: &str,
    ) -> PyResult<Self> {
        let mut builder = Client::builder("engify_mcp", env!("CARGO_PKG_VERSION"));
        if let Some(seconds) = timeout {
            let patience = Duration::try_from_secs_f64(seconds)
                .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
            builder = builder.timeout(patience);
        }
        if let Some(token) = token {
            builder = builder.bearer(token).map_err(|error| error.into_exception(py))?;
        }
        for (name, value) in headers.into_iter().flatten() {
            builder = with_header(builder, &name, &value)?;
        }
        if let Some(elicit) = elicit {
            builder = with_elicit(builder, elicit);
        }
        if let Some(sample) = sample {
            let sample = Arc::new(sample);
            builder = builder.on_sample(move |request| {
                let asked = ask(Arc::clone(&sample), serde_json::to_value(&request));
                async move { Ok::<_, Error>(serde_json::from_value(asked.await?)?) }
            });
        }
        if let Some(log) = log {
            let level = log_level.parse().map_err(|_| {
                PyValueError::new_err(format!("log_level: `{log_level}` is none: use `info` or the like"))
            })?;
            builder = builder.on_log(level, tell(log));
        }
        let connected = match target.extract::<PyRef<'_, PyServer>>() {
            Ok(server) => builder.connect_lazily(Target::service(server.service()?)),
            Err(_) => builder.connect_lazily(target.extract::<String>()?.as_str()),
        };
        let client = connected.map_err(|error| error.into_exception(py))?;
        Ok(Self { client, process: std::process::id() })
    }

    /// Connects, if need be, and says what the server says of itself.
    #[pyo3(signature = (callback=None))]
    fn server(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.ask(py, callback, |client: Client| async move {
            let server = client.server().await?;
            Ok(json!({
                "protocol_version": server.version.as_str(),
                "info": server.info,
                "capabilities": server.capabilities,
                "instructions": server.instructions,
            }))
        })
    }

    /// All tools, prompts, resources or templates.
    #[pyo3(signature = (kind, callback=None))]
    fn list(&self, py: Python<'_>, kind: &str, callback: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        match kind {
            "tools" => self.ask(py, callback, |client: Client| async move { client.tools().await }),
            "prompts" => self.ask(py, callback, |client: Client| async move { client.prompts().await }),
            "resources" => self.ask(py, callback, |client: Client| async move { client.resources().await }),
            "templates" => {
                self.ask(py, callback, |client: Client| async move { client.resource_templates().await })
            }
            other => Err(PyValueError::new_err(format!(
                "kind: `{other}` is none of tools, prompts, resources, templates"
            ))),
        }
    }

    /// Calls a tool: its whole result.
    #[pyo3(signature = (name, arguments, progress=None, timeout=None, callback=None))]
    fn call(
        &self,
        py: Python<'_>,
        name: String,
        arguments: &Bound<'_, PyAny>,
        progress: Option<Py<PyAny>>,
        timeout: Option<f64>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let arguments = raw(arguments)?;
        let timeout = timeout
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
        let told = progress.map(tell);
        self.ask(py, callback, move |client: Client| async move {
            let mut call = client.call_tool(&name, arguments);
            if let Some(told) = told {
                call = call.progress(told);
            }
            if let Some(timeout) = timeout {
                call = call.timeout(timeout);
            }
            call.await
        })
    }

    /// Reads a resource.
    #[pyo3(signature = (uri, callback=None))]
    fn read(&self, py: Python<'_>, uri: String, callback: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.ask(py, callback, move |client: Client| async move { client.read(&uri).await })
    }

    /// Renders a prompt.
    #[pyo3(signature = (name, arguments, callback=None))]
    fn prompt(
        &self,
        py: Python<'_>,
        name: String,
        arguments: BTreeMap<String, String>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.ask(py, callback, move |client: Client| async move { client.prompt(&name, arguments).await })
    }

    /// Sends any request, an extension's for instance.
    #[pyo3(signature = (method, params, callback=None))]
    fn request(
        &self,
        py: Python<'_>,
        method: String,
        params: &Bound<'_, PyAny>,
        callback: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let params = raw(params)?;
        self.ask(py, callback, move |client: Client| async move { client.request(&method, params).await })
    }

    /// Checks that the server answers.
    #[pyo3(signature = (callback=None))]
    fn ping(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.ask(py, callback, |client: Client| async move { client.ping().await })
    }

    /// Ends the connection. The next request connects again.
    #[pyo3(signature = (callback=None))]
    fn close(&self, py: Python<'_>, callback: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        self.ask(py, callback, |client: Client| async move {
            client.close().await;
            Ok(())
        })
    }
}

impl PyClient {
    fn ask<F, T>(
        &self,
        py: Python<'_>,
        callback: Option<Py<PyAny>>,
        request: impl FnOnce(Client) -> F,
    ) -> PyResult<Py<PyAny>>
    where
        F: Future<Output = Result<T, client::Error>> + Send + 'static,
        T: Serialize + Send + 'static,
    {
        check_process(self.process, "client")?;
        answer(py, callback, request(self.client.clone()), |py, result| match result {
            Ok(value) => Ok(convert::from_rust(py, &value)?.unbind()),
            Err(error) => Err(error.into_exception(py)),
        })
    }
}

fn raw(value: &Bound<'_, PyAny>) -> PyResult<RawJson> {
    RawJson::from_string(convert::to_text(value)?).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn with_header(builder: ClientBuilder, name: &str, value: &str) -> PyResult<ClientBuilder> {
    let wrong = |problem: String| PyValueError::new_err(format!("headers: `{name}`: {problem}"));
    let parsed = http::HeaderName::try_from(name).map_err(|error| wrong(error.to_string()))?;
    let value = http::HeaderValue::try_from(value).map_err(|error| wrong(error.to_string()))?;
    Ok(builder.header(parsed, value))
}

/// Answers questions for a person by a Python function: `elicit({"message", "schema" or "url"})` gives
/// `{"action", "content"}`.
fn with_elicit(builder: ClientBuilder, elicit: Py<PyAny>) -> ClientBuilder {
    let elicit = Arc::new(elicit);
    let for_pages = Arc::clone(&elicit);
    builder
        .on_form(move |form| {
            let asked =
                ask(Arc::clone(&elicit), Ok(json!({ "message": form.message, "schema": form.schema })));
            async move { Ok::<_, Error>(serde_json::from_value::<ElicitResult>(asked.await?)?) }
        })
        .on_url(move |page| {
            let asked = ask(Arc::clone(&for_pages), Ok(json!({ "message": page.message, "url": page.url })));
            async move {
                let answer = asked.await?;
                let action = answer.get("action").cloned().unwrap_or_default();
                Ok::<_, Error>(serde_json::from_value::<ElicitAction>(action)?)
            }
        })
}

/// Asks a Python function, on a thread of Python's.
async fn ask(function: Arc<Py<PyAny>>, question: Result<Value, serde_json::Error>) -> Result<Value, Error> {
    let question = question?;
    let (sender, receiver) = oneshot::channel();
    Machine::get().map_err(|error| error.to_string())?.pool.submit(Box::new(move |py| {
        let asked = || {
            let question = convert::from_rust(py, &question)?;
            convert::to_rust::<Value>(&function.bind(py).call1((question,))?, "the handler's answer")
        };
        // The request may have been given up.
        let _ = sender.send(asked().map_err(|error| error.to_string()));
    }));
    Ok(receiver.await.map_err(|_| "the handler ended without an answer")??)
}

/// Tells a Python function, on a thread of Python's and without waiting for it.
fn tell<T: Serialize + 'static>(function: Py<PyAny>) -> impl Fn(T) + Send + Sync + 'static {
    let function = Arc::new(function);
    move |told| {
        // As text, which keeps all digits.
        let (Ok(machine), Ok(told)) = (Machine::get(), serde_json::to_string(&told)) else { return };
        let function = Arc::clone(&function);
        machine.pool.submit(Box::new(move |py| {
            let done = convert::to_python(py, &told).and_then(|told| function.bind(py).call1((told,)));
            if let Err(error) = done {
                error.write_unraisable(py, Some(function.bind(py)));
            }
        }));
    }
}
