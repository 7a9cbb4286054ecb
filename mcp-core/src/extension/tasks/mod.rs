//! Tasks (`io.modelcontextprotocol/tasks`): calls that go on after they were answered.
//!
//! A client that declares the extension gets a handle at once, and comes back for the result,
//! listens for it, or answers questions meanwhile. The tool is an ordinary tool:
//!
//! ```
//! use mcp_core::extension::tasks::{TaskContext, TaskSupport, TaskTool, Tasks};
//! use mcp_core::{Server, server::Context, tool};
//!
//! async fn index(context: Context) -> String {
//!     context.set_status("reading");
//!     tokio::time::sleep(std::time::Duration::from_secs(600)).await;
//!     "done".into()
//! }
//!
//! let server = Server::builder("notes", "1.0.0")
//!     .tool(tool("index", index).task(TaskSupport::Optional))
//!     .extension(Tasks::new())
//!     .build()?;
//! # Ok::<(), mcp_core::server::BuildError>(())
//! ```
//!
//! A tool that decides by itself awaits [`Context::detach`](crate::server::Context::detach): what
//! it asks before that is part of the call, what it asks after it is part of the task. Such a tool
//! [`requires`](crate::server::ToolEntry::requires) [`Tasks::capability`] if it cannot do without.
//!
//! A task belongs to the caller who created it: for everybody else it does not exist. It ends with
//! the process; with [`SqliteStore`] a client can still read afterwards what became of it.

mod live;
mod memory;
mod methods;
mod runner;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod task;
mod time;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

pub use live::TaskContext;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteStore};
pub use store::{Limits, StoreError, TaskStore};
pub use task::{Owner, Task, TaskState};
pub use time::Timestamp;

use self::runner::{Runner, Running};
use self::time::Clock;
use super::{Begin, Extension, ExtensionFuture, Topics};
use crate::protocol::{Capability, RawJson, RpcError};
use crate::server::{Body, Context, RunningCall, ToolEntry};
use crate::service::{Notification, Request};

/// The identifier of the extension.
pub const ID: &str = "io.modelcontextprotocol/tasks";

/// The tasks extension, for [`ServerBuilder::extension`](crate::server::ServerBuilder::extension).
#[derive(Clone)]
pub struct Tasks {
    store: Arc<dyn TaskStore>,
    running: Arc<Running>,
    clock: Clock,
    ttl: Option<Duration>,
    poll_interval: Duration,
    limits: Limits,
}

impl Tasks {
    /// Tasks in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::with_store(MemoryStore::new())
    }

    /// Tasks in a store.
    pub fn with_store(store: impl TaskStore) -> Self {
        Self {
            store: Arc::new(store),
            running: Arc::default(),
            clock: Clock::new(),
            ttl: Some(Duration::from_secs(60 * 60)),
            poll_interval: Duration::from_secs(1),
            limits: Limits { total: 10_000, per_owner: 1_000 },
        }
    }

    /// What a client must declare to get tasks.
    #[must_use]
    pub fn capability() -> Capability {
        Capability::Extension(ID.into())
    }

    /// How long after its creation a task is gone (default an hour), finished or not; `None` keeps
    /// tasks for ever.
    #[must_use]
    pub fn ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// How long clients should wait between two looks at a task (default a second).
    #[must_use]
    pub const fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// How many tasks are kept in all, finished ones included (default 10,000).
    #[must_use]
    pub const fn max_tasks(mut self, limit: usize) -> Self {
        self.limits.total = limit;
        self
    }

    /// How many tasks are kept per owner, finished ones included (default 1,000). All anonymous
    /// callers are one owner.
    #[must_use]
    pub const fn max_tasks_per_owner(mut self, limit: usize) -> Self {
        self.limits.per_owner = limit;
        self
    }

    fn runner(&self) -> Runner {
        Runner { store: Arc::clone(&self.store), clock: self.clock }
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether calls of a tool are tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskSupport {
    /// Tasks for clients that know tasks, plain calls for others.
    Optional,
    /// Tasks always: clients that do not know tasks cannot call the tool.
    Required,
}

/// Makes tools whose calls are tasks.
pub trait TaskTool {
    /// Makes calls of the tool tasks from their start.
    #[must_use]
    fn task(self, support: TaskSupport) -> Self;
}

impl TaskTool for ToolEntry {
    fn task(self, support: TaskSupport) -> Self {
        self.extension(support)
    }
}

/// Whether the client takes tasks in answer to this request.
fn is_declared(request: &Request) -> bool {
    // Clients of older revisions know other tasks, or none.
    request.peer.version.is_modern() && request.client().can(&Tasks::capability())
}

fn undeclared() -> RpcError {
    RpcError::missing_capability(&Tasks::capability().required())
}

impl Extension for Tasks {
    fn id(&self) -> &'static str {
        ID
    }

    fn methods(&self) -> &'static [&'static str] {
        &["tasks/get", "tasks/update", "tasks/cancel"]
    }

    fn handle(&self, context: Context) -> ExtensionFuture<Body> {
        let tasks = self.clone();
        Box::pin(async move {
            let request = context.request();
            match request.method.as_str() {
                _ if !request.peer.version.is_modern() => {
                    Err(RpcError::method_not_found(request.method.as_str()))
                }
                _ if !is_declared(request) => Err(undeclared()),
                "tasks/get" => tasks.get(&context).await,
                "tasks/update" => tasks.update(&context).await,
                "tasks/cancel" => tasks.cancel(&context).await,
                other => Err(RpcError::method_not_found(other)),
            }
        })
    }

    fn begin(&self, tool: &ToolEntry, request: &Request) -> Result<Begin, RpcError> {
        match tool.get_extension::<TaskSupport>() {
            None => Ok(Begin::Plain),
            Some(_) if is_declared(request) => Ok(Begin::Detached),
            Some(TaskSupport::Optional) => Ok(Begin::Plain),
            Some(TaskSupport::Required) => Err(undeclared()),
        }
    }

    fn can_adopt(&self, request: &Request) -> Option<Result<(), Value>> {
        Some(if is_declared(request) { Ok(()) } else { Err(Self::capability().required()) })
    }

    fn adopt(&self, call: RunningCall) -> ExtensionFuture<(String, RawJson)> {
        let tasks = self.clone();
        Box::pin(async move { tasks.create(call).await })
    }

    fn subscribe(&self, filter: &Map<String, Value>, request: &Request) -> Option<ExtensionFuture<Topics>> {
        let ids = filter.get("taskIds").filter(|ids| !ids.is_null())?.clone();
        if !is_declared(request) {
            return Some(Box::pin(async { Err(undeclared()) }));
        }
        let (tasks, owner) = (self.clone(), methods::owner(request));
        Some(Box::pin(async move { tasks.topics(ids, &owner).await }))
    }

    fn current(&self, topics: Vec<String>, request: &Request) -> ExtensionFuture<Vec<Notification>> {
        let (tasks, owner) = (self.clone(), methods::owner(request));
        Box::pin(async move { tasks.current_of(topics, &owner).await })
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("running", &self.running).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
