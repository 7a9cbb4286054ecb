//! Memories that say nearly the same, tied together and left as they are.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::alike::{candidates, hashed, jaccard};
use super::tied::Ties;
use super::words::Marks;
use super::{Part, Plan};
use crate::{Id, MemoryError, Record, Relation, Tenant};

/// What counts as nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Similar {
    /// What part of their words and pairs of words two texts must share, from 0 to 1.
    pub jaccard: f32,
    /// Shorter texts, in words, are left alone: everybody says "that's fine, thanks".
    pub words: usize,
}

impl Default for Similar {
    fn default() -> Self {
        Self { jaccard: 0.7, words: 5 }
    }
}

/// Memories that say nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cluster {
    /// The memories, the oldest first. Each says nearly what one before it says.
    pub ids: Vec<Id>,
    /// How much the two have in common that have least, of those that are tied.
    pub jaccard: f32,
}

/// A memory, the one before it that is most like it, and how much that is.
#[derive(Debug, Clone, Copy)]
struct Tie {
    later: usize,
    earlier: usize,
    jaccard: f32,
}

impl Similar {
    pub(super) fn check(&self) -> Result<(), MemoryError> {
        if self.jaccard > 0.0 && self.jaccard <= 1.0 {
            return Ok(());
        }
        Err(MemoryError::invalid("similar.jaccard", "must be above 0 and at most 1"))
    }
}

pub(super) fn run(
    tenant: &Tenant,
    records: &[Record],
    tied: &Ties,
    similar: &Similar,
    plan: &Plan,
) -> Result<Part<Cluster>, MemoryError> {
    let (mut part, mut new, mut known) = (Part::default(), Vec::new(), Vec::new());
    for tie in ties(tenant, records, similar) {
        let (Some(later), Some(earlier)) = (records.get(tie.later), records.get(tie.earlier)) else {
            continue;
        };
        match tied.of(later.id, earlier.id).contains(&Relation::Similar) {
            true => known.push(tie),
            false => new.push(tie),
        }
    }
    (part.found, part.known) = (new.len(), known.len());
    part.left_out = new.len().saturating_sub(plan.limit);
    new.truncate(plan.limit);
    if !plan.dry_run {
        for tie in &new {
            let (Some(later), Some(earlier)) = (records.get(tie.later), records.get(tie.earlier)) else {
                continue;
            };
            let linked = tenant.link(&later.id, Relation::Similar, &earlier.id);
            part.note(later.id, linked, plan.limit)?;
        }
    }
    known.truncate(plan.limit - new.len());
    new.append(&mut known);
    part.items = clusters(records, &new);
    Ok(part)
}

/// For each memory that says nearly what one before it says: which.
fn ties(tenant: &Tenant, records: &[Record], similar: &Similar) -> Vec<Tie> {
    let sets: Vec<(u64, Vec<u64>)> =
        records.iter().map(|record| shingles(tenant, record, similar.words)).collect();
    let mut best: BTreeMap<usize, Tie> = BTreeMap::new();
    candidates(&sets, |earlier, later| {
        let (Some((key, a)), Some((other, b))) = (sets.get(earlier), sets.get(later)) else { return };
        let jaccard = jaccard(a, b);
        if key != other || jaccard < similar.jaccard {
            return;
        }
        let tie = Tie { later, earlier, jaccard };
        let better = |old: &Tie| jaccard > old.jaccard || (jaccard >= old.jaccard && earlier < old.earlier);
        if best.get(&later).is_none_or(better) {
            best.insert(later, tie);
        }
    });
    best.into_values().collect()
}

/// The words of a text and its pairs of words, by their hashes; with what has to be equal besides. None of a short one, and none of a
/// digest, which says what its turns say.
fn shingles(tenant: &Tenant, record: &Record, least: usize) -> (u64, Vec<u64>) {
    let mut words = Vec::new();
    if record.kind != super::DIGEST {
        tenant.engine.analyzer.memory(&record.content, |word| words.push(hashed(word)));
    }
    if words.len() < least {
        return (0, Vec::new());
    }
    let mut set: Vec<u64> = words.windows(2).map(hashed).collect();
    set.append(&mut words);
    set.sort_unstable();
    set.dedup();
    (hashed(Marks::of(&record.content)), set)
}

/// Ties that hang together.
fn clusters(records: &[Record], ties: &[Tie]) -> Vec<Cluster> {
    let mut ties = ties.to_vec();
    // A memory is tied to one before it, whose cluster is known by then.
    ties.sort_unstable_by_key(|tie| tie.later);
    let mut of: HashMap<usize, usize> = HashMap::new();
    let mut found: Vec<(Vec<usize>, f32)> = Vec::new();
    for tie in ties {
        let cluster = *of.entry(tie.earlier).or_insert_with(|| {
            found.push((vec![tie.earlier], 1.0));
            found.len() - 1
        });
        of.insert(tie.later, cluster);
        if let Some((members, least)) = found.get_mut(cluster) {
            members.push(tie.later);
            *least = least.min(tie.jaccard);
        }
    }
    let ids = |members: Vec<usize>| members.into_iter().filter_map(|at| Some(records.get(at)?.id)).collect();
    found.into_iter().map(|(members, jaccard)| Cluster { ids: ids(members), jaccard }).collect()
}
