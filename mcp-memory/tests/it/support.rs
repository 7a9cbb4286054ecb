//! What the tests share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use mcp_memory::embed::{EmbedError, Embedder};
use mcp_memory::{Access, Draft, Memory, MemoryBuilder, Scope, Search, Tenant};
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use crate::postgres::Schema;

/// Says that a test is left out, as something is not there. In CI nothing may be.
#[cfg(any(feature = "kv", feature = "postgres"))]
pub(crate) fn leave_out(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what}, and CI must not leave a test out");
    eprintln!("SKIPPED: {what}");
}

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

/// Where a test keeps a memory: files in a directory, or a schema of PostgreSQL and a directory for the rest.
#[derive(Debug)]
pub(crate) struct Place {
    directory: PathBuf,
    schema: Option<String>,
    /// The schema of the key ring, in another database; a file where there is none.
    keys: Option<String>,
    /// Whoever made it removes it.
    _made: Vec<Made>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "what is in it is removed with it")]
enum Made {
    Directory(TempDir),
    #[cfg(feature = "postgres")]
    Schema(Schema),
}

impl Place {
    pub(crate) fn in_files() -> Self {
        let made = tempfile::tempdir().unwrap();
        let directory = made.path().to_owned();
        Self { directory, schema: None, keys: None, _made: vec![Made::Directory(made)] }
    }

    /// Of PostgreSQL at `MCP_TEST_POSTGRES_URL`. Where there is none, files have to do.
    #[cfg(feature = "postgres")]
    pub(crate) fn in_postgres() -> Self {
        let mut place = Self::in_files();
        if Schema::is_there() {
            let schema = Schema::new();
            place.schema = Some(schema.0.clone());
            place._made.push(Made::Schema(schema));
        }
        place
    }

    /// The same with keys in PostgreSQL.
    #[cfg(feature = "postgres")]
    pub(crate) fn with_keys(mut self, keys: Schema) -> Self {
        self.keys = Some(keys.0.clone());
        self._made.push(Made::Schema(keys));
        self
    }

    /// That of another process, which told where it is.
    pub(crate) fn of_environment() -> Self {
        let directory = std::env::var_os("MEMORY_TEST_DIRECTORY").unwrap().into();
        let [schema, keys] = ["MEMORY_TEST_SCHEMA", "MEMORY_TEST_KEYS"].map(|name| std::env::var(name).ok());
        Self { directory, schema, keys, _made: Vec::new() }
    }

    /// The same, with a directory of its own for what is not in the database: another machine.
    #[cfg(feature = "postgres")]
    pub(crate) fn elsewhere(&self) -> Self {
        Self { schema: self.schema.clone(), keys: self.keys.clone(), ..Self::in_files() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// Tells a process that is going to be started.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env("MEMORY_TEST_DIRECTORY", &self.directory);
        for (name, schema) in [("MEMORY_TEST_SCHEMA", &self.schema), ("MEMORY_TEST_KEYS", &self.keys)] {
            if let Some(schema) = schema {
                command.env(name, schema);
            }
        }
    }
}

/// What a memory is opened by.
pub(crate) trait Opens {
    fn builder(&self) -> MemoryBuilder;
}

impl Opens for Path {
    fn builder(&self) -> MemoryBuilder {
        Memory::builder(self)
    }
}

impl Opens for Place {
    fn builder(&self) -> MemoryBuilder {
        let builder = Memory::builder(&self.directory);
        #[cfg(feature = "postgres")]
        let builder = match &self.schema {
            Some(schema) => builder.postgres(crate::postgres::at(schema)),
            None => builder,
        };
        #[cfg(feature = "postgres")]
        let builder = match &self.keys {
            Some(schema) => builder.key_ring_in_postgres(crate::postgres::keys_at(schema)),
            None => builder,
        };
        builder
    }
}

pub(crate) fn open(at: &(impl Opens + ?Sized)) -> Memory {
    at.builder().embedder(Letters).open().unwrap()
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
