//! What the upstream lists, put into a catalog.

use std::collections::HashSet;
use std::sync::Arc;

use super::upstream::{ORIGIN, Upstream};
use crate::client::{Client, PoolError};
use crate::protocol::{Prompt, Resource, ResourceTemplate, ServerCapabilities, Tool};
use crate::server::catalog::Table;
use crate::server::hub::Change;
use crate::server::state::StateMap;
use crate::server::{BuildError, PromptEntry, ResourceEntry, Server, TemplateEntry, ToolEntry};

/// A list of the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Tools,
    Prompts,
    Resources,
}

impl List {
    pub(super) const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    fn is_offered(self, capabilities: &ServerCapabilities) -> bool {
        match self {
            Self::Tools => capabilities.tools.is_some(),
            Self::Prompts => capabilities.prompts.is_some(),
            Self::Resources => capabilities.resources.is_some(),
        }
    }

    const fn change(self) -> Change {
        match self {
            Self::Tools => Change::Tools,
            Self::Prompts => Change::Prompts,
            Self::Resources => Change::Resources,
        }
    }
}

/// Entries of one list. One that cannot be offered is left out: it must not hide the others.
enum Entries {
    Tools(Vec<ToolEntry>),
    Prompts(Vec<PromptEntry>),
    Resources(Vec<ResourceEntry>, Vec<TemplateEntry>),
}

impl Upstream {
    /// Fetches a list and puts it into the server's catalog in place of what it was before.
    pub(super) async fn refresh(self: &Arc<Self>, list: List, server: &Server) -> Result<(), PoolError> {
        let entries = self.fetch(list).await?;
        if entries.are_in(server) {
            return Ok(());
        }
        let edited = server.edit(&list.change(), |catalog| {
            match entries {
                Entries::Tools(tools) => put(&mut catalog.tools, tools),
                Entries::Prompts(prompts) => put(&mut catalog.prompts, prompts),
                Entries::Resources(resources, templates) => {
                    put(&mut catalog.resources, resources);
                    put(&mut catalog.templates, templates);
                }
            }
            Ok(())
        });
        edited.unwrap_or_else(|error| tracing::error!(%error, "what an upstream offers cannot be listed"));
        Ok(())
    }

    async fn fetch(self: &Arc<Self>, list: List) -> Result<Entries, PoolError> {
        let (mut taken, state) = (HashSet::new(), Arc::<StateMap>::default());
        let about = self.source.run(async |client: Client| client.server().await).await?;
        let (completes, offered) = (about.capabilities.completions, list.is_offered(&about.capabilities));
        Ok(match list {
            List::Tools => {
                let tools: Vec<Tool> =
                    self.listed(offered, async |client: Client| client.tools().await).await?;
                let named = tools.into_iter().map(|tool| {
                    let name = self.name(&tool.name, &mut taken);
                    self.tool(tool, name)
                });
                Entries::Tools(good(named))
            }
            List::Prompts => {
                let prompts: Vec<Prompt> =
                    self.listed(offered, async |client: Client| client.prompts().await).await?;
                let named = prompts.into_iter().map(|prompt| {
                    let name = self.name(&prompt.name, &mut taken);
                    self.prompt(prompt, name, completes).finish(&state)
                });
                Entries::Prompts(good(named))
            }
            List::Resources => {
                let resources: Vec<Resource> =
                    self.listed(offered, async |client: Client| client.resources().await).await?;
                let templates: Vec<ResourceTemplate> =
                    self.listed(offered, async |client: Client| client.resource_templates().await).await?;
                Entries::Resources(
                    good(resources.into_iter().map(|resource| self.resource(resource).finish(&state))),
                    good(
                        templates
                            .into_iter()
                            .map(|template| self.template(template, completes).finish(&state)),
                    ),
                )
            }
        })
    }

    /// A list, empty where the upstream has none or does not know what is asked.
    async fn listed<T, F>(&self, offered: bool, list: impl FnOnce(Client) -> F) -> Result<Vec<T>, PoolError>
    where
        F: Future<Output = Result<Vec<T>, crate::client::Error>>,
    {
        if !offered {
            return Ok(Vec::new());
        }
        match self.source.run(list).await {
            Err(error) if error.as_client().and_then(crate::client::Error::code) == Some(UNKNOWN) => {
                Ok(Vec::new())
            }
            other => other,
        }
    }
}

const UNKNOWN: crate::protocol::ErrorCode = crate::protocol::ErrorCode::METHOD_NOT_FOUND;

fn good<T>(entries: impl Iterator<Item = Result<T, BuildError>>) -> Vec<T> {
    let told = |error: BuildError| tracing::warn!(%error, "something of an upstream is not offered");
    entries.filter_map(|entry| entry.map_err(told).ok()).collect()
}

/// What tables need to know of entries.
trait Foreign {
    fn key(&self) -> &str;
    fn is_theirs(&self) -> bool;
    fn raw(&self) -> &crate::protocol::RawJson;
}

macro_rules! foreign {
    ($($entry:ty, $key:ident;)*) => {$(
        impl Foreign for $entry {
            fn key(&self) -> &str {
                &self.definition.$key
            }
            fn is_theirs(&self) -> bool {
                self.origin == ORIGIN
            }
            fn raw(&self) -> &crate::protocol::RawJson {
                &self.raw
            }
        }
    )*};
}

foreign! {
    ToolEntry, name;
    PromptEntry, name;
    ResourceEntry, uri;
    TemplateEntry, uri_template;
}

/// Replaces the upstream's entries. What the server was given besides keeps its name.
fn put<T: Foreign>(table: &mut Table<T>, entries: Vec<T>) {
    table.retain(|_, entry| !entry.is_theirs());
    for entry in entries {
        let key: Arc<str> = entry.key().into();
        if !table.contains_key(&key) {
            table.insert(key, Arc::new(entry));
        }
    }
}

impl Entries {
    /// Whether the server lists exactly these.
    fn are_in(&self, server: &Server) -> bool {
        let catalog = server.catalog();
        match self {
            Self::Tools(tools) => same(&catalog.tools, tools),
            Self::Prompts(prompts) => same(&catalog.prompts, prompts),
            Self::Resources(resources, templates) => {
                same(&catalog.resources, resources) && same(&catalog.templates, templates)
            }
        }
    }
}

fn same<T: Foreign>(table: &Table<T>, entries: &[T]) -> bool {
    let mut theirs = table.values().filter(|entry| entry.is_theirs());
    entries.iter().all(|entry| theirs.next().is_some_and(|known| known.raw() == entry.raw()))
        && theirs.next().is_none()
}
