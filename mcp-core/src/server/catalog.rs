//! Everything a server offers, as an immutable snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use indexmap::IndexMap;
use parking_lot::Mutex;

use super::{PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
use crate::protocol::RawJson;

/// Components by name, in the order in which they were added.
pub(crate) type Table<T> = IndexMap<Arc<str>, Arc<T>>;

/// What a server offers at one moment. Requests work on a snapshot; a change makes a new one.
#[derive(Default)]
pub(crate) struct Catalog {
    pub(crate) tools: Table<ToolEntry>,
    pub(crate) resources: Table<ResourceEntry>,
    pub(crate) templates: Table<TemplateEntry>,
    pub(crate) prompts: Table<PromptEntry>,
    pub(crate) lists: ListCache,
}

impl Catalog {
    /// A copy to be changed; lists are made anew.
    pub(crate) fn edit(&self) -> Self {
        Self {
            tools: self.tools.clone(),
            resources: self.resources.clone(),
            templates: self.templates.clone(),
            prompts: self.prompts.clone(),
            lists: ListCache::default(),
        }
    }

    pub(crate) fn has_completions(&self) -> bool {
        self.prompts.values().any(|p| !p.completers.is_empty())
            || self.templates.values().any(|t| !t.completers.is_empty())
    }

    /// The resource under a URI, or the template that covers it and its variables.
    pub(crate) fn find_resource(&self, uri: &str) -> Option<Found<'_>> {
        if let Some(resource) = self.resources.get(uri) {
            return Some(Found::Fixed(resource));
        }
        self.templates.values().find_map(|template| {
            let variables = template.parsed.as_ref()?.matches(uri)?;
            Some(Found::Templated(template, variables))
        })
    }
}

/// What serves a URI.
pub(crate) enum Found<'a> {
    Fixed(&'a Arc<ResourceEntry>),
    Templated(&'a Arc<TemplateEntry>, IndexMap<String, String>),
}

/// A component as lists show it.
pub(crate) trait Listed {
    /// The member of the result that holds the list.
    const MEMBER: &'static str;
    /// Which kind, for visibility.
    const KIND: ComponentKind;
    fn raw(&self) -> &RawJson;
    fn tags(&self) -> &std::collections::BTreeSet<String>;
}

/// The kinds of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ComponentKind {
    /// A tool.
    Tool,
    /// A resource.
    Resource,
    /// A resource template.
    Template,
    /// A prompt.
    Prompt,
}

macro_rules! listed {
    ($($entry:ty, $kind:ident, $member:literal;)*) => {$(
        impl Listed for $entry {
            const MEMBER: &'static str = $member;
            const KIND: ComponentKind = ComponentKind::$kind;
            fn raw(&self) -> &RawJson {
                &self.raw
            }
            fn tags(&self) -> &std::collections::BTreeSet<String> {
                &self.tags
            }
        }
    )*};
}

listed! {
    ToolEntry, Tool, "tools";
    ResourceEntry, Resource, "resources";
    TemplateEntry, Template, "resourceTemplates";
    PromptEntry, Prompt, "prompts";
}

/// Which page of which list, as seen by whom.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    pub(crate) kind: ComponentKind,
    pub(crate) start: usize,
    /// Which components are visible, one bit each; empty where all are.
    pub(crate) visible: Box<[u64]>,
}

/// Answers that many ask for, written once. Bounded: callers with rare views cannot fill memory.
#[derive(Default)]
pub(crate) struct ListCache(Mutex<IndexMap<ListKey, (u64, Bytes)>>);

const LIST_CACHE_LIMIT: usize = 256;

impl ListCache {
    /// The list under a key, made when it is not there. The number identifies the bytes.
    pub(crate) fn get_or_make(&self, key: ListKey, make: impl FnOnce() -> Bytes) -> (u64, Bytes) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut lists = self.0.lock();
        if let Some(found) = lists.get(&key) {
            return found.clone();
        }
        if lists.len() >= LIST_CACHE_LIMIT {
            lists.swap_remove_index(0);
        }
        let made = (NEXT.fetch_add(1, Ordering::Relaxed), make());
        lists.insert(key, made.clone());
        made
    }
}
