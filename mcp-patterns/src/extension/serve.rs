//! The server's side.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mcp_core::extension::{Extension, ExtensionFuture};
use mcp_core::protocol::{CacheHint, RawJson, ReadResourceResult, Resource, ResourceContents, RpcError};
use mcp_core::server::{
    Body, BuildError, Context, IntoResource, ResourceEntry, ResourceError, ServerBuilder, resource, template,
};
use mcp_core::{Server, service::Request};
use serde::Serialize;
use serde_json::{Value, json};

use super::ID;
use super::callers::Rule;
use super::entry::SkillEntry;
use super::set::SkillSet;

/// Skills to a page, and children of a directory.
const PAGE: usize = 100;

/// Serves skills: as entries, as directories, and as resources. Cheap to clone; clones serve the same skills.
#[derive(Debug, Clone)]
pub struct Skills {
    set: Arc<ArcSwap<SkillSet>>,
    cache: CacheHint,
    page: usize,
    pub(super) rule: Option<Rule>,
}

impl Skills {
    /// Serves a set of skills. What clients get may be kept for five minutes by anyone.
    #[must_use]
    pub fn new(set: SkillSet) -> Self {
        Self {
            set: Arc::new(ArcSwap::from_pointee(set)),
            cache: CacheHint::public(300_000),
            page: PAGE,
            rule: None,
        }
    }

    /// Serves a skill only to callers of whom `may` says so: for all others it is in no list, and there is nothing at its URIs. A file that
    /// belongs to two skills, one within the other, is read by whoever may read one of them. What clients get may be kept
    /// for the caller only, whatever [`Self::cache`] says.
    ///
    /// [`Self::install`] adds it to the server's rules of what is visible ([`ServerBuilder::visibility`]).
    #[must_use]
    pub fn to_callers(mut self, may: impl Fn(&Request, &SkillEntry) -> bool + Send + Sync + 'static) -> Self {
        self.rule = Some(Rule::new(may));
        self
    }

    /// How long, and by whom, entries and files may be kept.
    #[must_use]
    pub const fn cache(mut self, cache: CacheHint) -> Self {
        self.cache = cache;
        self
    }

    /// How many skills a page of the list has, and how many children one of a directory (default 100).
    #[must_use]
    pub const fn page_size(mut self, size: usize) -> Self {
        self.page = if size == 0 { 1 } else { size };
        self
    }

    /// The skills that are served now.
    #[must_use]
    pub fn set(&self) -> Arc<SkillSet> {
        self.set.load_full()
    }

    /// Makes a server to be serve the skills: declares the extension, and lists each `SKILL.md` among its resources.
    pub fn install(&self, mut builder: ServerBuilder) -> ServerBuilder {
        let set = self.set();
        for entry in set.entries() {
            builder = builder.resource(self.listed(&set, entry));
        }
        let skills = self.clone();
        let read = move |context: Context| {
            let found = skills.read(context.request());
            async move { found }
        };
        let files = template("skill://{+path}", "skill-file", read)
            .description("A file of a skill; `skills/list` tells which there are.")
            .cache(self.kept());
        self.hide(builder).template(files).expects_resources().extension(self.clone())
    }

    /// Serves another set from now on, and tells clients of `server` which resources changed.
    ///
    /// # Errors
    /// A resource cannot be listed; the old set is served then.
    pub fn replace(&self, set: SkillSet, server: &Server) -> Result<(), BuildError> {
        let (old, new) = (self.set(), Arc::new(set));
        server.update(|update| {
            for uri in old.entries.keys().filter(|uri| !new.entries.contains_key(*uri)) {
                update.remove_resource(uri);
            }
            for (uri, entry) in &new.entries {
                if old.entries.get(uri) != Some(entry) {
                    update.add_resource(self.listed(&new, entry))?;
                }
            }
            self.set.store(Arc::clone(&new));
            Ok(())
        })?;
        let both: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
        for uri in both {
            let bytes = |set: &SkillSet| set.files.get(uri).map(|file| file.bytes.clone());
            if bytes(&old) != bytes(&new) {
                server.resource_updated(uri);
            }
        }
        Ok(())
    }

    fn listed(&self, set: &SkillSet, entry: &SkillEntry) -> ResourceEntry {
        let skills = self.clone();
        let read = move |context: Context| {
            let found = skills.read(context.request());
            async move { found }
        };
        let size = set.files.get(&entry.uri).map_or(0, |file| file.bytes.len() as u64);
        resource(&entry.uri, entry.name(), read)
            .description(entry.description())
            .mime_type("text/markdown")
            .size(size)
            .cache(self.kept())
    }

    /// How long, and by whom, what a caller gets may be kept.
    const fn kept(&self) -> CacheHint {
        if self.rule.is_some() { CacheHint::private(self.cache.ttl_ms) } else { self.cache }
    }

    /// Whether a caller may read a skill.
    fn may(&self, request: &Request, entry: &SkillEntry) -> bool {
        self.rule.as_ref().is_none_or(|rule| rule.allows(request, entry))
    }

    /// Whether a caller may read a file, or something in a directory.
    fn may_at(&self, request: &Request, set: &SkillSet, uri: &str) -> bool {
        self.rule.as_ref().is_none_or(|rule| rule.shows(request, set, uri))
    }

    fn read(&self, request: &Request) -> Result<ReadResourceResult, ResourceError> {
        let uri = request.params.get_str("uri").unwrap_or_default();
        let set = self.set.load();
        let file = set.files.get(&*uri).filter(|_| self.may_at(request, &set, &uri));
        let file = file.ok_or(ResourceError::NotFound)?;
        let mut result = match std::str::from_utf8(&file.bytes) {
            Ok(text) => ResourceContents::text(uri, text).into_resource()?,
            Err(_) => file.bytes.clone().into_resource()?,
        };
        for contents in &mut result.contents {
            contents.mime_type = Some(file.mime_type.to_owned());
        }
        Ok(result)
    }

    fn list(&self, request: &Request) -> Result<Value, RpcError> {
        let set = self.set.load();
        let shown = |(_, entry): &(&String, &SkillEntry)| self.may(request, entry);
        let entries = set.entries.iter().map(|(uri, entry)| (uri, entry.as_ref())).filter(shown);
        let mut result = page(request, self.page, "skills", entries, |after| {
            let rest = set.entries.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
            rest.map(|(uri, entry)| (uri, entry.as_ref())).filter(shown)
        })?;
        self.stamp(&mut result);
        Ok(result)
    }

    fn get(&self, request: &Request) -> Result<Value, RpcError> {
        let uri = member(request)?;
        let set = self.set.load();
        let entry = set.entries.get(&*uri).filter(|entry| self.may(request, entry));
        let entry = entry.ok_or_else(|| unknown("no skill is served there", &uri))?;
        let mut result = json!({ "skill": entry.as_ref() });
        self.stamp(&mut result);
        Ok(result)
    }

    fn directory(&self, request: &Request) -> Result<Value, RpcError> {
        let uri = member(request)?;
        let set = self.set.load();
        let shown = self.may_at(request, &set, &uri);
        let children = set.directories.get(&*uri).filter(|_| shown).ok_or_else(|| {
            let what = if shown && set.files.contains_key(&*uri) {
                "a file, not a directory"
            } else {
                "there is no such directory"
            };
            unknown(what, &uri)
        })?;
        let shown = |(uri, _): &(&String, &Resource)| self.may_at(request, &set, uri);
        page(request, self.page, "resources", children.iter().filter(shown), |after| {
            children.range::<str, _>((Bound::Excluded(after), Bound::Unbounded)).filter(shown)
        })
    }

    fn stamp(&self, result: &mut Value) {
        if let Some(members) = result.as_object_mut() {
            let cache = self.kept();
            members.insert("ttlMs".to_owned(), cache.ttl_ms.into());
            members.insert("cacheScope".to_owned(), serde_json::to_value(cache.scope).unwrap_or_default());
        }
    }
}

fn member(request: &Request) -> Result<std::borrow::Cow<'_, str>, RpcError> {
    request.params.get_str("uri").ok_or_else(|| RpcError::invalid_params("`uri` must be a string"))
}

fn unknown(what: &str, uri: &str) -> RpcError {
    RpcError::invalid_params(format!("`uri`: {what}")).with_data(json!({ "uri": uri }))
}

/// A page of what is sorted by URI. The cursor is the last URI of the page before, so that it stays good when others come and go.
fn page<'s, T: Serialize + 's, I: Iterator<Item = (&'s String, T)>, J: Iterator<Item = (&'s String, T)>>(
    request: &Request,
    size: usize,
    name: &str,
    all: I,
    after: impl FnOnce(&str) -> J,
) -> Result<Value, RpcError> {
    let mut items = match request.params.get("cursor") {
        None | Some("null") => take(all, size),
        Some(_) => {
            let cursor = request.params.get_str("cursor").filter(|cursor| cursor.starts_with("skill://"));
            let cursor =
                cursor.ok_or_else(|| RpcError::invalid_params("`cursor` is not one that was given out"))?;
            take(after(&cursor), size)
        }
    };
    let next = (items.len() > size)
        .then(|| items.truncate(size))
        .and_then(|()| items.last().map(|(uri, _)| (*uri).clone()));
    let items: Vec<T> = items.into_iter().map(|(_, item)| item).collect();
    let mut result = json!({ name: items });
    if let (Some(next), Some(members)) = (next, result.as_object_mut()) {
        members.insert("nextCursor".to_owned(), next.into());
    }
    Ok(result)
}

fn take<'s, T>(items: impl Iterator<Item = (&'s String, T)>, size: usize) -> Vec<(&'s String, T)> {
    items.take(size + 1).collect()
}

impl Extension for Skills {
    fn id(&self) -> &'static str {
        ID
    }

    fn settings(&self) -> Value {
        json!({ "directoryRead": true })
    }

    fn methods(&self) -> &'static [&'static str] {
        &["skills/list", "skills/get", "resources/directory/read"]
    }

    fn handle(&self, context: Context) -> ExtensionFuture<Body> {
        let request = context.request();
        let result = match request.method.as_str() {
            "skills/list" => self.list(request),
            "skills/get" => self.get(request),
            "resources/directory/read" => self.directory(request),
            other => Err(RpcError::method_not_found(other)),
        };
        Box::pin(async move { result.map(|value| Body::Object(RawJson::from(value))) })
    }
}
