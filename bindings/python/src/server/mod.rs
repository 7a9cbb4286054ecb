//! Servers whose tools, resources and prompts are Python functions.

mod call;
mod entry;
mod function;
mod outcome;
mod serve;

use std::collections::HashSet;

use mcp_core::server::{PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
use mcp_core::{Server, protocol::Implementation};
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub(crate) use call::Call;
pub(crate) use serve::Running;

use crate::error::IntoException;
use crate::run::Machine;
use function::Function;

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
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    names: HashSet<String>,
    /// Made when it is first served; what is added later is added to it.
    built: Option<Server>,
    is_async: bool,
}

#[pymethods]
impl PyServer {
    #[new]
    #[pyo3(signature = (name, version, instructions=None, title=None, description=None, website=None))]
    fn new(
        name: &str,
        version: &str,
        instructions: Option<String>,
        title: Option<String>,
        description: Option<String>,
        website: Option<String>,
    ) -> Self {
        let mut info = Implementation::new(name, version);
        (info.title, info.description, info.website_url) = (title, description, website);
        Self { info, instructions, state: Mutex::default() }
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
        self.add(py, plan, Entry::Tool(entry::tool(plan, details)?))
    }

    /// Adds a function as a resource, or as a template where the URI has variables.
    fn add_resource(
        &self,
        py: Python<'_>,
        plan: &Bound<'_, PyAny>,
        details: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.add(py, plan, entry::resource(plan, details)?)
    }

    /// Adds a function as a prompt.
    fn add_prompt(
        &self,
        py: Python<'_>,
        plan: &Bound<'_, PyAny>,
        details: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.add(py, plan, Entry::Prompt(entry::prompt(plan, details)?))
    }

    /// Removes a tool; tells whether there was one.
    fn remove_tool(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        let server = self.build(py)?;
        self.state.lock().names.remove(&format!("tool `{name}`"));
        Ok(server.remove_tool(name))
    }

    /// Tells clients that listen that a resource holds something new.
    fn resource_updated(&self, py: Python<'_>, uri: &str) -> PyResult<()> {
        self.build(py)?.resource_updated(uri);
        Ok(())
    }

    /// Serves on standard input and output until the input ends.
    fn run_stdio(&self, py: Python<'_>) -> PyResult<()> {
        serve::stdio(py, self.build(py)?)
    }

    /// Serves over HTTP until Ctrl-C or SIGTERM.
    fn run_http(&self, py: Python<'_>, address: String, options: &Bound<'_, PyAny>) -> PyResult<()> {
        serve::http(py, self.build(py)?, address, &serve::Options::read(options)?)
    }

    /// Serves over HTTP in the background.
    fn start_http(&self, py: Python<'_>, address: String, options: &Bound<'_, PyAny>) -> PyResult<Running> {
        serve::start(py, self.build(py)?, address, &serve::Options::read(options)?)
    }
}

impl PyServer {
    /// The server, made of what was added so far.
    pub(crate) fn build(&self, py: Python<'_>) -> PyResult<Server> {
        let is_async = self.state.lock().is_async;
        if is_async {
            Machine::get()?.asyncio(py)?;
        }
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

    fn add(&self, py: Python<'_>, plan: &Bound<'_, PyAny>, entry: Entry) -> PyResult<()> {
        let is_async: bool = plan.getattr("is_async")?.extract()?;
        let name = match &entry {
            Entry::Tool(tool) => format!("tool `{}`", tool.name()),
            Entry::Resource(resource) => format!("resource `{}`", resource.definition().uri),
            Entry::Template(template) => format!("resource `{}`", template.definition().uri_template),
            Entry::Prompt(prompt) => format!("prompt `{}`", prompt.definition().name),
        };
        let mut state = self.state.lock();
        state.is_async |= is_async;
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
        if is_async {
            Machine::get()?.asyncio(py)?;
        }
        let added = match entry {
            Entry::Tool(tool) => server.add_tool(tool),
            Entry::Resource(resource) => server.add_resource(resource),
            Entry::Template(template) => server.add_template(template),
            Entry::Prompt(prompt) => server.add_prompt(prompt),
        };
        added.map_err(|error| mcp_core::Error::from(error).into_exception(py))
    }
}
