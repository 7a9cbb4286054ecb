//! Importance fades: soon what was only said, slowly what was decided, and not what is used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Part, Plan};
use crate::rank::ORDINARY;
use crate::{Edit, Id, MemoryError, Record, Tenant, Usage};

const DAY: i64 = 86_400_000;
/// The importance that fading began with.
const FIRST: &str = "importance_at_first";
/// The one it was set to last. Another one was set by somebody.
const FADED: &str = "importance_faded_to";
/// When somebody set it, in milliseconds since 1970, if that was after the memory was learned.
const SET: &str = "importance_set";

/// How fast importance fades.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Decay {
    /// Days after which half is left, by the type of a memory.
    pub half_lives: BTreeMap<String, f32>,
    /// The same for all other types.
    pub half_life: f32,
    /// It never gets lower; what begins lower stays.
    pub floor: f32,
    /// Smaller changes wait, as each makes a new version of a memory.
    pub step: f32,
}

impl Default for Decay {
    fn default() -> Self {
        let table = [
            ("decision", 720.0),
            ("fact", 720.0),
            ("preference", 720.0),
            ("lesson", 720.0),
            ("digest", 360.0),
            ("note", 60.0),
            ("chat", 30.0),
        ];
        let half_lives = table.map(|(kind, days)| (kind.to_owned(), days)).into();
        Self { half_lives, half_life: 180.0, floor: 0.1, step: 0.05 }
    }
}

/// A memory whose importance fades.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Faded {
    /// The memory.
    pub id: Id,
    /// Its importance before: what a memory counts for if it had none.
    pub from: f32,
    /// Its importance after.
    pub to: f32,
}

/// What fading began with, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
struct First {
    importance: f32,
    since: i64,
}

impl Decay {
    pub(super) fn check(&self) -> Result<(), MemoryError> {
        let days = self.half_lives.values().chain([&self.half_life]);
        if !days.into_iter().all(|days| days.is_finite() && *days > 0.0) {
            return Err(MemoryError::invalid("decay.half_lives", "must be days above 0"));
        }
        if !(0.0..=1.0).contains(&self.floor) || !(0.0..=1.0).contains(&self.step) {
            return Err(MemoryError::invalid("decay.floor", "must be from 0 to 1, and so must `step`"));
        }
        Ok(())
    }

    /// What is left of an importance today. Each doubling of the uses adds a half-life's worth of patience, and the last one begins anew.
    fn left(&self, kind: &str, first: First, usage: Usage, now: i64) -> f32 {
        let since = usage.last.map_or(first.since, |last| last.max(first.since));
        // By days of the calendar, so that nothing changes twice on one.
        let days = (now.div_euclid(DAY) - since.div_euclid(DAY)).max(0) as f32;
        let half_life = self.half_lives.get(kind).copied().unwrap_or(self.half_life);
        let patience = 1.0 + (1.0 + usage.uses as f32).log2();
        let left = first.importance * (-days / (half_life * patience)).exp2();
        let left = left.max(self.floor.min(first.importance));
        // Thousandths are enough, and are the same when they are read again.
        (left * 1_000.0).round() / 1_000.0
    }
}

fn first(record: &Record) -> First {
    let number = |name: &str| record.metadata.get(name).and_then(Value::as_f64).map(|number| number as f32);
    let now = record.importance.unwrap_or(ORDINARY);
    match (number(FIRST), number(FADED)) {
        (Some(importance), Some(faded)) if (faded - now).abs() < 0.0005 => {
            let set = record.metadata.get(SET).and_then(Value::as_i64);
            First { importance: importance.clamp(0.0, 1.0), since: set.unwrap_or(record.created) }
        }
        // Somebody said anew what it is worth.
        (Some(_), Some(_)) => First { importance: now, since: record.updated },
        _ => First { importance: now, since: record.created },
    }
}

/// The change that sets a faded importance, so that the next time begins with the first one again.
fn edit(record: &Record, first: First, to: f32) -> Edit {
    let mut metadata = Map::new();
    metadata.insert(FIRST.to_owned(), thousandths(first.importance));
    metadata.insert(FADED.to_owned(), thousandths(to));
    if first.since != record.created {
        metadata.insert(SET.to_owned(), json!(first.since));
    }
    let (metadata, importance, version) = (Some(metadata), Some(to), Some(record.version));
    Edit { metadata, importance, version, ..Edit::default() }
}

/// As people write it: 0.8 and not 0.800000011920929.
fn thousandths(value: f32) -> Value {
    json!((f64::from(value) * 1_000.0).round() / 1_000.0)
}

pub(super) fn run(
    tenant: &Tenant,
    records: &[Record],
    decay: &Decay,
    plan: &Plan,
) -> Result<Part<Faded>, MemoryError> {
    let (mut part, now) = (Part::default(), tenant.engine.now());
    for record in records {
        let (first, from) = (first(record), record.importance.unwrap_or(ORDINARY));
        // What never was used fades fastest: where even that is too little, uses need not be looked up.
        let fastest = decay.left(&record.kind, first, Usage::default(), now);
        if from >= first.importance && from - fastest < decay.step {
            continue;
        }
        let Some(usage) = seen(tenant.usage(&record.id))? else { continue };
        let to = decay.left(&record.kind, first, usage, now);
        if (to - from).abs() < decay.step.max(0.001) {
            continue;
        }
        part.found += 1;
        if record.author != tenant.access.user() {
            part.refuse(record.id, "only its author may change this memory", plan.limit);
        } else if part.items.len() >= plan.limit {
            part.left_out += 1;
        } else {
            part.items.push(Faded { id: record.id, from, to });
            if !plan.dry_run {
                part.note(record.id, tenant.update(&record.id, edit(record, first, to)), plan.limit)?;
            }
        }
    }
    Ok(part)
}

/// Nothing of what was deleted meanwhile.
fn seen(usage: Result<Usage, MemoryError>) -> Result<Option<Usage>, MemoryError> {
    match usage {
        Err(MemoryError::NotFound { .. }) => Ok(None),
        usage => usage.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_left_after_a_half_life_and_use_keeps_it() {
        let decay = Decay::default();
        let first = First { importance: 0.8, since: 0 };
        let check = |kind: &str, uses: u64, last: Option<i64>, days: i64, expect: f32| {
            let left = decay.left(kind, first, Usage { uses, last }, days * DAY);
            assert!((left - expect).abs() < 0.002, "{kind}, {uses}, {days}: {left}");
        };
        check("note", 0, None, 0, 0.8);
        check("note", 0, None, 60, 0.4);
        check("note", 0, None, 120, 0.2);
        check("note", 0, None, 10_000, 0.1);
        check("decision", 0, None, 720, 0.4);
        check("ticket", 0, None, 180, 0.4);
        check("note", 1, Some(0), 120, 0.4);
        check("note", 1, Some(60 * DAY), 180, 0.4);
        check("note", 0, None, -5, 0.8);
        let low = First { importance: 0.05, since: 0 };
        assert!((decay.left("note", low, Usage::default(), 900 * DAY) - 0.05).abs() < 1e-6);
    }
}
