//! Composition: one server offers what another has.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::builder::insert;
use super::catalog::{Catalog, ComponentKind, Table};
use super::hub::Change;
use super::{BuildError, PromptEntry, ResourceEntry, Server, Shown, TemplateEntry, ToolEntry};
use crate::protocol::RawJson;

/// Another server's components, transformed. Transforms apply in this order: filter, rename,
/// namespace.
pub struct Mount {
    source: Server,
    rules: Rules,
}

/// What a mount does to the components of its source.
struct Rules {
    /// Tells the components of this mount from others; 0 is the server's own.
    id: u64,
    namespace: Option<String>,
    names: HashMap<String, String>,
    filters: Vec<Filter>,
    tags: Vec<String>,
}

type Filter = Box<dyn Fn(&Shown<'_>) -> bool + Send + Sync>;

impl Mount {
    /// Everything that `server` offers, now and later.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let rules = Rules {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            namespace: None,
            names: HashMap::new(),
            filters: Vec::new(),
            tags: Vec::new(),
        };
        Self { source: server.clone(), rules }
    }

    /// Puts `namespace` and an underscore before the names of tools and prompts. URIs stay: they are
    /// unique by themselves.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.rules.namespace = Some(namespace.into());
        self
    }

    /// Gives a tool or prompt another name.
    #[must_use]
    pub fn rename(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.rules.names.insert(from.into(), to.into());
        self
    }

    /// Offers only what passes.
    #[must_use]
    pub fn filter(mut self, keep: impl Fn(&Shown<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.rules.filters.push(Box::new(keep));
        self
    }

    /// Offers only what has this tag.
    #[must_use]
    pub fn only_tagged(self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        self.filter(move |shown| shown.tags.contains(&tag))
    }

    /// Adds a tag to everything.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.rules.tags.push(tag.into());
        self
    }

    /// The server that is mounted.
    pub(crate) fn source(&self) -> Server {
        self.source.clone()
    }

    /// Adds the components to a catalog.
    pub(crate) fn merge_into(&self, catalog: &mut Catalog) -> Result<(), BuildError> {
        self.rules.merge_all(&self.source, catalog, false)
    }

    /// Keeps `target` in step with the source from now on. The target keeps the source alive, not the
    /// source itself: it would never end.
    pub(crate) fn follow(self, target: &Server) {
        let Self { source, rules } = self;
        let (outer, followed) = (Arc::downgrade(&target.0), Arc::downgrade(&source.0));
        let around = outer.clone();
        let wanted = move || Some(around.upgrade()?.hub.wanted_uris());
        target.hub().demand().lead_to(source.hub().demand(), Box::new(wanted));
        let target = outer;
        source.hub().on_change(Box::new(move |change| {
            let live = |weak: &std::sync::Weak<super::Inner>| weak.upgrade().map(|inner| Server(inner, None));
            let (Some(target), Some(source)) = (live(&target), live(&followed)) else { return false };
            match change {
                Change::Tools | Change::Prompts | Change::Resources => {
                    rules.refresh(&source, &target, change)
                }
                other => target.hub().publish(other),
            }
            true
        }));
    }
}

impl Rules {
    fn name(&self, name: &str) -> String {
        let name = self.names.get(name).map_or(name, String::as_str);
        self.namespace.as_ref().map_or_else(|| name.to_owned(), |namespace| format!("{namespace}_{name}"))
    }

    /// Adds the components to a catalog. `again`, after a change, names that were taken meanwhile are
    /// left to who took them.
    fn merge_all(&self, source: &Server, catalog: &mut Catalog, again: bool) -> Result<(), BuildError> {
        if source.visibility().is_some() {
            return Err(BuildError::Mount {
                server: source.info().name.clone(),
                problem: "it decides itself who sees what: give that decision to the outer server instead",
            });
        }
        let theirs = source.catalog();
        self.merge(&theirs.tools, &mut catalog.tools, "tool", again)?;
        self.merge(&theirs.prompts, &mut catalog.prompts, "prompt", again)?;
        self.merge(&theirs.resources, &mut catalog.resources, "resource", again)?;
        self.merge(&theirs.templates, &mut catalog.templates, "resource template", again)
    }

    fn merge<T: Mounted>(
        &self,
        from: &Table<T>,
        to: &mut Table<T>,
        kind: &'static str,
        again: bool,
    ) -> Result<(), BuildError> {
        for (name, item) in from {
            let shown = Shown { kind: T::COMPONENT, name, tags: item.tags() };
            if !self.filters.iter().all(|keep| keep(&shown)) {
                continue;
            }
            let mut item = T::clone(item);
            item.adopt(self.id, &self.tags);
            let name = if T::RENAMED { self.name(name) } else { name.to_string() };
            if T::RENAMED {
                item.rename(&name);
            }
            if again && to.contains_key(&*name) {
                tracing::debug!(kind, name, "hidden by a component that was added since");
                continue;
            }
            insert(to, kind, name, item)?;
        }
        Ok(())
    }

    fn refresh(&self, source: &Server, target: &Server, change: &Change) {
        let refreshed = target.edit(change, |catalog| {
            catalog.tools.retain(|_, item| item.origin != self.id);
            catalog.prompts.retain(|_, item| item.origin != self.id);
            catalog.resources.retain(|_, item| item.origin != self.id);
            catalog.templates.retain(|_, item| item.origin != self.id);
            self.merge_all(source, catalog, true)
        });
        if let Err(error) = refreshed {
            tracing::error!(%error, "a mounted server changed in a way that cannot be followed");
        }
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("namespace", &self.rules.namespace).finish_non_exhaustive()
    }
}

/// A component that can be offered by another server.
trait Mounted: Clone {
    const COMPONENT: ComponentKind;
    /// Whether its name is changed by namespaces.
    const RENAMED: bool;
    fn tags(&self) -> &std::collections::BTreeSet<String>;
    fn adopt(&mut self, origin: u64, tags: &[String]);
    fn rename(&mut self, name: &str);
}

macro_rules! mounted {
    ($($entry:ty, $kind:ident, $renamed:literal, $name:ident;)*) => {$(
        impl Mounted for $entry {
            const COMPONENT: ComponentKind = ComponentKind::$kind;
            const RENAMED: bool = $renamed;
            fn tags(&self) -> &std::collections::BTreeSet<String> {
                &self.tags
            }
            fn adopt(&mut self, origin: u64, tags: &[String]) {
                self.origin = origin;
                self.tags.extend(tags.iter().cloned());
            }
            fn rename(&mut self, name: &str) {
                name.clone_into(&mut self.definition.$name);
                self.raw = RawJson::from_serialize(&self.definition).unwrap_or_default();
            }
        }
    )*};
}

mounted! {
    ToolEntry, Tool, true, name;
    PromptEntry, Prompt, true, name;
    ResourceEntry, Resource, false, uri;
    TemplateEntry, Template, false, uri_template;
}
