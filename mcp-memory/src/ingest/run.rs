//! Documents become memories.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::{fmt, fs};

use aws_lc_rs::digest::{Context, SHA256};

use super::chunk::{self, Chunk};
use super::document::Document;
use super::format::{Format, read};
use super::report::{Progress, Report};
use super::state::{self, BATCH, Known, Of};
use super::{IngestError, walk};
use crate::{Draft, MemoryError, Scope, Tenant};

/// Counted up when readers or chunks change, so that what is remembered is read anew.
const EDITION: &str = "2";
/// Bytes of a document where nothing else is said.
const MOST: u64 = 32 * 1024 * 1024;
/// Bytes of a name in a memory.
const NAME: usize = 512;

/// Turns documents into memories of a scope, and keeps these as the documents are.
///
/// A document is known by its path, which begins with the name of its directory; its parts are one session, in order, so that a part
/// that is found brings its neighbours along. Each says in its metadata which `file` it is of, and by a `hash` what that was like.
#[derive(Debug, Clone)]
#[must_use = "it stores nothing until it is told what"]
pub struct Ingest {
    tenant: Tenant,
    scope: Scope,
    chunk: usize,
    max_bytes: u64,
    tags: Vec<String>,
    kind: Option<String>,
    ignore: Vec<String>,
    hidden: bool,
    under: Option<String>,
    keep_gone: bool,
    withhold: Option<Withhold>,
}

#[derive(Clone)]
struct Withhold(Arc<Judge>);

/// Says why a document is not to be remembered, if it is not.
type Judge = dyn Fn(&Document) -> Option<String> + Send + Sync;

impl fmt::Debug for Withhold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withhold")
    }
}

/// A document, and where it comes from.
struct Source<'a> {
    name: &'a str,
    /// The mark of the directory it is from, unless the caller named that.
    root: Option<&'a str>,
    bytes: &'a [u8],
}

impl Ingest {
    /// Documents for a scope that the tenant may write.
    pub fn new(tenant: &Tenant, scope: Scope) -> Self {
        Self {
            tenant: tenant.clone(),
            scope,
            chunk: chunk::SIZE,
            max_bytes: MOST,
            tags: Vec::new(),
            kind: None,
            ignore: Vec::new(),
            hidden: false,
            under: None,
            keep_gone: false,
            withhold: None,
        }
    }

    /// Characters of a memory (default: 1,000; from 64 to 12,000). What was remembered otherwise is read anew.
    pub const fn chunk(mut self, characters: usize) -> Self {
        self.chunk = characters;
        self
    }

    /// Bytes that a document may have (default: 32 MiB). A larger one is skipped.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Adds a tag to all memories.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The kind of all memories (default: `document`, and `message` for what was said in a conversation).
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Leaves out what a rule names, written as in `.gitignore`; those of `.gitignore` and `.memoryignore` files hold anyway. With an
    /// exclamation mark before it, only what a rule names is read.
    pub fn ignore(mut self, rule: impl Into<String>) -> Self {
        self.ignore.push(rule.into());
        self
    }

    /// Reads hidden files, too (default: no).
    pub const fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// What the paths of documents begin with (default: the name of their directory). Whoever gives a name says that it is the same
    /// collection wherever it is; two directories must not have the same.
    pub fn under(mut self, name: impl Into<String>) -> Self {
        self.under = Some(name.into());
        self
    }

    /// Whether memories of documents that are gone from a directory are kept (default: no).
    pub const fn keep_gone(mut self, keep: bool) -> Self {
        self.keep_gone = keep;
        self
    }

    /// Asks about each document that is new or changed, once it was read and before any of it is stored: what there is a reason against is not
    /// remembered, nor is what was remembered of it before.
    pub fn withhold(mut self, reason: impl Fn(&Document) -> Option<String> + Send + Sync + 'static) -> Self {
        self.withhold = Some(Withhold(Arc::new(reason)));
        self
    }

    /// Remembers a file. It is known by its name and that of the directory it is in.
    ///
    /// # Errors
    /// The caller may not write there, or the store cannot be written. A file that cannot be read is in the report.
    pub fn file(&self, path: impl AsRef<Path>) -> Result<Report, MemoryError> {
        let (mut report, path) = (Report::default(), path.as_ref());
        let path = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let directory = path.parent().unwrap_or(&path);
        let (full, root) = (self.named(directory, &name), self.root(directory));
        let known = state::known(&self.tenant, &self.scope, Of::File(&full))?;
        self.check_root(&full, root.as_deref(), &known)?;
        match walk::load(&path, &name, self.max_bytes) {
            Ok(bytes) => {
                let source = Source { name: &full, root: root.as_deref(), bytes: &bytes };
                self.remember(&source, known.get(&full), &mut report)?;
            }
            Err(error) => report.skip(&full, &error),
        }
        Ok(report)
    }

    /// Remembers a document that is no file, by a name of the caller's. The name's extension tells the format.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn bytes(&self, name: &str, bytes: &[u8]) -> Result<Report, MemoryError> {
        let mut report = Report::default();
        let name = self.under.as_ref().map_or_else(|| name.to_owned(), |under| joined(under, name));
        if bytes.len() as u64 > self.max_bytes {
            report.skip(&name, &IngestError::TooLarge { what: "too many bytes", most: self.max_bytes });
            return Ok(report);
        }
        let known = state::known(&self.tenant, &self.scope, Of::File(&name))?;
        self.remember(&Source { name: &name, root: None, bytes }, known.get(&name), &mut report)?;
        Ok(report)
    }

    /// Remembers the documents of a directory as they are now: what did not change is not stored again, and what is gone is forgotten.
    ///
    /// # Errors
    /// As [`file`](Self::file); or the directory cannot be read, a rule is none, or another directory of the same name is remembered.
    pub fn directory(
        &self,
        path: impl AsRef<Path>,
        mut progress: impl FnMut(&Progress<'_>),
    ) -> Result<Report, MemoryError> {
        let path = path.as_ref();
        let path = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
        fs::read_dir(&path).map_err(|error| unreadable(&path, &error))?;
        let (under, root) = (self.collection(&path), self.root(&path));
        let known = state::known(&self.tenant, &self.scope, Of::Under(&under))?;
        self.check_root(&under, root.as_deref(), &known)?;
        let walked = walk::walk(&path, &self.ignore, self.hidden)?;
        let (mut report, mut there) = (Report::default(), HashSet::new());
        let total = walked.files.len();
        for (at, (path, name)) in walked.files.iter().enumerate() {
            let full = joined(&under, name);
            match walk::load(path, name, self.max_bytes) {
                Ok(bytes) => {
                    let source = Source { name: &full, root: root.as_deref(), bytes: &bytes };
                    self.remember(&source, known.get(&full), &mut report)?;
                    there.insert(full);
                }
                // What has no text is no document; but what is called one is missed.
                Err(IngestError::Binary) if Format::by_name(name).is_none() => {}
                Err(error) => {
                    report.skip(&full, &error);
                    there.insert(full);
                }
            }
            progress(&Progress { done: at + 1, total, path: name });
        }
        if walked.failed.is_empty() && !self.keep_gone {
            for file in known.keys().filter(|file| !there.contains(*file)) {
                state::forget(&self.tenant, &self.scope, file, None)?;
                report.removed += 1;
            }
        }
        for (path, problem) in walked.failed {
            report.skip(&path, &problem);
        }
        Ok(report)
    }

    fn collection(&self, directory: &Path) -> String {
        let name = || directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.under.clone().unwrap_or_else(name)
    }

    fn named(&self, directory: &Path, name: &str) -> String {
        joined(&self.collection(directory), name)
    }

    /// Tells directories of the same name apart, without telling where they are.
    fn root(&self, directory: &Path) -> Option<String> {
        let path = directory.as_os_str().as_encoded_bytes();
        self.under.is_none().then(|| hex(&[path]).chars().take(16).collect())
    }

    /// Refuses to put the documents of one directory in the place of another's.
    fn check_root(
        &self,
        name: &str,
        root: Option<&str>,
        known: &HashMap<String, Known>,
    ) -> Result<(), MemoryError> {
        let other =
            root.is_some_and(|root| known.values().any(|known| known.roots.iter().any(|it| it != root)));
        if other {
            let problem =
                format!("another directory is remembered as `{name}`: give this one a name by `under`");
            return Err(MemoryError::invalid("under", problem));
        }
        Ok(())
    }

    /// Stores a document, unless it is remembered as it is.
    fn remember(
        &self,
        source: &Source<'_>,
        known: Option<&Known>,
        report: &mut Report,
    ) -> Result<(), MemoryError> {
        let (nothing, hash) = (Known::default(), self.hash(source.bytes));
        let known = known.unwrap_or(&nothing);
        let forget = |last| state::forget(&self.tenant, &self.scope, source.name, Some((&hash, last)));
        if let Some(last) = known.whole(&hash) {
            report.files += 1;
            report.unchanged += 1;
            return if known.has_others() { forget(last) } else { Ok(()) };
        }
        let document = match read(source.bytes, source.name) {
            Ok(document) => document,
            Err(error) => {
                report.skip(source.name, &error);
                return Ok(());
            }
        };
        if let Some(reason) = self.withhold.as_ref().and_then(|Withhold(asked)| asked(&document)) {
            if !known.is_empty() {
                state::forget(&self.tenant, &self.scope, source.name, None)?;
                report.removed += 1;
            }
            report.withhold(source.name, reason);
            return Ok(());
        }
        let chunks = document.chunks(self.chunk);
        report.files += 1;
        let last = known.next + chunks.len() as i64 - 1;
        let mut drafts: Vec<Draft> = Vec::with_capacity(chunks.len());
        for (part, chunk) in (known.next..).zip(chunks) {
            drafts.push(self.draft(source, &hash, chunk, (part, last)));
        }
        // INVARIANT: the batch with the last part is stored last, and before anything is deleted: see `Known::whole`.
        while !drafts.is_empty() {
            let rest = drafts.len() % BATCH;
            let batch = drafts.drain(..if rest == 0 { BATCH } else { rest }).collect();
            let stored = self.tenant.store_all(&self.scope, batch)?;
            report.memories += stored.iter().filter(|stored| stored.new).count();
        }
        if known.is_empty() { Ok(()) } else { forget(last) }
    }

    fn draft(&self, source: &Source<'_>, hash: &str, chunk: Chunk, (part, last): (i64, i64)) -> Draft {
        let mut draft = Draft::new(chunk.content());
        draft.tags.clone_from(&self.tags);
        draft.metadata = state::mark(source.name, hash, source.root, last);
        draft.metadata.insert("part".into(), part.into());
        draft.sequence = Some(part);
        draft.source = Some(fitting("", source.name));
        let kind = match chunk.turn {
            Some(turn) => {
                draft.session = Some(fitting("", &turn.conversation)).filter(|name| !name.is_empty());
                draft.speaker = Some(fitting("", &turn.speaker)).filter(|name| !name.is_empty());
                draft.created = turn.time;
                draft.metadata.extend(turn.title.map(|title| ("title".to_owned(), title.into())));
                "message"
            }
            None => "document",
        };
        draft.session = draft.session.or_else(|| Some(fitting("file:", source.name)));
        draft.kind(self.kind.as_deref().unwrap_or(kind))
    }

    /// Equal where a document would be remembered the same.
    fn hash(&self, bytes: &[u8]) -> String {
        let how = serde_json::json!([EDITION, self.chunk, self.kind, self.tags]).to_string();
        hex(&[how.as_bytes(), bytes])
    }
}

fn joined(under: &str, name: &str) -> String {
    if under.is_empty() { name.to_owned() } else { format!("{under}/{name}") }
}

fn unreadable(path: &Path, error: &std::io::Error) -> MemoryError {
    MemoryError::invalid("path", format!("`{}` cannot be read: {error}", path.display()))
}

/// A name as a memory can have it: one that is too long or has control characters is told by its hash.
fn fitting(before: &str, name: &str) -> String {
    let name = name.trim();
    let fits = before.len() + name.len() <= NAME && !name.chars().any(char::is_control);
    if fits { format!("{before}{name}") } else { format!("{before}{}", hex(&[name.as_bytes()])) }
}

fn hex(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
