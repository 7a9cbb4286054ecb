//! The tools behind, as the caller may see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::source::{Loaded, McpList, Source};
use crate::{Catalog, PatternError};

/// What stands for the service behind in ids.
const BEHIND: &str = "behind";
/// Tools that are known at once, and lists that are kept.
const TOOLS: usize = 20_000;
const LISTS: usize = 64;

/// The id of a tool in the catalogue.
pub(super) fn id(name: &str) -> String {
    format!("tool:{BEHIND}/{name}")
}

/// All tools that were seen in anybody's list, to be ranked. What a caller is told of them comes from the caller's own list.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<BTreeMap<String, Value>>>);

impl Source for Pool {
    fn name(&self) -> String {
        BEHIND.to_owned()
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        McpList::tools(BEHIND, self.0.lock().values().cloned().collect()).load()
    }
}

impl Pool {
    /// Takes in the tools of a list; whether any was new or different.
    fn add(&self, tools: &[(String, Value)]) -> bool {
        let mut pool = self.0.lock();
        let mut changed = false;
        for (name, tool) in tools {
            if pool.get(name) != Some(tool) && (pool.len() < TOOLS || pool.contains_key(name)) {
                pool.insert(name.clone(), tool.clone());
                changed = true;
            }
        }
        changed
    }
}

/// What a list of the service behind says.
#[derive(Debug)]
pub(super) struct List {
    /// The members of the result beside the tools.
    pub(super) members: Map<String, Value>,
    /// By name, in the order of the list.
    pub(super) tools: Vec<(String, Value)>,
}

impl List {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.tools.iter().find(|(other, _)| other == name).map(|(_, tool)| tool)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.tools.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Lists that were read, by the digest of their bytes: most callers see the same.
#[derive(Debug, Default)]
pub(super) struct Lists(Mutex<Vec<([u8; 32], Arc<List>)>>);

impl Lists {
    /// Reads the pages of a list, and lets the catalogue know of tools that are new.
    pub(super) fn read(&self, pages: &[bytes::Bytes], pool: &Pool, catalog: &Catalog) -> Option<Arc<List>> {
        let mut hash = Sha256::new();
        for page in pages {
            hash.update((page.len() as u64).to_le_bytes());
            hash.update(page);
        }
        let key: [u8; 32] = hash.finalize().into();
        if let Some((_, list)) = self.0.lock().iter().find(|(other, _)| *other == key) {
            return Some(Arc::clone(list));
        }
        let mut list = List { members: Map::new(), tools: Vec::new() };
        for page in pages {
            let Ok(Value::Object(mut members)) = serde_json::from_slice(page) else { return None };
            let Some(Value::Array(tools)) = members.remove("tools") else { return None };
            members.remove("nextCursor");
            if list.members.is_empty() {
                list.members = members;
            }
            let named =
                tools.into_iter().filter_map(|tool| Some((tool.get("name")?.as_str()?.to_owned(), tool)));
            list.tools.extend(named.filter(|(name, _)| name != super::SEARCH && name != super::CALL));
        }
        if pool.add(&list.tools) {
            catalog.reload();
        }
        let list = Arc::new(list);
        let mut lists = self.0.lock();
        if lists.len() >= LISTS {
            lists.remove(0);
        }
        lists.push((key, Arc::clone(&list)));
        Some(list)
    }
}
