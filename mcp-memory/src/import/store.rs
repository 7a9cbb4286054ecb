//! Storing what was read.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Entry, Problem};
use crate::filter::Filter;
use crate::{Draft, MemoryError, Scope, Tenant};

/// Memories that are stored at once.
const BATCH: usize = 1_000;

/// What became of the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Memories that were stored, or would be.
    pub memories: usize,
    /// Entries that were there already: imported before, or with the same text in the same conversation.
    pub there: usize,
    /// What was left out, and why.
    pub left_out: Vec<Problem>,
}

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({ "entry": self.entry, "problem": self.problem }).serialize(serializer)
    }
}

/// Stores what [`read`](super::read) found in a scope; with `dry_run` it only says what would become of it. What is wrong with one entry keeps no other out.
///
/// # Errors
/// The caller may not write there, or the store cannot be read or written: what was stored before that stays, and the import can be done again.
pub fn into(
    tenant: &Tenant,
    scope: &Scope,
    entries: impl IntoIterator<Item = Entry>,
    dry_run: bool,
) -> Result<Imported, MemoryError> {
    tenant.access().check_write(scope)?;
    let (mut imported, mut known) = (Imported::default(), origins(tenant, scope)?);
    let mut batch = Vec::new();
    for entry in entries {
        let checked = entry.and_then(|draft| match Tenant::check(&draft) {
            Ok(()) => Ok(draft),
            Err(problem) => Err(Problem::new(label(&draft), problem.to_string())),
        });
        let draft = match checked {
            Ok(draft) => draft,
            Err(problem) => {
                imported.left_out.push(problem);
                continue;
            }
        };
        if origin(&draft.metadata).is_some_and(|origin| !known.insert(origin)) {
            imported.there += 1;
            continue;
        }
        batch.push(draft);
        if batch.len() == BATCH {
            keep(tenant, scope, std::mem::take(&mut batch), dry_run, &mut imported)?;
        }
    }
    keep(tenant, scope, batch, dry_run, &mut imported)?;
    Ok(imported)
}

fn keep(
    tenant: &Tenant,
    scope: &Scope,
    batch: Vec<Draft>,
    dry_run: bool,
    imported: &mut Imported,
) -> Result<(), MemoryError> {
    let all = batch.len();
    let new = if dry_run {
        let mut seen = HashSet::new();
        let mut new = 0;
        for draft in batch {
            let there = tenant.has(scope, &draft)?;
            let first = seen.insert((draft.content.trim().to_owned(), draft.session, draft.sequence));
            new += usize::from(first && !there);
        }
        new
    } else {
        tenant.store_all(scope, batch)?.iter().filter(|stored| stored.new).count()
    };
    imported.memories += new;
    imported.there += all - new;
    Ok(())
}

/// Which entries of which systems were imported into a scope before.
fn origins(tenant: &Tenant, scope: &Scope) -> Result<HashSet<(String, String)>, MemoryError> {
    let filter = json!({ "metadata.imported.id": "*" });
    let filter = Filter::parse(&filter).map_err(|error| MemoryError::invalid("filter", error.to_string()))?;
    let mut origins = HashSet::new();
    for id in tenant.which(scope, &filter)? {
        match tenant.get(&id) {
            Ok((record, _)) => origins.extend(origin(&record.metadata)),
            // Deleted meanwhile.
            Err(MemoryError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(origins)
}

/// Where an entry comes from, where that tells it from all others.
fn origin(metadata: &serde_json::Map<String, Value>) -> Option<(String, String)> {
    let imported = metadata.get("imported")?;
    let member = |name: &str| imported.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some((member("from")?.to_owned(), member("id")?.to_owned()))
}

/// How an entry that was read is called.
fn label(draft: &Draft) -> String {
    origin(&draft.metadata).map_or_else(|| draft.content.chars().take(40).collect(), |(_, id)| id)
}
