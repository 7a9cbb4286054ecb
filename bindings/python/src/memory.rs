//! The memory as an engine.

use mcp_core::service::Principal;
use mcp_memory::filter::Filter;
use mcp_memory::{Access, Draft, Id, Memory, MemoryError, Scope, Search, Tenant, server};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{IntoException, check_process};
use crate::json as convert;

/// A memory as one caller has it.
#[pyclass(frozen, module = "engify_mcp._engify", name = "Memory")]
pub(crate) struct PyMemory {
    memory: Memory,
    tenant: Tenant,
    org: String,
    user: String,
    process: u32,
}

#[pymethods]
impl PyMemory {
    /// Opens a memory, or makes a new one.
    #[new]
    #[pyo3(signature = (directory, org, user, workspaces, *, encrypt=true, embed=true))]
    fn new(
        py: Python<'_>,
        directory: std::path::PathBuf,
        org: String,
        user: String,
        workspaces: Vec<String>,
        encrypt: bool,
        embed: bool,
    ) -> PyResult<Self> {
        let opened = py.detach(|| {
            let mut builder = Memory::builder(&directory).encrypt(encrypt);
            if !embed {
                builder = builder.without_embedder();
            }
            builder.open()
        });
        let memory = opened.map_err(|error| error.into_exception(py))?;
        Ok(Self::of_memory(memory, org, user, workspaces))
    }

    /// The same memory as another caller has it.
    fn of(&self, org: String, user: String, workspaces: Vec<String>) -> PyResult<Self> {
        check_process(self.process, "memory")?;
        Ok(Self::of_memory(self.memory.clone(), org, user, workspaces))
    }

    /// The same memory as the caller of a server has it, by what their credentials allow.
    fn of_principal(&self, principal: &Bound<'_, PyAny>) -> PyResult<Self> {
        check_process(self.process, "memory")?;
        let who: Principal = convert::to_rust(principal, "principal")?;
        if who.org.is_empty() || who.user.is_empty() {
            return Err(PyValueError::new_err(
                "principal: it has no `org` or no `user`: give that of a context",
            ));
        }
        let tenant = self.memory.of(server::access(&who));
        Ok(Self { memory: self.memory.clone(), tenant, org: who.org, user: who.user, process: self.process })
    }

    fn store(&self, py: Python<'_>, scope: &str, draft: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let draft: Draft = convert::to_rust(draft, "memory")?;
        let scope = scope_of(py, scope)?;
        self.run(py, || self.tenant.store(&scope, draft))
    }

    fn store_all(&self, py: Python<'_>, scope: &str, drafts: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let drafts: Vec<Draft> = convert::to_rust(drafts, "memories")?;
        let scope = scope_of(py, scope)?;
        self.run(py, || self.tenant.store_all(&scope, drafts))
    }

    #[pyo3(signature = (query, limit, scopes=None, filter=None, superseded=false))]
    fn search(
        &self,
        py: Python<'_>,
        query: &str,
        limit: usize,
        scopes: Option<Vec<String>>,
        filter: Option<&Bound<'_, PyAny>>,
        superseded: bool,
    ) -> PyResult<Py<PyAny>> {
        let mut search = Search::new(query).limit(limit).filter(filter_of(filter)?);
        search.superseded = superseded;
        if let Some(scopes) = scopes {
            let scopes: Vec<Scope> =
                scopes.iter().map(|scope| scope_of(py, scope)).collect::<PyResult<_>>()?;
            search = search.scopes(scopes);
        }
        self.run(py, || Ok(self.tenant.search(&search)?.hits))
    }

    fn get(&self, py: Python<'_>, id: &str) -> PyResult<Py<PyAny>> {
        let id = id_of(py, id)?;
        self.run(py, || {
            let (record, scope) = self.tenant.get(&id)?;
            Ok(json!({ "record": record, "scope": scope }))
        })
    }

    fn update(&self, py: Python<'_>, id: &str, edit: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let (id, edit) = (id_of(py, id)?, convert::to_rust(edit, "edit")?);
        self.run(py, || self.tenant.update(&id, edit))
    }

    fn supersede(&self, py: Python<'_>, id: &str, draft: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let (id, draft) = (id_of(py, id)?, convert::to_rust(draft, "memory")?);
        self.run(py, || self.tenant.supersede(&id, draft))
    }

    fn history(&self, py: Python<'_>, id: &str) -> PyResult<Py<PyAny>> {
        let id = id_of(py, id)?;
        self.run(py, || self.tenant.history(&id))
    }

    fn delete(&self, py: Python<'_>, id: &str) -> PyResult<()> {
        let id = id_of(py, id)?;
        self.run(py, || self.tenant.delete(&id)).map(drop)
    }

    #[pyo3(signature = (scope, limit, filter=None))]
    fn list(
        &self,
        py: Python<'_>,
        scope: &str,
        limit: usize,
        filter: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (scope, filter) = (scope_of(py, scope)?, filter_of(filter)?);
        self.run(py, || Ok(self.tenant.list(&scope, &filter, None, limit)?.records))
    }

    fn count(&self, py: Python<'_>, scope: &str) -> PyResult<Py<PyAny>> {
        let scope = scope_of(py, scope)?;
        self.run(py, || self.tenant.count(&scope))
    }

    #[pyo3(signature = (org=None, user=None))]
    fn erase(&self, py: Python<'_>, org: Option<&str>, user: Option<&str>) -> PyResult<Py<PyAny>> {
        let (org, user) = (org.unwrap_or(&self.org), user.unwrap_or(&self.user));
        self.run(py, || {
            let receipt = self.memory.erase(org, user)?;
            Ok(json!({
                "epoch": receipt.epoch,
                "memories": receipt.memories,
                "versions": receipt.versions,
                "pending": receipt.pending,
            }))
        })
    }
}

impl PyMemory {
    fn of_memory(memory: Memory, org: String, user: String, workspaces: Vec<String>) -> Self {
        let access = Access::new(&org, &user).write(Scope::Org);
        let access = workspaces.into_iter().fold(access, |access, slug| access.write(Scope::Workspace(slug)));
        let tenant = memory.of(access);
        Self { memory, tenant, org, user, process: std::process::id() }
    }

    /// Works without the GIL.
    fn run<T: Serialize + Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce() -> Result<T, MemoryError> + Send,
    ) -> PyResult<Py<PyAny>> {
        check_process(self.process, "memory")?;
        let value = py.detach(work).map_err(|error| error.into_exception(py))?;
        Ok(convert::from_rust(py, &value)?.unbind())
    }
}

fn scope_of(py: Python<'_>, scope: &str) -> PyResult<Scope> {
    scope.parse().map_err(|error: MemoryError| error.into_exception(py))
}

fn id_of(py: Python<'_>, id: &str) -> PyResult<Id> {
    id.parse().map_err(|error: MemoryError| error.into_exception(py))
}

fn filter_of(filter: Option<&Bound<'_, PyAny>>) -> PyResult<Filter> {
    let Some(filter) = filter else { return Ok(Filter::everything()) };
    let value: Value = convert::to_rust(filter, "filter")?;
    Filter::parse(&value).map_err(|error| PyValueError::new_err(format!("filter: {error}")))
}
