//! Documents and what other memories kept, as memories of the local stack.
//!
//! Both go into its directory, which several processes may have open, so that a stack that runs finds them at once. They do not come by a tool, and no
//! layer sees them; what looks like a credential is kept out here: a document that holds some is left out, and of an import the credential is taken out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;
use mcp_guardrails::detect::Secrets;
use mcp_guardrails::detect::redact::Redactor;
use mcp_memory::import::{Format, Imported, into, read};
use mcp_memory::ingest::{self, Ingest, Progress, Report};
use mcp_memory::{Access, Memory, MemoryError, Scope};
use serde::Serialize;

use crate::config::Config;
use crate::connect::directory;

/// Findings from here on are taken for credentials, as in the rules of the stack.
const CERTAIN: f32 = 0.8;
/// Bytes of a document that is looked at, as for reading.
const MOST: u64 = 32 * 1024 * 1024;
/// Files with such lines name what is left out, as `.gitignore` does.
const IGNORE: &str = ".memoryignore";

/// What came of documents.
#[derive(Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Remembered {
    /// What was read and stored.
    #[serde(flatten)]
    pub report: Report,
    /// Documents that were left out, for they hold what looks like a credential.
    pub withheld: Vec<Withheld>,
}

/// A document that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Withheld {
    /// The document.
    pub path: PathBuf,
    /// What it holds, e.g. `secret.github-token`.
    pub holds: String,
}

/// The memory of the local stack, as the person it belongs to.
#[derive(Debug, Clone)]
pub struct Store {
    memory: Memory,
    access: Access,
    secrets: Redactor,
}

impl Store {
    /// Opens what is in the directory of the stack.
    ///
    /// # Errors
    /// It cannot be made or opened.
    pub fn open(config: &Config) -> Result<Self, MemoryError> {
        let access = Access::new(&config.memory.org, &config.memory.user).write(Scope::Org);
        let secrets = Redactor::new(vec![Arc::new(Secrets::default())]).min_score(CERTAIN);
        Ok(Self { memory: Memory::open(directory(config).join("memory"))?, access, secrets })
    }

    /// Remembers a file, or a directory and keeps up with it; `told` hears how far it is.
    ///
    /// # Errors
    /// The memory cannot be written.
    pub fn ingest(
        &self,
        path: &Path,
        scope: Scope,
        tags: &[String],
        told: impl FnMut(&Progress<'_>),
    ) -> Result<Remembered, MemoryError> {
        let tenant = self.memory.of(self.access.clone());
        let mut ingest = tags.iter().fold(Ingest::new(&tenant, scope), |ingest, tag| ingest.tag(tag));
        let withheld = self.withheld(path);
        if !path.is_dir() {
            let report = if withheld.is_empty() { ingest.file(path)? } else { Report::default() };
            return Ok(Remembered { report, withheld });
        }
        for found in &withheld {
            let name = found.path.strip_prefix(path).unwrap_or(&found.path).to_string_lossy().into_owned();
            ingest = ingest.ignore(rule(&name));
        }
        let report = ingest.directory(path, told)?;
        Ok(Remembered { report, withheld })
    }

    /// Takes over what another memory kept; with `dry_run` it only says what would become of it.
    ///
    /// # Errors
    /// The file cannot be read, or the memory not written.
    pub fn import(
        &self,
        format: Format,
        path: &Path,
        scope: &Scope,
        dry_run: bool,
    ) -> Result<Imported, MemoryError> {
        let clean = |mut draft: mcp_memory::Draft| {
            draft.content = self.secrets.redact(&draft.content).text;
            draft
        };
        let entries = read(format, path)?.into_iter().map(|entry| entry.map(clean));
        into(&self.memory.of(self.access.clone()), scope, entries, dry_run)
    }

    /// The documents that hold what looks like a credential.
    fn withheld(&self, path: &Path) -> Vec<Withheld> {
        let mut walk = WalkBuilder::new(path);
        walk.git_global(false)
            .require_git(false)
            .add_custom_ignore_filename(IGNORE)
            .sort_by_file_path(Path::cmp);
        // What cannot be read here cannot be read there either, and stands in that report.
        let files = walk
            .build()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let holds = |entry: ignore::DirEntry| {
            let path = entry.into_path();
            self.holds(&path).map(|holds| Withheld { path, holds })
        };
        files.filter_map(holds).collect()
    }

    fn holds(&self, path: &Path) -> Option<String> {
        if path.metadata().ok()?.len() > MOST {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        let document = ingest::read(&bytes, &path.file_name()?.to_string_lossy()).ok()?;
        document.sections.iter().find_map(|section| {
            let findings = self.secrets.redact(&section.text).findings;
            findings.first().map(|finding| finding.kind.to_string())
        })
    }
}

/// A line of an ignore file that names one document.
fn rule(name: &str) -> String {
    let mut rule = String::from("/");
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!' | '#' | ' ') {
            rule.push('\\');
        }
        rule.push(c);
    }
    rule
}
