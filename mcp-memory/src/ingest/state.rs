//! What is remembered of documents. It is asked of the memories themselves: there is no list beside them that could say otherwise.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::filter::Filter;
use crate::{MemoryError, Record, Scope, Tenant};

/// Memories on a page of what is remembered.
const PAGE: usize = 1_000;
/// Memories that are stored at once.
pub(super) const BATCH: usize = 1_000;

/// Which documents are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of<'a> {
    /// One of them.
    File(&'a str),
    /// Those of a directory.
    Under(&'a str),
}

/// What is remembered of a document.
#[derive(Debug, Default)]
pub(super) struct Known {
    copies: HashMap<Copy, i64>,
    /// The number of the next part: higher than that of any there is.
    pub(super) next: i64,
    /// The directories that it came from.
    pub(super) roots: Vec<String>,
}

/// A document as it was at some time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Copy {
    hash: String,
    /// The number of its last part.
    last: i64,
}

impl Known {
    fn add(&mut self, record: &Record) {
        let text = |name: &str| record.metadata.get(name).and_then(Value::as_str);
        let number = |name: &str| record.metadata.get(name).and_then(Value::as_i64);
        let (Some(hash), Some(part), Some(last)) = (text("hash"), number("part"), number("last")) else {
            return;
        };
        let highest = self.copies.entry(Copy { hash: hash.to_owned(), last }).or_insert(part);
        *highest = part.max(*highest);
        self.next = self.next.max(part.saturating_add(1)).max(last.saturating_add(1));
        let root = text("root").unwrap_or_default();
        if !root.is_empty() && !self.roots.iter().any(|known| known == root) {
            self.roots.push(root.to_owned());
        }
    }

    /// The last part of a whole copy with a hash. Whoever deleted parts of one by hand does not want them back, so it is whole if
    /// anything of the batch that was stored last is there.
    pub(super) fn whole(&self, hash: &str) -> Option<i64> {
        let whole = |copy: &Copy, part: i64| copy.hash == hash && part > copy.last - BATCH as i64;
        self.copies.iter().find(|(copy, part)| whole(copy, **part)).map(|(copy, _)| copy.last)
    }

    /// Whether there is more than one copy: something was cut off.
    pub(super) fn has_others(&self) -> bool {
        self.copies.len() > 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }
}

/// What the memory of a part says of its document.
pub(super) fn mark(file: &str, hash: &str, root: Option<&str>, last: i64) -> Map<String, Value> {
    let mut mark = Map::new();
    mark.insert("file".into(), file.into());
    mark.insert("hash".into(), hash.into());
    mark.insert("last".into(), last.into());
    mark.extend(root.map(|root| ("root".to_owned(), root.into())));
    mark
}

/// Conditions that only memories of documents meet: another may have a `file` in its metadata, too.
fn conditions(of: Of<'_>) -> Value {
    let file = match of {
        Of::File(file) => json!({ "eq": file }),
        Of::Under("") => json!({ "exists": true }),
        Of::Under(name) => json!({ "prefix": format!("{name}/") }),
    };
    let there = json!({ "exists": true });
    json!({ "metadata.file": file, "metadata.hash": there, "metadata.part": there, "metadata.last": there })
}

fn filter(json: &Value) -> Result<Filter, MemoryError> {
    Filter::parse(json).map_err(|error| MemoryError::invalid("filter", error.to_string()))
}

/// What is remembered of documents, by their names.
pub(super) fn known(
    tenant: &Tenant,
    scope: &Scope,
    of: Of<'_>,
) -> Result<HashMap<String, Known>, MemoryError> {
    let filter = filter(&conditions(of))?;
    let (mut known, mut after): (HashMap<String, Known>, _) = (HashMap::new(), None);
    loop {
        let page = tenant.list(scope, &filter, after, PAGE)?;
        for record in &page.records {
            if let Some(file) = record.metadata.get("file").and_then(Value::as_str) {
                known.entry(file.to_owned()).or_default().add(record);
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(known),
        }
    }
}

/// Forgets a document; or all of it but the copy with a hash that ends with a part.
pub(super) fn forget(
    tenant: &Tenant,
    scope: &Scope,
    file: &str,
    except: Option<(&str, i64)>,
) -> Result<(), MemoryError> {
    let mut json = conditions(Of::File(file));
    if let Some((hash, last)) = except {
        json["any"] = json!([{ "metadata.hash": { "ne": hash } }, { "metadata.last": { "ne": last } }]);
    }
    tenant.delete_where(scope, &filter(&json)?, false).map(drop)
}
