//! What the tests share.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use mcp_memory::embed::{EmbedError, Embedder};
use mcp_memory::{Access, Draft, Memory, Scope, Search, Tenant};

/// A text's letters, counted: texts with the same letters mean the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letters;

impl Embedder for Letters {
    fn id(&self) -> &str {
        "letters"
    }

    fn dimension(&self) -> usize {
        26
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| letters(text)).collect())
    }
}

fn letters(text: &str) -> Vec<f32> {
    let mut counts = [0f32; 26];
    for letter in text.to_lowercase().bytes().filter(u8::is_ascii_lowercase) {
        counts[usize::from(letter - b'a')] += 1.0;
    }
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt().max(1.0);
    counts.iter().map(|count| count / length).collect()
}

/// A clock that a test moves.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000_000)))
    }

    pub(crate) fn forward(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(SeqCst)
    }
}

pub(crate) fn open(directory: &Path) -> Memory {
    Memory::builder(directory).embedder(Letters).open().unwrap()
}

pub(crate) fn user(memory: &Memory, org: &str, user: &str) -> Tenant {
    let team = Scope::Workspace("team".into());
    memory.of(Access::new(org, user).write(team).write(Scope::Org))
}

pub(crate) fn store(tenant: &Tenant, content: &str) -> mcp_memory::Id {
    tenant.store(&Scope::Private, Draft::new(content)).unwrap().id
}

pub(crate) fn found(tenant: &Tenant, query: &str) -> Vec<String> {
    tenant.search(&Search::new(query)).unwrap().hits.into_iter().map(|hit| hit.record.content).collect()
}

/// All bytes of all files of a directory.
pub(crate) fn bytes(directory: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { bytes(&path) } else { std::fs::read(path).unwrap() }).collect()
}

pub(crate) fn contains(haystack: &[u8], needle: impl AsRef<[u8]>) -> bool {
    let needle = needle.as_ref();
    haystack.windows(needle.len()).any(|window| window == needle)
}
