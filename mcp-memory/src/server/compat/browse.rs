//! Going through memories by pages with a number.

use serde_json::Value;

use crate::filter::Filter;
use crate::{MemoryError, Record, Scope, Tenant};

/// Reads a filter that was made here of an argument.
pub(super) fn filter(field: &'static str, json: &Value) -> Result<Filter, MemoryError> {
    Filter::parse(json).map_err(|error| MemoryError::invalid(field, error.problem))
}

/// Memories of some scopes that pass a filter, the newest first, and how many there are in all.
pub(super) fn browse(
    tenant: &Tenant,
    scopes: &[Scope],
    filter: &Filter,
    skip: usize,
    take: usize,
) -> Result<(Vec<(Record, Scope)>, usize), MemoryError> {
    let (mut found, mut all) = (Vec::new(), 0);
    for scope in scopes {
        let ids = tenant.which(scope, filter)?;
        all += ids.len();
        let first = if scopes.len() == 1 { skip } else { 0 };
        for id in ids.iter().skip(first).take((skip - first).saturating_add(take)) {
            match tenant.get(id) {
                Ok(memory) => found.push(memory),
                // Deleted meanwhile.
                Err(MemoryError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    if scopes.len() > 1 {
        found.sort_by_key(|(record, _)| std::cmp::Reverse((record.created, record.id)));
        found = found.into_iter().skip(skip).take(take).collect();
    }
    Ok((found, all))
}

/// The place where a page begins.
pub(super) fn start(page: usize, size: usize) -> Result<usize, MemoryError> {
    if page == 0 {
        return Err(MemoryError::invalid("page", "must be 1 or more"));
    }
    if size == 0 || size > 100 {
        return Err(MemoryError::invalid("page_size", "must be from 1 to 100"));
    }
    Ok((page - 1).saturating_mul(size))
}
