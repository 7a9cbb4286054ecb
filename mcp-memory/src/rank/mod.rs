//! From scores to an order.
//!
//! Words (BM25) and vectors (cosine) are each scaled to what the best memory has and mixed (a convex combination:
//! Bruch, Gai, Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", 2023). What was said around a good memory is lifted with
//! it, the less the farther away; and a little the whole of a conversation in which there are several good ones. The weights are those
//! that find most evidence in conversations of LoCoMo (Maharana and others, 2024), on the half that they may be chosen on.

mod highest;
mod lift;

use std::cmp::Ordering;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::search::{Explain, Search};
use crate::vector::Query;
use crate::view::{Bits, View};
use crate::{MemoryError, Scope};

/// Memories that lift others, and are looked at more closely.
const BEST: usize = 256;
/// Memories that words alone bring forward.
const PROMISING: usize = 512;
/// How much a memory matters of which nobody said.
pub(crate) const ORDINARY: f32 = 0.5;

/// What counts how much in a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Ranking {
    /// The share of meaning, from 0 (words alone) to 1 (meaning alone).
    pub vector: f32,
    /// How much memories around a good one are lifted, from 0 to 1.
    pub neighbour: f32,
    /// How much a whole conversation is lifted, from 0 to 1.
    pub session: f32,
    /// How much what was learned lately is lifted, from 0 to 1.
    pub recency: f32,
    /// Days after which half of that is left.
    pub half_life: f32,
    /// How much what matters is lifted, from 0 to 1.
    pub importance: f32,
}

impl Default for Ranking {
    fn default() -> Self {
        Self { vector: 0.4, neighbour: 0.6, session: 0.2, recency: 0.0, half_life: 30.0, importance: 0.0 }
    }
}

impl Ranking {
    /// Each memory for itself.
    #[must_use]
    pub const fn alone(vector: f32) -> Self {
        Self { vector, neighbour: 0.0, session: 0.0, recency: 0.0, half_life: 30.0, importance: 0.0 }
    }

    /// Another share of meaning.
    #[must_use]
    pub const fn vector(mut self, share: f32) -> Self {
        self.vector = share;
        self
    }

    /// Lifts what was learned lately.
    #[must_use]
    pub const fn recency(mut self, weight: f32) -> Self {
        self.recency = weight;
        self
    }

    /// Lifts what matters.
    #[must_use]
    pub const fn importance(mut self, weight: f32) -> Self {
        self.importance = weight;
        self
    }

    /// What is left of the lift for what was learned at a time. Where it counts for nothing the time is not asked for.
    fn fresh(&self, created: impl FnOnce() -> i64, now: i64) -> f32 {
        if self.recency == 0.0 {
            return 0.0;
        }
        let days = now.saturating_sub(created()).max(0) as f32 / 86_400_000.0;
        self.recency * (-days / self.half_life).exp2()
    }

    /// The lift for what matters, likewise.
    fn weighty(&self, importance: impl FnOnce() -> Option<f32>) -> f32 {
        if self.importance == 0.0 { 0.0 } else { self.importance * importance().unwrap_or(ORDINARY) }
    }

    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        if !(self.half_life.is_finite() && self.half_life > 0.0) {
            return Err(MemoryError::invalid("ranking", "`half_life` must be a number of days above 0"));
        }
        let weights = [self.vector, self.neighbour, self.session, self.recency, self.importance];
        if weights.iter().all(|weight| (0.0..=1.0).contains(weight)) {
            return Ok(());
        }
        Err(MemoryError::invalid("ranking", "each weight must be from 0 to 1"))
    }
}

/// A namespace with what words say of its memories, by slot.
pub(crate) struct Scored {
    pub(crate) view: Arc<RwLock<View>>,
    pub(crate) namespace: i64,
    pub(crate) scope: Scope,
    pub(crate) text: Vec<f32>,
    /// The memories that may be found.
    pub(crate) passing: Bits,
}

/// What is known before memories are compared with each other.
pub(crate) struct Scores {
    pub(crate) namespaces: Vec<Scored>,
    pub(crate) query: Option<Query>,
}

/// A memory on its way to be a hit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) place: usize,
    pub(crate) ordinal: u32,
    pub(crate) explain: Explain,
}

/// A memory with what words and vectors say of it.
#[derive(Debug, Clone, Copy)]
struct Base {
    place: usize,
    slot: usize,
    text: f32,
    vector: f32,
}

impl Base {
    const fn score(&self) -> f32 {
        self.text + self.vector
    }

    /// Scaled to what the best has.
    const fn scaled(mut self, scale: Scale) -> Self {
        self.text *= scale.text;
        self.vector *= scale.vector;
        self
    }
}

/// What makes the best words and the nearest vector together 1.
#[derive(Debug, Clone, Copy)]
struct Scale {
    text: f32,
    vector: f32,
}

impl Scale {
    fn of(all: &[Base], ranking: Ranking) -> Self {
        let highest = |part: fn(&Base) -> f32| all.iter().map(part).fold(0f32, f32::max);
        let (text, vector) = (highest(|base| base.text), highest(|base| base.vector));
        // Where one side has nothing to say, the other speaks alone.
        let share = match (text > 0.0, vector > 0.0) {
            (true, true) => ranking.vector,
            (is_text, _) => f32::from(u8::from(!is_text)),
        };
        let by = |share: f32, highest: f32| if highest > 0.0 { share / highest } else { 0.0 };
        Self { text: by(1.0 - share, text), vector: by(share, vector) }
    }
}

impl Scores {
    /// How near memories of a namespace are to what is asked for.
    fn nearness(&self, view: &View, slots: &[usize]) -> Vec<f32> {
        let Some(query) = &self.query else { return vec![0.0; slots.len()] };
        view.nearness(query, slots)
    }

    /// Memories of a namespace that may be among the best: by words and by meaning, of those that may be found.
    fn promising(&self, place: usize, from: &Scored) -> Vec<Base> {
        let view = from.view.read();
        // INVARIANT: what may not be found takes no place among the best.
        let mut slots = highest::highest(&from.text, &from.passing, PROMISING);
        if let Some(query) = &self.query {
            slots.extend(view.near(query, &from.passing));
            slots.sort_unstable();
            slots.dedup();
        }
        let nearness = self.nearness(&view, &slots);
        let base = |(slot, vector): (usize, f32)| {
            let text = from.text.get(slot).copied().unwrap_or_default();
            Base { place, slot, text, vector }
        };
        slots.into_iter().zip(nearness).map(base).collect()
    }
}

/// The best memories, in order: some more than asked for, as some may be gone by the time they are read.
pub(crate) fn best(scores: &Scores, search: &Search, now: i64) -> Vec<Candidate> {
    let places = scores.namespaces.iter().enumerate();
    let promising: Vec<Base> = places.flat_map(|(place, from)| scores.promising(place, from)).collect();
    let scale = Scale::of(&promising, search.ranking);
    let mut best: Vec<Base> = promising.into_iter().map(|base| base.scaled(scale)).collect();
    best.retain(|base| base.score() > 0.0);
    if best.len() > BEST {
        best.select_nth_unstable_by(BEST, |a, b| descending(a.score(), b.score()));
        best.truncate(BEST);
    }
    let many = search.limit.saturating_mul(2);
    let mut candidates = lift::lifted(scores, scale, &best, search.ranking, (many, now));
    let order = |a: &Candidate, b: &Candidate| {
        descending(a.explain.total(), b.explain.total())
            .then(a.place.cmp(&b.place))
            .then(b.ordinal.cmp(&a.ordinal))
    };
    if candidates.len() > many {
        candidates.select_nth_unstable_by(many, order);
        candidates.truncate(many);
    }
    candidates.sort_unstable_by(order);
    candidates
}

fn descending(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
}
