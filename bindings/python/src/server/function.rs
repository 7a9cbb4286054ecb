//! A Python function as a handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mcp_core::Context;
use mcp_core::protocol::RpcError;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use tokio::sync::{mpsc, oneshot};

use super::call::{Call, Question};
use super::outcome::Outcome;
use crate::run::Machine;
use crate::{error, json, python};

/// How a function is called. `_schema.py` makes it of the function's signature.
pub(crate) struct Function {
    callable: Py<PyAny>,
    is_async: bool,
    /// The parameter for the context of the call, and its class.
    context: Option<(Py<PyString>, Py<PyAny>)>,
    /// What makes Python's types of JSON's, by parameter.
    converters: Vec<(Py<PyString>, Py<PyAny>)>,
    /// Parameters that must be there, and all of them, where nobody else has looked.
    names: Option<(Vec<String>, Vec<String>)>,
    /// Whether what it returns is data.
    pub(crate) structured: bool,
}

/// Why a function gave nothing.
pub(crate) enum Failure {
    /// The arguments do not fit.
    Arguments(String),
    /// It raised.
    Raised(PyErr),
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Function {
    /// Reads a plan of `_schema.py`.
    pub(crate) fn new(plan: &Bound<'_, PyAny>) -> PyResult<Self> {
        let context: Option<(Bound<'_, PyString>, Bound<'_, PyAny>)> = plan.getattr("context")?.extract()?;
        let mut converters = Vec::new();
        for (name, converter) in plan.getattr("converters")?.cast_into::<PyDict>()?.iter() {
            converters.push((name.cast_into::<PyString>()?.unbind(), converter.unbind()));
        }
        Ok(Self {
            callable: plan.getattr("function")?.unbind(),
            is_async: plan.getattr("is_async")?.extract()?,
            context: context.map(|(name, class)| (name.unbind(), class.unbind())),
            converters,
            names: plan.getattr("names")?.extract()?,
            structured: plan.getattr("structured")?.extract()?,
        })
    }

    /// Calls it, and reads what it returns.
    pub(crate) async fn call<T: Outcome>(self: Arc<Self>, context: Context) -> Result<T, RpcError> {
        let (sender, answer) = oneshot::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let (asker, questions) = match &self.context {
            Some(_) => {
                let (asker, questions) = mpsc::unbounded_channel();
                (Some(asker), Some(questions))
            }
            None => (None, None),
        };
        let frame = Frame { function: self, context: context.clone(), asker, ended: Arc::clone(&ended) };
        let machine = Machine::get().map_err(|_| RpcError::internal("the server cannot start threads"))?;
        let _guard = if frame.function.is_async {
            start_async(&machine, frame, sender)
        } else {
            machine.pool.submit(Box::new(move |py| {
                if sender.is_closed() {
                    return;
                }
                let result = frame.enter(py).and_then(|value| Ok(T::of(&value, frame.function.structured)?));
                finish(py, result, sender);
            }));
            Guard { ended, task: None }
        };
        let answer = match questions {
            Some(questions) => attend(questions, answer, &context).await,
            None => answer.await,
        };
        answer.unwrap_or_else(|_| Err(RpcError::internal("the function ended without an answer")))
    }
}

/// Waits for the answer, and for answers to questions meanwhile.
async fn attend<T>(
    mut questions: mpsc::UnboundedReceiver<Question>,
    mut answer: oneshot::Receiver<T>,
    context: &Context,
) -> Result<T, oneshot::error::RecvError> {
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            Some(question) = questions.recv() => open.push(question.ask(context)),
            Some(()) = open.next(), if !open.is_empty() => {}
        }
    }
}

/// A call of a function.
struct Frame {
    function: Arc<Function>,
    context: Context,
    asker: Option<mpsc::UnboundedSender<Question>>,
    ended: Arc<AtomicBool>,
}

impl Frame {
    /// Calls the function: its value, or its coroutine.
    fn enter<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        let arguments = self.arguments(py)?;
        if let (Some((name, class)), Some(asker)) = (&self.function.context, &self.asker) {
            let call = Call::new(self.context.clone(), asker.clone(), Arc::clone(&self.ended));
            arguments.set_item(name, class.bind(py).call1((call,))?)?;
        }
        Ok(self.function.callable.bind(py).call(PyTuple::empty(py), Some(&arguments))?)
    }

    fn arguments<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Failure> {
        let variables = self.context.variables();
        let arguments = if variables.is_empty() {
            let given = json::to_python(py, self.context.arguments())
                .map_err(|error| Failure::Arguments(error.value(py).to_string()))?;
            given.cast_into::<PyDict>().unwrap_or_else(|_| PyDict::new(py))
        } else {
            let given = PyDict::new(py);
            for (name, value) in variables {
                given.set_item(name, value)?;
            }
            given
        };
        self.check_names(&arguments)?;
        for (name, converter) in &self.function.converters {
            let name = name.bind(py);
            let Some(value) = arguments.get_item(name)? else { continue };
            match converter.bind(py).call1((value,)) {
                Ok(value) => arguments.set_item(name, value)?,
                Err(error) => return Err(Failure::Arguments(format!("`{name}`: {}", error.value(py)))),
            }
        }
        Ok(arguments)
    }

    fn check_names(&self, given: &Bound<'_, PyDict>) -> Result<(), Failure> {
        let Some((required, all)) = &self.function.names else { return Ok(()) };
        if let Some(missing) = required.iter().find(|name| !given.contains(name.as_str()).unwrap_or(false)) {
            return Err(Failure::Arguments(format!("`{missing}` is missing")));
        }
        for name in given.keys() {
            let name: String = name.extract()?;
            if !all.contains(&name) {
                let known = if all.is_empty() { "there are none".to_owned() } else { all.join("`, `") };
                return Err(Failure::Arguments(format!("`{name}` is unknown; known are `{known}`")));
            }
        }
        Ok(())
    }
}

/// Sends what a function came to.
fn finish<T: Outcome>(
    py: Python<'_>,
    result: Result<T, Failure>,
    sender: oneshot::Sender<Result<T, RpcError>>,
) {
    let result = match result {
        Ok(value) => Ok(value),
        Err(Failure::Arguments(problem)) => T::refused(format!("invalid arguments: {problem}")),
        Err(Failure::Raised(error)) => {
            if error.matches(py, python::call_ended(py).ok()).unwrap_or(false) {
                return;
            }
            raised(py, &error)
        }
    };
    // Nobody may be waiting any more.
    let _ = sender.send(result);
}

/// What an exception comes to.
fn raised<T: Outcome>(py: Python<'_>, raised: &PyErr) -> Result<T, RpcError> {
    match error::as_rpc_error(py, raised) {
        Ok(Some(rpc)) => return Err(rpc),
        Ok(None) => {}
        Err(broken) => return Err(RpcError::internal(broken.to_string())),
    }
    let message = raised.value(py).str().map(|text| text.to_string()).unwrap_or_default();
    let meant = python::tool_error(py).is_ok_and(|class| raised.is_instance(py, class));
    if meant {
        return T::failed(message);
    }
    // Whoever runs the server wants to know where it came from.
    let told =
        python::report_function(py).and_then(|report| report.call1((raised.value(py), raised.traceback(py))));
    if let Err(error) = told {
        error.write_unraisable(py, None);
    }
    let kind = raised.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
    T::failed(if message.is_empty() { kind } else { format!("{kind}: {message}") })
}

/// A task of asyncio, while it runs.
type Task = Arc<Mutex<Option<Py<PyAny>>>>;

/// Tells the function when nobody waits for it any more.
struct Guard {
    ended: Arc<AtomicBool>,
    task: Option<(Arc<crate::run::Asyncio>, Task)>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        let Some((asyncio, task)) = self.task.take() else { return };
        if task.lock().is_none() {
            return;
        }
        asyncio.submit(Box::new(move |event_loop| {
            let running = task.lock().take();
            if let Some(running) = running
                && let Err(error) = running.bind(event_loop.py()).call_method0("cancel")
            {
                error.write_unraisable(event_loop.py(), None);
            }
        }));
    }
}

/// Starts a coroutine on the asyncio thread.
fn start_async<T: Outcome>(
    machine: &Machine,
    frame: Frame,
    sender: oneshot::Sender<Result<T, RpcError>>,
) -> Guard {
    let asyncio = Arc::clone(&machine.asyncio);
    let (ended, task) = (Arc::clone(&frame.ended), Arc::new(Mutex::new(None)));
    let slot = Arc::clone(&task);
    asyncio.submit(Box::new(move |event_loop| {
        let py = event_loop.py();
        if sender.is_closed() {
            return;
        }
        let structured = frame.function.structured;
        let started = frame.enter(py).and_then(|coroutine| {
            let running = event_loop.call_method1(pyo3::intern!(py, "create_task"), (coroutine,))?;
            *slot.lock() = Some(running.clone().unbind());
            // Who gave up before the task was there could not cancel it.
            if sender.is_closed() {
                running.call_method0("cancel")?;
            }
            Ok(running)
        });
        let running = match started {
            Ok(running) => running,
            Err(failure) => return finish::<T>(py, Err(failure), sender),
        };
        let done = Done(Mutex::new(Some(Box::new(move |task: &Bound<'_, PyAny>| {
            slot.lock().take();
            let value = task.call_method0(pyo3::intern!(task.py(), "result"));
            let result = value.map_err(Failure::from).and_then(|value| Ok(T::of(&value, structured)?));
            finish(task.py(), result, sender);
        }))));
        if let Err(error) = running.call_method1(pyo3::intern!(py, "add_done_callback"), (done,)) {
            error.write_unraisable(py, None);
        }
    }));
    Guard { ended, task: Some((asyncio, task)) }
}

type WhenDone = Box<dyn FnOnce(&Bound<'_, PyAny>) + Send>;

/// Called by asyncio when a task is done.
#[pyclass(frozen, module = "engify_mcp._engify")]
struct Done(Mutex<Option<WhenDone>>);

#[pymethods]
impl Done {
    fn __call__(&self, task: &Bound<'_, PyAny>) {
        let done = self.0.lock().take();
        if let Some(done) = done {
            done(task);
        }
    }
}
