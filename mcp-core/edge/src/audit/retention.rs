//! Taking the content of old entries away.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::chain::{self, Hash, Link};
use super::sealer::Sealer;
use super::{AuditError, AuditLog, Entry, StoreError, entry};
use crate::json;

/// How long content is kept, and whose is kept whatever its age (legal hold).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Content that is older is taken away.
    pub older_than: Duration,
    /// Organisations whose entries stay.
    pub hold_orgs: BTreeSet<String>,
    /// Users, as `org/user`, whose entries stay.
    pub hold_users: BTreeSet<String>,
}

/// What retention did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retained {
    /// Entries whose content was taken away.
    pub erased: u64,
    /// Entries that are as old and stay because of a hold.
    pub held: u64,
}

impl Retention {
    /// Keeps content for a time.
    #[must_use]
    pub const fn older_than(age: Duration) -> Self {
        Self { older_than: age, hold_orgs: BTreeSet::new(), hold_users: BTreeSet::new() }
    }

    /// Keeps what an organisation did.
    #[must_use]
    pub fn hold_org(mut self, org: impl Into<String>) -> Self {
        self.hold_orgs.insert(org.into());
        self
    }

    /// Keeps what a user did.
    #[must_use]
    pub fn hold_user(mut self, org: &str, user: &str) -> Self {
        self.hold_users.insert(format!("{org}/{user}"));
        self
    }

    fn holds(&self, said: &Said) -> bool {
        self.hold_orgs.contains(&said.org) || self.hold_users.contains(&format!("{}/{}", said.org, said.user))
    }
}

#[derive(Deserialize)]
struct Said {
    event: String,
    time: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    user: String,
}

/// An entry whose content goes.
struct Doomed {
    seq: u64,
    org: String,
    prev: Hash,
    hash: Hash,
}

impl AuditLog {
    /// Takes away the content of entries that are old enough and leaves their place in the chain; an entry says which. Entries
    /// about retention itself stay. `dry_run` only counts. Blocks, and keeps others from appending meanwhile.
    ///
    /// # Errors
    /// The store fails.
    pub fn retain(&self, retention: &Retention, dry_run: bool) -> Result<Retained, AuditError> {
        let (now, retention) = (self.now(), retention.clone());
        self.with(move |sealer| run(sealer, now, &retention, dry_run))?
    }
}

fn run(
    sealer: &mut Sealer,
    now: Duration,
    retention: &Retention,
    dry_run: bool,
) -> Result<Retained, AuditError> {
    let mut before = Vec::new();
    json::timestamp(&mut before, now.saturating_sub(retention.older_than));
    let before = String::from_utf8(before).unwrap_or_default();
    let limit = before.trim_matches('"');
    let (mut doomed, mut held) = (Vec::new(), 0);
    sealer.store.read(&mut |line| {
        let link = Link::parse(line, 0).map_err(StoreError::doing("read"))?;
        if link.erased_by.is_some() {
            return Ok(());
        }
        let said: Said = serde_json::from_str(line).map_err(StoreError::doing("read"))?;
        // Times are written alike, so that text compares as time does.
        if said.event == "retention" || said.time.as_str() >= limit {
            return Ok(());
        }
        if retention.holds(&said) {
            held += 1;
        } else {
            doomed.push(Doomed { seq: link.seq, org: said.org, prev: link.prev, hash: link.hash });
        }
        Ok(())
    })?;
    let retained = Retained { erased: doomed.len() as u64, held };
    if dry_run || doomed.is_empty() {
        return Ok(retained);
    }
    let mut body = Vec::new();
    entry::retention(&mut body, now, &before, &ranges(&doomed));
    // First it is said, then done: a crash in between leaves content that might be gone, and no content that is gone unsaid.
    let by = sealer.append("", body)?;
    sealer.store.sync()()?;
    let stubs: Vec<(u64, String, String, Hash)> = doomed
        .into_iter()
        .map(|Doomed { seq, org, prev, hash }| {
            (seq, org, String::from_utf8(chain::stub(seq, by, &prev, &hash)).unwrap_or_default(), hash)
        })
        .collect();
    let entries: Vec<_> =
        stubs.iter().map(|(seq, org, line, hash)| Entry::new(*seq, org, line, *hash)).collect();
    sealer.store.replace(&entries)?;
    Ok(retained)
}

/// Numbers that follow each other, as ranges.
fn ranges(doomed: &[Doomed]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for Doomed { seq, .. } in doomed {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *seq => *last = *seq,
            _ => ranges.push((*seq, *seq)),
        }
    }
    ranges
}
