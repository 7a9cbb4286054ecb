//! The hash that they call a memory by: SHA-256 of its text in lower case, without the space around it.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;

use super::super::browse::filter;
use crate::filter::Filter;
use crate::{Id, MemoryError, Record, Scope, Tenant};

/// The member of the metadata that makes a hash quick to find.
pub(super) const MEMBER: &str = "content_hash";

pub(super) fn of(content: &str) -> String {
    let bytes = digest(&SHA256, content.trim().to_lowercase().as_bytes());
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The memories that a hash names, wherever the caller may read, the newest first: several where texts differ in case only. One of our identifiers
/// names one.
///
/// # Errors
/// There is none.
pub(super) fn find(tenant: &Tenant, hash: &str) -> Result<Vec<(Record, Scope)>, MemoryError> {
    let hash = hash.trim().to_lowercase();
    if let Ok(id) = hash.parse::<Id>() {
        return tenant.get(&id).map(|found| vec![found]);
    }
    let missing = || MemoryError::NotFound { id: hash.clone() };
    if hash.len() != 64 {
        return Err(missing());
    }
    let quick = filter(MEMBER, &json!({ format!("metadata.{MEMBER}"): hash }))?;
    // Those that came in another way, or were changed since, are found by what they say.
    for filter in [quick, Filter::everything()] {
        let found = those(tenant, &hash, &filter)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(missing())
}

fn those(tenant: &Tenant, hash: &str, filter: &Filter) -> Result<Vec<(Record, Scope)>, MemoryError> {
    let mut found = Vec::new();
    for scope in tenant.access().reads() {
        for id in tenant.which(scope, filter)? {
            match tenant.get(&id) {
                Ok((record, scope)) if of(&record.content) == hash => found.push((record, scope)),
                Ok(_) | Err(MemoryError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_hash_is_of_the_text_alone() {
        let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        for text in ["hello", " Hello\n", "HELLO"] {
            assert_eq!(of(text), hash, "{text}");
        }
        assert_ne!(of("hello!"), hash);
    }
}
