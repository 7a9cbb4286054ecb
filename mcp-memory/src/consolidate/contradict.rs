//! Memories that may say the opposite of each other: found by rules that would rather miss one than tell a wrong one, tied together for
//! somebody to look, and never resolved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alike::{hashed, meet};
use super::claim::{Claim, Given, Shape};
use super::tied::Ties;
use super::words::sentences;
use super::{DIGEST, Part, Plan};
use crate::{Id, MemoryError, Record, Relation, Tenant};

/// Among which memories contradictions are looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Contradictions {
    /// Memories with more sentences have a context that rules do not see.
    pub sentences: usize,
}

impl Default for Contradictions {
    fn default() -> Self {
        Self { sentences: 3 }
    }
}

/// Two memories that may say the opposite. Whoever has looked and finds that they do not ties them as [`Relation::Related`]: they are
/// not reported again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Contradiction {
    /// The two, the later one first.
    pub ids: [Id; 2],
    /// What differs.
    pub differs: Difference,
    /// Whether they were tied before.
    pub known: bool,
}

/// What differs between two sentences that are the same otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "in", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Difference {
    /// One says what the other denies.
    Negation {
        /// What the later says.
        later: String,
        /// What the earlier says.
        earlier: String,
    },
    /// How many there are of something.
    Number {
        /// What is counted.
        unit: String,
        /// The number of the later.
        later: String,
        /// The number of the earlier.
        earlier: String,
    },
    /// What something is, or what is used for it.
    Value {
        /// What has the value.
        of: String,
        /// The value of the later.
        later: String,
        /// The value of the earlier.
        earlier: String,
    },
}

impl Contradictions {
    pub(super) fn check(&self) -> Result<(), MemoryError> {
        if self.sentences > 0 {
            return Ok(());
        }
        Err(MemoryError::invalid("contradictions.sentences", "must be at least 1"))
    }
}

/// What a sentence of a memory claims.
struct Said<'a> {
    memory: usize,
    sentence: &'a str,
    claim: Claim,
}

pub(super) fn run(
    tenant: &Tenant,
    records: &[Record],
    tied: &Ties,
    contradictions: &Contradictions,
    plan: &Plan,
) -> Result<Part<Contradiction>, MemoryError> {
    let (mut part, mut known) = (Part::default(), Vec::new());
    for ((later, earlier), differs) in pairs(records, contradictions.sentences) {
        let (Some(later), Some(earlier)) = (records.get(later), records.get(earlier)) else { continue };
        let ids = [later.id, earlier.id];
        let ties = tied.of(later.id, earlier.id);
        if ties.contains(&Relation::Related) {
            continue;
        }
        if ties.contains(&Relation::Contradicts) {
            known.push(Contradiction { ids, differs, known: true });
            continue;
        }
        part.found += 1;
        if part.items.len() >= plan.limit {
            part.left_out += 1;
            continue;
        }
        if !plan.dry_run {
            let linked = tenant.link(&later.id, Relation::Contradicts, &earlier.id);
            part.note(later.id, linked, plan.limit)?;
        }
        part.items.push(Contradiction { ids, differs, known: false });
    }
    part.known = known.len();
    known.truncate(plan.limit - part.items.len());
    part.items.append(&mut known);
    Ok(part)
}

/// Pairs that contradict each other, the later first, and how.
fn pairs(records: &[Record], most: usize) -> BTreeMap<(usize, usize), Difference> {
    let said: Vec<Said<'_>> =
        records.iter().enumerate().flat_map(|(memory, record)| claims(memory, record, most)).collect();
    let mut found = BTreeMap::new();
    let mut visit = |earlier: usize, later: usize| {
        let (Some(earlier), Some(later)) = (said.get(earlier), said.get(later)) else { return };
        let (Some(a), Some(b)) = (records.get(earlier.memory), records.get(later.memory)) else { return };
        if earlier.memory == later.memory
            || !in_one_context(a, b, earlier.claim.personal || later.claim.personal)
        {
            return;
        }
        if let Some(differs) = differs(earlier, later) {
            found.entry((later.memory, earlier.memory)).or_insert(differs);
        }
    };
    let all = said.iter().enumerate();
    meet(all.clone().map(|(at, said)| (at, hashed(&said.claim.words))), &mut visit);
    meet(all.clone().filter_map(|(at, said)| Some((at, beginning(&said.claim)?))), &mut visit);
    meet(all.clone().filter_map(|(at, said)| Some((at, ends(&said.claim)?))), &mut visit);
    meet(all.filter_map(|(at, said)| Some((at, said.claim.value.as_ref()?.key))), &mut visit);
    found
}

fn beginning(claim: &Claim) -> Option<u64> {
    claim.words.first_chunk::<3>().map(hashed)
}

fn ends(claim: &Claim) -> Option<u64> {
    Some(hashed((claim.words.first_chunk::<2>()?, claim.words.last()?)))
}

fn claims(memory: usize, record: &Record, most: usize) -> Vec<Said<'_>> {
    let sentences = if record.kind == DIGEST { Vec::new() } else { sentences(&record.content) };
    if sentences.len() > most {
        return Vec::new();
    }
    let said = |sentence| Some(Said { memory, sentence, claim: Claim::of(sentence)? });
    sentences.into_iter().filter_map(said).collect()
}

/// Whether two memories speak of the same: not of other times, of other matters by their tags, or each of its speaker.
fn in_one_context(a: &Record, b: &Record, personal: bool) -> bool {
    let before =
        |a: &Record, b: &Record| matches!((a.valid_to, b.valid_from), (Some(to), Some(from)) if to <= from);
    let shared = a.tags.is_empty() || b.tags.is_empty() || a.tags.iter().any(|tag| b.tags.contains(tag));
    let speaker = !personal || (&a.speaker, &a.author) == (&b.speaker, &b.author);
    !before(a, b) && !before(b, a) && shared && speaker
}

fn differs(earlier: &Said<'_>, later: &Said<'_>) -> Option<Difference> {
    let (a, b) = (&earlier.claim, &later.claim);
    let told = |said: &Said<'_>| said.sentence.to_owned();
    if a.denied != b.denied && a.quantities == b.quantities && a.names == b.names && denies(a, b) {
        return Some(Difference::Negation { later: told(later), earlier: told(earlier) });
    }
    if a.denied == b.denied
        && a.names == b.names
        && a.words.len() > 1
        && a.words == b.words
        && let Some(difference) = number(a, b)
    {
        return Some(difference);
    }
    match (&a.value, &b.value) {
        (Some(a), Some(b)) if a.key == b.key && a.shape == b.shape && are_different(a, b) => {
            Some(Difference::Value { of: a.to.clone(), later: b.value.clone(), earlier: a.value.clone() })
        }
        _ => None,
    }
}

/// Whether one denies what the other says: the same, or, as who denies something denies all of its kinds, something more special.
fn denies(a: &Claim, b: &Claim) -> bool {
    let (no, yes) = if a.denied { (&a.words, &b.words) } else { (&b.words, &a.words) };
    let mut rest = yes.iter();
    let within = no.iter().all(|word| rest.any(|other| other == word));
    within && no.len() > 1 && yes.len() - no.len() <= 2 && (no.len() > 2 || no.len() == yes.len())
}

/// The one number in which two claims differ.
fn number(a: &Claim, b: &Claim) -> Option<Difference> {
    let units = |claim: &Claim| claim.quantities.iter().map(|(_, unit)| unit.clone()).collect::<Vec<_>>();
    if units(a) != units(b) {
        return None;
    }
    let mut different = a.quantities.iter().zip(&b.quantities).filter(|((a, _), (b, _))| !is_equal(a, b));
    let ((earlier, unit), (later, _)) = different.next()?;
    let only = different.next().is_none();
    only.then(|| Difference::Number { unit: unit.clone(), later: later.clone(), earlier: earlier.clone() })
}

/// 5 is 5.0.
fn is_equal(a: &str, b: &str) -> bool {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() < f64::EPSILON,
        _ => a == b,
    }
}

/// Whether two values exclude each other: not where one only says more than the other.
fn are_different(a: &Given, b: &Given) -> bool {
    if a.shape == Shape::Number {
        let (first, second) = (a.value.split(' ').next(), b.value.split(' ').next());
        let units = |given: &Given| given.value.split_once(' ').map(|(_, unit)| unit.to_owned());
        return units(a) == units(b) && !is_equal(first.unwrap_or_default(), second.unwrap_or_default());
    }
    let (short, long) =
        if a.value.len() <= b.value.len() { (&a.value, &b.value) } else { (&b.value, &a.value) };
    !long.contains(short.as_str()) && !similar_names(short, long)
}

/// "Postgres" and "PostgreSQL".
fn similar_names(short: &str, long: &str) -> bool {
    let common = short.chars().zip(long.chars()).take_while(|(a, b)| a == b).count();
    common >= 5 && common + 2 >= short.chars().count()
}

#[cfg(test)]
mod tests;
