//! Servers whose tools, resources and prompts are Python functions.

mod auth;
mod call;
mod entry;
mod function;
mod outcome;
mod serve;

use std::collections::HashSet;

use mcp_core::server::{PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
use mcp_core::service::SharedService;
use mcp_core::{Server, protocol::Implementation};
use mcp_guardrails::layer;
use mcp_guardrails::state::Digest;
use parking_lot::Mutex;
use pyo3::exceptions::{PyLookupError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use tower_layer::Layer as _;

pub(crate) use auth::PyAuth;
pub(crate) use call::Call;
pub(crate) use serve::Running;

use crate::error::{IntoException, chain};
use crate::guardrails::PyGuardrails;
use crate::json;
use function::Function;
use serve::Served;

/// What a server offers.
enum Entry {
    Tool(ToolEntry),
    Resource(ResourceEntry),
    Template(TemplateEntry),
    Prompt(PromptEntry),
}

/// A server before and while it is served.
#[pyclass(frozen, module = "engify_mcp._engify", name = "Server")]
pub(crate) struct PyServer {
    info: Implementation,
    instructions: Option<String>,
    /// The rules before it.
    guardrails: Option<layer::Guardrails>,
    auth: Option<Py<PyAuth>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    names: HashSet<String>,
    /// Made when it is first served; what is added later is added to it.
    built: Option<Server>,
}

#[pymethods]
impl PyServer {
    #[new]
    #[pyo3(signature = (
        name, version, instructions=None, title=None, description=None, website=None, guardrails=None, auth=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        name: &str,
        version: &str,
        instructions: Option<String>,
        title: Option<String>,
        description: Option<String>,
        website: Option<String>,
        guardrails: Option<PyRef<'_, PyGuardrails>>,
        auth: Option<Py<PyAuth>>,
    ) -> Self {
        let guardrails = guardrails.map(|rules| rules.before(name));
        let mut info = Implementation::new(name, version);
        (info.title, info.description, info.website_url) = (title, description, website);
        Self { info, instructions, guardrails, auth, state: Mutex::default() }
    }

    #[getter]
    fn name(&self) -> &str {
        &self.info.name
    }

    #[getter]
    fn version(&self) -> &str {
        &self.info.version
    }

    /// Adds a function as a tool, by a plan of `_schema.py` and what is said beside it.
    fn add_tool(&self, py: Python<'_>, plan: &Bound<'_, PyAny>, details: &Bound<'_, PyAny>) -> PyResult<()> {
        self.add(py, Entry::Tool(entry::tool(plan, details)?))
    }

    /// Adds a function as a resource, or as a template where the URI has variables.
    fn add_resource(
        &self,
        py: Python<'_>,
        plan: &Bound<'_, PyAny>,
        details: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.add(py, entry::resource(plan, details)?)
    }

    /// Adds a function as a prompt.
    fn add_prompt(
        &self,
        py: Python<'_>,
        plan: &Bound<'_, PyAny>,
        details: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.add(py, Entry::Prompt(entry::prompt(plan, details)?))
    }

    /// Removes a tool; tells whether there was one.
    fn remove_tool(&self, name: &str) -> PyResult<bool> {
        let server = self.build()?;
        self.state.lock().names.remove(&format!("tool `{name}`"));
        Ok(server.remove_tool(name))
    }

    /// Tells clients that listen that a resource holds something new.
    fn resource_updated(&self, uri: &str) -> PyResult<()> {
        self.build()?.resource_updated(uri);
        Ok(())
    }

    /// The calls that wait for somebody to approve them.
    fn pending(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let pending = self.guarded()?.pending();
        let pending = pending.map_err(|error| PyRuntimeError::new_err(chain(&error)))?;
        Ok(json::from_rust(py, &pending)?.unbind())
    }

    /// Approves one of them, once.
    fn approve(&self, digest: &str) -> PyResult<()> {
        let known = Digest::parse(digest).ok_or_else(|| {
            PyValueError::new_err(format!("digest: `{digest}` is none: 64 hexadecimal digits"))
        })?;
        self.guarded()?.approve(known).map_err(|error| PyLookupError::new_err(chain(&error)))
    }

    /// Serves on standard input and output until the input ends.
    fn run_stdio(&self, py: Python<'_>) -> PyResult<()> {
        serve::stdio(py, self.served(py)?)
    }

    /// Serves over HTTP until Ctrl-C or SIGTERM.
    fn run_http(&self, py: Python<'_>, address: String, options: &Bound<'_, PyAny>) -> PyResult<()> {
        serve::http(py, &self.served(py)?, address, &serve::Options::read(options)?)
    }

    /// Serves over HTTP in the background.
    fn start_http(&self, py: Python<'_>, address: String, options: &Bound<'_, PyAny>) -> PyResult<Running> {
        serve::start(py, &self.served(py)?, address, &serve::Options::read(options)?)
    }
}

impl PyServer {
    /// The server behind its rules.
    pub(crate) fn service(&self) -> PyResult<SharedService> {
        let server = self.build()?;
        Ok(match &self.guardrails {
            Some(rules) => SharedService::new(rules.layer().layer(server)),
            None => SharedService::new(server),
        })
    }

    fn guarded(&self) -> PyResult<&layer::Guardrails> {
        self.guardrails.as_ref().ok_or_else(|| {
            PyRuntimeError::new_err("the server has no guardrails: give it some by `Server(…, guardrails=…)`")
        })
    }

    fn served(&self, py: Python<'_>) -> PyResult<Served> {
        let auth = self.auth.as_ref().map(|auth| auth.clone_ref(py));
        Ok(Served { service: self.service()?, auth })
    }

    /// The server, made of what was added so far.
    fn build(&self) -> PyResult<Server> {
        // INVARIANT: nothing of Python runs while this is held, or two threads wait for each other.
        let mut state = self.state.lock();
        if let Some(server) = &state.built {
            return Ok(server.clone());
        }
        // Functions may be added while it runs.
        let mut builder = Server::builder(self.info.name.clone(), self.info.version.clone()).expects_tools();
        if let Some(instructions) = &self.instructions {
            builder = builder.instructions(instructions);
        }
        if let Some(title) = &self.info.title {
            builder = builder.title(title);
        }
        if let Some(description) = &self.info.description {
            builder = builder.description(description);
        }
        if let Some(website) = &self.info.website_url {
            builder = builder.website(website);
        }
        for entry in state.entries.drain(..) {
            builder = match entry {
                Entry::Tool(tool) => builder.tool(tool),
                Entry::Resource(resource) => builder.resource(resource),
                Entry::Template(template) => builder.template(template),
                Entry::Prompt(prompt) => builder.prompt(prompt),
            };
        }
        let server = builder.build().map_err(|error| PyValueError::new_err(error.to_string()))?;
        state.built = Some(server.clone());
        Ok(server)
    }

    fn add(&self, py: Python<'_>, entry: Entry) -> PyResult<()> {
        let name = match &entry {
            Entry::Tool(tool) => format!("tool `{}`", tool.name()),
            Entry::Resource(resource) => format!("resource `{}`", resource.definition().uri),
            Entry::Template(template) => format!("resource `{}`", template.definition().uri_template),
            Entry::Prompt(prompt) => format!("prompt `{}`", prompt.definition().name),
        };
        let mut state = self.state.lock();
        if !state.names.insert(name.clone()) {
            return Err(PyValueError::new_err(format!(
                "there is a {name} already: give one of them another name"
            )));
        }
        let Some(server) = state.built.clone() else {
            state.entries.push(entry);
            return Ok(());
        };
        drop(state);
        let added = match entry {
            Entry::Tool(tool) => server.add_tool(tool),
            Entry::Resource(resource) => server.add_resource(resource),
            Entry::Template(template) => server.add_template(template),
            Entry::Prompt(prompt) => server.add_prompt(prompt),
        };
        added.map_err(|error| mcp_core::Error::from(error).into_exception(py))
    }
}
