//! A call as the function that serves it sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mcp_core::Context;
use mcp_core::protocol::{Capability, CreateMessage, RawJson, RpcError};
use mcp_core::server::{AskError, Elicit, Elicited, ListRoots, Sample, UrlAnswer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::error::IntoException;
use crate::{json as convert, python};

type Answer = Result<Value, AskError>;
/// Takes the answer; dropped where there is none because nobody waits for the call.
type Reply = Box<dyn FnOnce(Answer) + Send>;

/// A question on its way to the client.
pub(crate) struct Question {
    key: String,
    kind: Kind,
    reply: Reply,
}

enum Kind {
    Form { message: String, schema: RawJson },
    Url { message: String, url: String },
    Sample(Box<CreateMessage>),
    Roots,
}

impl Question {
    /// Asks the client, and hands on the answer.
    pub(crate) async fn ask(self, context: &Context) {
        let answer = match self.kind {
            Kind::Form { message, schema } => {
                let asked = context.ask(self.key, Elicit::with_schema(message, schema)).await;
                asked.map(|answer| match answer {
                    Elicited::Accepted(content) => json!({ "action": "accept", "content": content }),
                    Elicited::Declined => json!({ "action": "decline" }),
                    Elicited::Cancelled => json!({ "action": "cancel" }),
                })
            }
            Kind::Url { message, url } => {
                let asked = context.ask(self.key, Elicit::url(message, url)).await;
                asked.map(|answer| match answer {
                    UrlAnswer::Opened => json!({ "action": "accept" }),
                    UrlAnswer::Declined => json!({ "action": "decline" }),
                    UrlAnswer::Cancelled => json!({ "action": "cancel" }),
                })
            }
            Kind::Sample(request) => {
                let asked = context.ask(self.key, Sample(*request)).await;
                asked.map(|answer| serde_json::to_value(answer).unwrap_or_default())
            }
            Kind::Roots => {
                let asked = context.ask(self.key, ListRoots).await;
                asked.map(|answer| serde_json::to_value(answer).unwrap_or_default())
            }
        };
        (self.reply)(answer);
    }
}

/// What a function can know about its call, and do while it runs.
#[pyclass(frozen, module = "engify_mcp._engify")]
pub(crate) struct Call {
    context: Context,
    asker: mpsc::UnboundedSender<Question>,
    ended: Arc<AtomicBool>,
}

impl Call {
    pub(crate) const fn new(
        context: Context,
        asker: mpsc::UnboundedSender<Question>,
        ended: Arc<AtomicBool>,
    ) -> Self {
        Self { context, asker, ended }
    }

    fn send(&self, py: Python<'_>, key: String, kind: Kind, reply: Reply) -> PyResult<()> {
        self.asker.send(Question { key, kind, reply }).map_err(|_| ended(py))
    }
}

#[pymethods]
impl Call {
    /// Reports progress to a client that asked for it.
    #[pyo3(signature = (progress, total=None, message=None))]
    fn progress(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        self.context.progress(progress, total, message);
    }

    /// Sends a log message to a client that wants it.
    #[pyo3(signature = (level, data, logger=None))]
    fn log(&self, level: &str, data: &Bound<'_, PyAny>, logger: Option<&str>) -> PyResult<()> {
        let level = level.parse().map_err(|_| {
            PyValueError::new_err(format!(
                "level: `{level}` is none: use debug, info, notice, warning, error, critical, alert or emergency"
            ))
        })?;
        let data: Value = convert::to_rust(data, "data")?;
        self.context.log(level, logger, data);
        Ok(())
    }

    /// Asks the client, and waits for the answer: not from the asyncio thread.
    fn ask(
        &self,
        py: Python<'_>,
        key: String,
        kind: &str,
        payload: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let (sender, receiver) = oneshot::channel();
        let reply: Reply = Box::new(move |answer| {
            // The thread that asked may be gone.
            let _ = sender.send(answer);
        });
        self.send(py, key, question(kind, payload)?, reply)?;
        let answer = py.detach(|| receiver.blocking_recv()).map_err(|_| ended(py))?;
        read(py, answer)
    }

    /// Asks the client, and has `callback(value, exception)` called on a thread of its own. It is never called where the
    /// call ends before the answer comes.
    fn ask_later(
        &self,
        py: Python<'_>,
        key: String,
        kind: &str,
        payload: &Bound<'_, PyAny>,
        callback: Py<PyAny>,
    ) -> PyResult<()> {
        let pool = Arc::clone(&crate::run::Machine::get()?.pool);
        let reply: Reply = Box::new(move |answer| {
            pool.submit(Box::new(move |py| {
                let told = match read(py, answer) {
                    Ok(value) => callback.call1(py, (value, py.None())),
                    Err(error) => callback.call1(py, (py.None(), error)),
                };
                if let Err(error) = told {
                    error.write_unraisable(py, Some(callback.bind(py)));
                }
            }));
        });
        self.send(py, key, question(kind, payload)?, reply)
    }

    /// Whether the client can be asked such a thing.
    fn can(&self, kind: &str) -> PyResult<bool> {
        let capability = match kind {
            "form" => Capability::ElicitationForm,
            "url" => Capability::ElicitationUrl,
            "sample" => Capability::Sampling,
            "roots" => Capability::Roots,
            other => return Err(unknown(other)),
        };
        Ok(self.context.can(&capability))
    }

    /// Whether nobody waits for the call any more.
    #[getter]
    fn cancelled(&self) -> bool {
        self.ended.load(Ordering::Acquire) || self.context.is_cancelled()
    }

    /// Who calls, where authentication says so.
    #[getter]
    fn principal<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.context.principal().map(|principal| convert::from_rust(py, principal)).transpose()
    }

    /// The identifier of the request.
    #[getter]
    fn request_id(&self) -> Option<String> {
        self.context.request().id.as_ref().map(ToString::to_string)
    }

    /// Name and version of the client, as it says.
    #[getter]
    fn client<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.context.client().info().map(|info| convert::from_rust(py, &info)).transpose()
    }

    /// The HTTP headers by their names in lower case; none over standard input.
    #[getter]
    fn headers(&self) -> std::collections::BTreeMap<String, String> {
        let headers = self.context.headers().into_iter().flatten();
        headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect()
    }
}

/// The exception that ends a call for which nobody waits.
fn ended(py: Python<'_>) -> PyErr {
    let made = python::call_ended(py).and_then(|class| class.call0());
    made.map_or_else(|error| error, PyErr::from_value)
}

fn unknown(kind: &str) -> PyErr {
    PyValueError::new_err(format!("kind: `{kind}` is none of form, url, sample, roots"))
}

fn question(kind: &str, payload: &Bound<'_, PyAny>) -> PyResult<Kind> {
    let text = |name: &str| payload.get_item(name)?.extract::<String>();
    Ok(match kind {
        "form" => Kind::Form {
            message: text("message")?,
            schema: RawJson::from_string(convert::to_text(&payload.get_item("schema")?)?)
                .map_err(|error| PyValueError::new_err(format!("schema: {error}")))?,
        },
        "url" => Kind::Url { message: text("message")?, url: text("url")? },
        "sample" => Kind::Sample(Box::new(convert::to_rust(payload, "sampling request")?)),
        "roots" => Kind::Roots,
        other => return Err(unknown(other)),
    })
}

fn read(py: Python<'_>, answer: Answer) -> PyResult<Py<PyAny>> {
    match answer {
        Ok(value) => Ok(convert::from_rust(py, &value)?.unbind()),
        // That is an error of the protocol, and stays one where it is not caught.
        Err(AskError::Unsupported { required, modern: true }) => {
            Err(RpcError::missing_capability(&required).into_exception(py))
        }
        Err(error) => {
            let value = python::tool_error(py)?.call1((error.to_string(),))?;
            Err(PyErr::from_value(value))
        }
    }
}
