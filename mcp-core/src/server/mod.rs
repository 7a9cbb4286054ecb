//! Servers: what they offer, and how requests reach it.

mod ask;
mod body;
mod build_error;
mod builder;
mod call;
mod catalog;
mod complete;
mod context;
mod demand;
mod dispatch;
mod extract;
mod handler;
mod hub;
mod list;
mod listen;
mod mount;
mod prompt;
mod proxy;
mod request_state;
mod resource;
mod schema;
#[cfg(feature = "http-server")]
mod sealed;
mod state;
#[cfg(not(feature = "http-server"))]
mod state_table;
mod tool;
mod tool_error;
mod tool_result;
mod update;
#[cfg(feature = "schema")]
mod validate;
mod visibility;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::ArcSwap;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use ask::{Ask, AskError, Elicit, Elicited, Inquiry, ListRoots, MemoError, Questions, Sample, UrlAnswer};
pub use body::Body;
pub use build_error::BuildError;
pub use builder::ServerBuilder;
pub(crate) use call::CallFuture;
pub use call::{RunningCall, Step};
pub use catalog::ComponentKind;
pub use complete::{Completing, IntoCompletion};
pub use context::Context;
pub use extract::{Args, Cancelled, FromContext, Headers, Needs, Progress, Rejection, State};
pub use handler::Handler;
pub use hub::Change;
pub use mount::Mount;
pub use prompt::{IntoPrompt, PromptEntry, prompt};
pub use proxy::{Proxy, ProxyError};
pub use request_state::RequestStateStore;
pub(crate) use request_state::random_token;
pub use resource::{
    IntoResource, ResourceEntry, ResourceError, TemplateEntry, Variables, resource, template,
};
#[cfg(feature = "http-server")]
pub use sealed::SealedState;
pub use tool::{ToolEntry, tool};
pub use tool_error::ToolError;
pub use tool_result::{IntoToolResult, Json};
pub use update::Update;
pub use visibility::Shown;

use self::ask::Saved;
use self::body::ResultWriter;
use self::builder::Limits;
use self::call::Slot;
use self::catalog::Catalog;
use self::hub::Hub;
use self::request_state::StateKeeper;
use self::state::StateMap;
use self::visibility::Visibility;
use crate::extension::{Extension, ExtensionFuture};
use crate::protocol::{
    CacheHint, ErrorCode, Implementation, ListCapability, RawJson, ResourcesCapability, RpcError,
    ServerCapabilities,
};
use crate::service::Request;

/// The future of a call that an extension takes over.
pub(crate) type AdoptFuture = ExtensionFuture<(String, RawJson)>;

/// Several tools that share a `self`. The [`#[tools]`](macro@crate::tools) attribute implements it.
pub trait ToolSet: Send + Sync + 'static {
    /// The tools, each holding the shared value.
    fn into_tools(self: Arc<Self>) -> Vec<ToolEntry>;
}

/// A server: tools, resources and prompts, and what they share. Cheap to clone; clones are the same
/// server. Serve it on a [transport](crate::transport), or use it as a tower service.
///
/// It shuts down when the last clone is gone that is held outside of its own calls.
#[derive(Clone)]
pub struct Server(
    Arc<Inner>,
    #[expect(dead_code, reason = "it is there to be dropped")] Option<Arc<DropGuard>>,
);

struct Inner {
    info: Implementation,
    instructions: Option<String>,
    writer: ResultWriter,
    state: Arc<StateMap>,
    catalog: ArcSwap<Catalog>,
    /// Held while a new catalog is made, so that two changes do not lose each other.
    editing: parking_lot::Mutex<()>,
    hub: Hub,
    extensions: Vec<Arc<dyn Extension>>,
    methods: HashMap<&'static str, usize>,
    visibility: Option<Arc<Visibility>>,
    keeper: StateKeeper,
    limits: Limits,
    cache: CacheHint,
    /// Kinds of components that are declared although there may be none.
    expected: Offers,
    /// Kept as long as this server is.
    #[expect(dead_code, reason = "they are there to be dropped")]
    mounted: Vec<Server>,
    in_flight: Arc<AtomicUsize>,
    subscriptions: Arc<AtomicUsize>,
    shutdown: CancellationToken,
}

/// The kinds of components that a server has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offers {
    pub(crate) tools: bool,
    pub(crate) resources: bool,
    pub(crate) prompts: bool,
}

impl Server {
    /// Starts building a server.
    ///
    /// The version is the program's own: `env!("CARGO_PKG_VERSION")`.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ServerBuilder {
        ServerBuilder::new(Implementation::new(name, version))
    }

    /// Name and version.
    #[must_use]
    pub fn info(&self) -> &Implementation {
        &self.0.info
    }

    /// How a model should use the server.
    #[must_use]
    pub fn instructions(&self) -> Option<&str> {
        self.0.instructions.as_deref()
    }

    /// What the server declares.
    #[must_use]
    pub fn capabilities(&self) -> ServerCapabilities {
        let offers = self.offers();
        let list = ListCapability { list_changed: true };
        let extensions = self.0.extensions.iter();
        ServerCapabilities {
            logging: true,
            completions: self.catalog().has_completions(),
            tools: offers.tools.then_some(list),
            prompts: offers.prompts.then_some(list),
            resources: offers
                .resources
                .then_some(ResourcesCapability { subscribe: true, list_changed: true }),
            extensions: extensions.map(|e| (e.id().to_owned(), RawJson::from(e.settings()))).collect(),
            ..ServerCapabilities::default()
        }
    }

    /// Adds a tool, or replaces the one of the same name, and tells clients.
    ///
    /// # Errors
    /// The tool is malformed.
    pub fn add_tool(&self, tool: ToolEntry) -> Result<(), BuildError> {
        let tool = tool.finish(&self.0.state)?;
        self.edit(&Change::Tools, |catalog| {
            catalog.tools.insert(tool.definition.name.as_str().into(), Arc::new(tool));
            Ok(())
        })
    }

    /// Removes a tool and tells clients; returns whether there was one.
    pub fn remove_tool(&self, name: &str) -> bool {
        self.remove(&Change::Tools, |catalog| catalog.tools.shift_remove(name).is_some())
    }

    /// Adds or replaces a resource, and tells clients.
    ///
    /// # Errors
    /// The resource is malformed.
    pub fn add_resource(&self, resource: ResourceEntry) -> Result<(), BuildError> {
        let resource = resource.finish(&self.0.state)?;
        self.edit(&Change::Resources, |catalog| {
            catalog.resources.insert(resource.definition.uri.as_str().into(), Arc::new(resource));
            Ok(())
        })
    }

    /// Removes a resource and tells clients; returns whether there was one.
    pub fn remove_resource(&self, uri: &str) -> bool {
        self.remove(&Change::Resources, |catalog| catalog.resources.shift_remove(uri).is_some())
    }

    /// Adds or replaces a resource template, and tells clients.
    ///
    /// # Errors
    /// The template is malformed.
    pub fn add_template(&self, template: TemplateEntry) -> Result<(), BuildError> {
        let template = template.finish(&self.0.state)?;
        self.edit(&Change::Resources, |catalog| {
            catalog.templates.insert(template.definition.uri_template.as_str().into(), Arc::new(template));
            Ok(())
        })
    }

    /// Removes a resource template and tells clients; returns whether there was one.
    pub fn remove_template(&self, uri_template: &str) -> bool {
        self.remove(&Change::Resources, |catalog| catalog.templates.shift_remove(uri_template).is_some())
    }

    /// Adds or replaces a prompt, and tells clients.
    ///
    /// # Errors
    /// The prompt is malformed.
    pub fn add_prompt(&self, prompt: PromptEntry) -> Result<(), BuildError> {
        let prompt = prompt.finish(&self.0.state)?;
        self.edit(&Change::Prompts, |catalog| {
            catalog.prompts.insert(prompt.definition.name.as_str().into(), Arc::new(prompt));
            Ok(())
        })
    }

    /// Removes a prompt and tells clients; returns whether there was one.
    pub fn remove_prompt(&self, name: &str) -> bool {
        self.remove(&Change::Prompts, |catalog| catalog.prompts.shift_remove(name).is_some())
    }

    /// Tells clients that listen that a resource holds something new.
    pub fn resource_updated(&self, uri: impl Into<String>) {
        self.publish(&Change::ResourceUpdated(uri.into()));
    }

    /// Tells clients that listen that something changed.
    pub fn publish(&self, change: &Change) {
        self.0.hub.publish(change);
    }

    /// Ends all subscriptions. Transports that serve this server stop, after running calls.
    pub fn shut_down(&self) {
        self.0.shutdown.cancel();
    }

    /// Cancelled when the server shuts down.
    #[must_use]
    pub fn shutdown_token(&self) -> CancellationToken {
        self.0.shutdown.clone()
    }

    /// Calls that are running now.
    #[must_use]
    pub fn calls_in_flight(&self) -> usize {
        self.0.in_flight.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Replaces the catalog by a changed copy, then tells who listens.
    pub(crate) fn edit(
        &self,
        change: &Change,
        edit: impl FnOnce(&mut Catalog) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let guard = self.0.editing.lock();
        let mut catalog = self.0.catalog.load().edit();
        edit(&mut catalog)?;
        self.0.catalog.store(Arc::new(catalog));
        drop(guard);
        self.publish(change);
        Ok(())
    }

    fn remove(&self, change: &Change, remove: impl FnOnce(&mut Catalog) -> bool) -> bool {
        let guard = self.0.editing.lock();
        let mut catalog = self.0.catalog.load().edit();
        let removed = remove(&mut catalog);
        if removed {
            self.0.catalog.store(Arc::new(catalog));
        }
        drop(guard);
        if removed {
            self.publish(change);
        }
        removed
    }

    /// The server for what belongs to it: calls, subscriptions, tasks. These do not keep it from
    /// shutting down.
    pub(crate) fn within(&self) -> Self {
        Self(Arc::clone(&self.0), None)
    }

    pub(crate) fn catalog(&self) -> arc_swap::Guard<Arc<Catalog>> {
        self.0.catalog.load()
    }

    pub(crate) fn offers(&self) -> Offers {
        let catalog = self.catalog();
        Offers {
            tools: self.0.expected.tools || !catalog.tools.is_empty(),
            resources: self.0.expected.resources
                || !catalog.resources.is_empty()
                || !catalog.templates.is_empty(),
            prompts: self.0.expected.prompts || !catalog.prompts.is_empty(),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn writer(&self) -> &ResultWriter {
        &self.0.writer
    }

    pub(crate) fn cache_hint(&self) -> CacheHint {
        self.0.cache
    }

    pub(crate) fn page_size(&self) -> Option<usize> {
        self.0.limits.page_size
    }

    pub(crate) fn deadline(&self) -> Option<std::time::Duration> {
        self.0.limits.deadline
    }

    pub(crate) fn max_in_flight(&self) -> usize {
        self.0.limits.in_flight
    }

    pub(crate) fn in_flight(&self) -> &Arc<AtomicUsize> {
        &self.0.in_flight
    }

    pub(crate) fn take_subscription_slot(&self) -> Result<Slot, RpcError> {
        Slot::take(&self.0.subscriptions, self.0.limits.subscriptions).ok_or_else(|| {
            RpcError::new(ErrorCode::OVERLOADED, "the server has as many subscriptions open as it allows")
        })
    }

    pub(crate) fn shared_state(&self) -> Arc<StateMap> {
        Arc::clone(&self.0.state)
    }

    pub(crate) fn extensions(&self) -> &[Arc<dyn Extension>] {
        &self.0.extensions
    }

    pub(crate) fn extension_for(&self, method: &str) -> Option<&Arc<dyn Extension>> {
        self.0.extensions.get(*self.0.methods.get(method)?)
    }

    pub(crate) fn visibility(&self) -> Option<&Visibility> {
        self.0.visibility.as_deref()
    }

    pub(crate) fn allows(
        &self,
        request: &Request,
        kind: ComponentKind,
        name: &str,
        tags: &std::collections::BTreeSet<String>,
    ) -> bool {
        self.visibility().is_none_or(|visibility| visibility.allows(request, kind, name, tags))
    }

    /// What the client would have to declare for its calls to go on as tasks; none if it did.
    pub(crate) fn missing_for_detach(&self, request: &Request) -> Option<serde_json::Value> {
        let answers = self.0.extensions.iter().filter_map(|extension| extension.can_adopt(request));
        let mut missing = Some(serde_json::json!({ "extensions": {} }));
        for answer in answers {
            match answer {
                Ok(()) => return None,
                Err(required) => missing = Some(required),
            }
        }
        missing
    }

    pub(crate) fn adopt(&self, call: RunningCall) -> AdoptFuture {
        let adopter =
            self.0.extensions.iter().find(|e| matches!(e.can_adopt(call.context().request()), Some(Ok(()))));
        match adopter {
            Some(extension) => extension.adopt(call),
            None => Box::pin(async { Err(RpcError::internal("no extension takes over calls")) }),
        }
    }

    pub(crate) fn seal_state(&self, context: &Context) -> Result<String, RpcError> {
        self.0.keeper.seal(&context.board().save(), context.request())
    }

    pub(crate) fn open_state(&self, token: &str, request: &Request) -> Result<Saved, RpcError> {
        self.0.keeper.open(token, request)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.0.info.name).finish_non_exhaustive()
    }
}
