//! Building a server.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use indexmap::map::Entry;

use super::body::ResultWriter;
use super::catalog::{Catalog, Table};
use super::hub::Hub;
use super::request_state::{RequestStateStore, StateKeeper};
use super::state::StateMap;
use super::visibility::Visibility;
use super::{
    BuildError, Inner, Offers, PromptEntry, ResourceEntry, Server, TemplateEntry, ToolEntry, ToolSet,
};
use crate::extension::Extension;
use crate::protocol::{CacheHint, CacheScope, Icon, Implementation};

/// Collects what a server offers.
#[must_use = "a builder does nothing until `build` is called"]
pub struct ServerBuilder {
    info: Implementation,
    instructions: Option<String>,
    state: StateMap,
    tools: Vec<ToolEntry>,
    resources: Vec<ResourceEntry>,
    templates: Vec<TemplateEntry>,
    prompts: Vec<PromptEntry>,
    mounts: Vec<super::mount::Mount>,
    extensions: Vec<Arc<dyn Extension>>,
    visibility: Option<Arc<Visibility>>,
    request_state: Option<Arc<dyn RequestStateStore>>,
    limits: Limits,
    cache: CacheHint,
    offers: Offers,
}

/// What a server allows at most.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) deadline: Option<Duration>,
    pub(crate) in_flight: usize,
    pub(crate) subscriptions: usize,
    pub(crate) page_size: Option<usize>,
}

impl ServerBuilder {
    pub(crate) fn new(info: Implementation) -> Self {
        Self {
            info,
            instructions: None,
            state: StateMap::default(),
            tools: Vec::new(),
            resources: Vec::new(),
            templates: Vec::new(),
            prompts: Vec::new(),
            mounts: Vec::new(),
            extensions: Vec::new(),
            visibility: None,
            request_state: None,
            limits: Limits {
                deadline: Some(Duration::from_secs(300)),
                in_flight: 10_000,
                subscriptions: 100_000,
                page_size: None,
            },
            cache: CacheHint { ttl_ms: 0, scope: CacheScope::Public },
            offers: Offers::default(),
        }
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.info.title = Some(title.into());
        self
    }

    /// What the server is for, in a sentence.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.info.description = Some(description.into());
        self
    }

    /// Where to read more.
    pub fn website(mut self, url: impl Into<String>) -> Self {
        self.info.website_url = Some(url.into());
        self
    }

    /// An icon for user interfaces.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.info.icons.push(icon);
        self
    }

    /// How a model should use the server.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// A value that handlers can take as [`State<T>`](super::State): one per type, cloned per call.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Adds a tool.
    pub fn tool(mut self, tool: ToolEntry) -> Self {
        self.tools.push(tool);
        self
    }

    /// Adds all tools of a type with the [`#[tools]`](macro@crate::tools) attribute.
    pub fn tools<T: ToolSet>(mut self, set: T) -> Self {
        self.tools.extend(Arc::new(set).into_tools());
        self
    }

    /// Adds a resource.
    pub fn resource(mut self, resource: ResourceEntry) -> Self {
        self.resources.push(resource);
        self
    }

    /// Adds a resource template.
    pub fn template(mut self, template: TemplateEntry) -> Self {
        self.templates.push(template);
        self
    }

    /// Adds a prompt.
    pub fn prompt(mut self, prompt: PromptEntry) -> Self {
        self.prompts.push(prompt);
        self
    }

    /// Offers everything another server offers, its names behind `namespace` and an underscore. What
    /// that server gains or loses later, this one does too.
    pub fn mount(self, namespace: impl Into<String>, server: &Server) -> Self {
        self.mount_with(super::Mount::new(server).namespace(namespace))
    }

    /// Offers another server's components after transforming them.
    pub fn mount_with(mut self, mount: super::Mount) -> Self {
        self.mounts.push(mount);
        self
    }

    /// Registers an extension of the protocol.
    pub fn extension(mut self, extension: impl Extension) -> Self {
        self.extensions.push(Arc::new(extension));
        self
    }

    /// Decides per request which components exist: what is hidden is absent from lists and unknown
    /// to calls. Lists become private to the caller. Of several rules each has to allow it.
    pub fn visibility(
        mut self,
        allows: impl Fn(&crate::service::Request, &super::Shown<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.visibility = Some(Arc::new(Visibility::and(self.visibility.as_deref(), allows)));
        self
    }

    /// Keeps the state of calls that wait for answers, instead of the default that is good for one
    /// process.
    pub fn request_state(mut self, store: impl RequestStateStore) -> Self {
        self.request_state = Some(Arc::new(store));
        self
    }

    /// How long a call may take (default 300 s); tools may say otherwise.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = Some(deadline);
        self
    }

    /// Lets calls take as long as they want.
    pub const fn no_deadline(mut self) -> Self {
        self.limits.deadline = None;
        self
    }

    /// How many calls may run at the same time (default 10,000).
    pub const fn max_in_flight(mut self, limit: usize) -> Self {
        self.limits.in_flight = limit;
        self
    }

    /// How many subscriptions may be open at the same time (default 100,000).
    pub const fn max_subscriptions(mut self, limit: usize) -> Self {
        self.limits.subscriptions = limit;
        self
    }

    /// How many components a page of a list has. By default lists have one page: many clients never
    /// ask for a second.
    pub const fn page_size(mut self, size: usize) -> Self {
        self.limits.page_size = Some(if size == 0 { 1 } else { size });
        self
    }

    /// How long, and by whom, lists and resources may be cached (default: not at all).
    pub const fn cache(mut self, cache: CacheHint) -> Self {
        self.cache = cache;
        self
    }

    /// Declares the capability for tools although there are none yet: some come at run time.
    pub const fn expects_tools(mut self) -> Self {
        self.offers.tools = true;
        self
    }

    /// Declares the capability for resources although there are none yet.
    pub const fn expects_resources(mut self) -> Self {
        self.offers.resources = true;
        self
    }

    /// Declares the capability for prompts although there are none yet.
    pub const fn expects_prompts(mut self) -> Self {
        self.offers.prompts = true;
        self
    }

    /// Builds the server.
    ///
    /// # Errors
    /// A component is malformed, needs a state that is not there, or has the name of another.
    pub fn build(self) -> Result<Server, BuildError> {
        let state = Arc::new(self.state);
        let mut catalog = Catalog::default();
        for tool in self.tools {
            let tool = tool.finish(&state)?;
            insert(&mut catalog.tools, "tool", tool.definition.name.clone(), tool)?;
        }
        for resource in self.resources {
            let resource = resource.finish(&state)?;
            insert(&mut catalog.resources, "resource", resource.definition.uri.clone(), resource)?;
        }
        for template in self.templates {
            let template = template.finish(&state)?;
            insert(
                &mut catalog.templates,
                "resource template",
                template.definition.uri_template.clone(),
                template,
            )?;
        }
        for prompt in self.prompts {
            let prompt = prompt.finish(&state)?;
            insert(&mut catalog.prompts, "prompt", prompt.definition.name.clone(), prompt)?;
        }
        for mount in &self.mounts {
            mount.merge_into(&mut catalog)?;
        }
        let store = match self.request_state {
            Some(store) => store,
            None => default_store()?,
        };
        let methods = self.extensions.iter().enumerate();
        let methods = methods.flat_map(|(i, e)| e.methods().iter().map(move |m| (*m, i)));
        let shutdown = tokio_util::sync::CancellationToken::new();
        let held = Some(Arc::new(shutdown.clone().drop_guard()));
        let inner = Arc::new(Inner {
            writer: ResultWriter::new(&self.info),
            info: self.info,
            instructions: self.instructions,
            state,
            catalog: ArcSwap::from_pointee(catalog),
            editing: parking_lot::Mutex::new(()),
            hub: Hub::default(),
            methods: methods.collect::<HashMap<_, _>>(),
            extensions: self.extensions,
            visibility: self.visibility,
            keeper: StateKeeper::new(store),
            limits: self.limits,
            cache: self.cache,
            expected: self.offers,
            mounted: self.mounts.iter().map(super::Mount::source).collect(),
            in_flight: Arc::default(),
            subscriptions: Arc::default(),
            shutdown,
        });
        let server = Server(inner, held);
        for mount in self.mounts {
            mount.follow(&server);
        }
        Ok(server)
    }
}

#[cfg(feature = "http-server")]
fn default_store() -> Result<Arc<dyn RequestStateStore>, BuildError> {
    super::SealedState::random()
        .map(|store| Arc::new(store) as Arc<dyn RequestStateStore>)
        .map_err(|_| BuildError::Random)
}

#[cfg(not(feature = "http-server"))]
#[expect(clippy::unnecessary_wraps, reason = "the sealed store of the feature `http-server` can fail")]
fn default_store() -> Result<Arc<dyn RequestStateStore>, BuildError> {
    Ok(Arc::new(super::state_table::StateTable::default()))
}

/// Adds a component unless its name is taken.
pub(crate) fn insert<T>(
    table: &mut Table<T>,
    kind: &'static str,
    name: String,
    item: T,
) -> Result<(), BuildError> {
    match table.entry(name.as_str().into()) {
        Entry::Occupied(_) => Err(BuildError::Duplicate { kind, name }),
        Entry::Vacant(slot) => {
            slot.insert(Arc::new(item));
            Ok(())
        }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("info", &self.info).finish_non_exhaustive()
    }
}
