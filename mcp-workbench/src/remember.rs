//! Documents and what other memories kept, as memories of the local stack.
//!
//! Both go into its directory, which several processes may have open, so that a stack that runs finds them at once. They do not come by a tool, and no
//! layer sees them; what looks like a credential is kept out here: a document that holds some is left out, and of an import the credential is taken out.

use std::path::Path;
use std::sync::Arc;

use mcp_guardrails::detect::Secrets;
use mcp_guardrails::detect::redact::Redactor;
use mcp_memory::import::{Format, Imported, into, read};
use mcp_memory::ingest::{Document, Ingest, Progress, Report};
use mcp_memory::{Access, Memory, MemoryError, Scope};

use crate::config::Config;
use crate::connect::directory;
use crate::kept;

/// Findings from here on are taken for credentials, as in the rules of the stack.
const CERTAIN: f32 = 0.8;

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
        Ok(Self { memory: kept::memory(&directory(config), &config.memory)?, access, secrets })
    }

    /// Remembers a file, or a directory and keeps up with it; `told` hears how far it is. What looks like it holds a credential is withheld, and the
    /// report says what kind it is.
    ///
    /// # Errors
    /// The memory cannot be written.
    pub fn ingest(
        &self,
        path: &Path,
        scope: Scope,
        tags: &[String],
        told: impl FnMut(&Progress<'_>),
    ) -> Result<Report, MemoryError> {
        let tenant = self.memory.of(self.access.clone());
        let secrets = self.secrets.clone();
        let ingest = tags.iter().fold(Ingest::new(&tenant, scope), |ingest, tag| ingest.tag(tag));
        let ingest = ingest.withhold(move |document| holds(&secrets, document));
        if path.is_dir() { ingest.directory(path, told) } else { ingest.file(path) }
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
}

/// What of a document looks like a credential, e.g. `secret.github-token`.
fn holds(secrets: &Redactor, document: &Document) -> Option<String> {
    let texts = document.sections.iter().flat_map(|section| section.headings.iter().chain([&section.text]));
    texts.flat_map(|text| secrets.redact(text).findings).next().map(|finding| finding.kind.to_string())
}
