//! Finding memories.

use std::cmp::Ordering;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Serialize;

use crate::store::read;
use crate::text::Statistics;
use crate::view::View;
use crate::{MemoryError, Record, Scope, State, Tenant};

/// How much a vector counts against words.
const VECTOR: f32 = 0.4;
/// How much the better neighbour in the conversation adds.
const NEIGHBOUR: f32 = 0.5;
/// Memories that one search returns at most.
const MOST: usize = 100;
/// Bytes of a query.
const QUERY: usize = 8 * 1024;

/// What is to be found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Search {
    /// Words or a question.
    pub query: String,
    /// How many memories to return at most, up to 100.
    pub limit: usize,
    /// Where to look; everywhere where the caller may read if nothing is said.
    pub scopes: Option<Vec<Scope>>,
    /// Whether memories that others superseded are found too.
    pub superseded: bool,
}

impl Search {
    /// The ten best memories for a query, wherever the caller may read.
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), limit: 10, scopes: None, superseded: false }
    }

    /// Returns at most so many memories.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Looks in some scopes only.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.scopes = Some(scopes.into_iter().collect());
        self
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// The memories, the best first.
    pub hits: Vec<Hit>,
}

/// A memory that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hit {
    /// The memory.
    pub record: Record,
    /// Where it is kept.
    pub scope: Scope,
    /// How well it fits; comparable within one search.
    pub score: f32,
    /// What the score is made of.
    pub explain: Explain,
}

/// What a score is made of: its parts add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explain {
    /// By its words.
    pub text: f32,
    /// By its meaning.
    pub vector: f32,
    /// By what was said before and after it.
    pub neighbour: f32,
}

impl Explain {
    fn total(&self) -> f32 {
        self.text + self.vector + self.neighbour
    }
}

/// The scores of a namespace, by slot.
struct Scored {
    view: Arc<RwLock<View>>,
    namespace: i64,
    scope: Scope,
    text: Vec<f32>,
    vector: Vec<Option<f32>>,
}

/// A memory on its way to be a hit.
#[derive(Clone, Copy)]
struct Candidate {
    place: usize,
    ordinal: u32,
    explain: Explain,
}

impl Tenant {
    /// Finds memories by words, meaning and neighbours. What was stored before is found.
    ///
    /// # Errors
    /// A member is wrong, or the store cannot be read.
    pub fn search(&self, search: &Search) -> Result<Found, MemoryError> {
        check(search)?;
        let terms = self.engine.analyzer.query(&search.query);
        let vector = self.engine.embed(&[&search.query])?.into_iter().next().flatten();
        let mut readable = self.engine.readable(&self.access)?;
        if let Some(scopes) = &search.scopes {
            readable.retain(|(_, scope)| scopes.contains(scope));
        }
        let scored = self.scored(readable, &terms, vector.as_deref())?;
        let candidates = fused(&scored, search, self.engine.now());
        self.hits(&scored, candidates, search.limit)
    }

    /// Scores of all readable namespaces, with the statistics of all of them and of nothing else.
    fn scored(
        &self,
        readable: Vec<(i64, Scope)>,
        terms: &[String],
        vector: Option<&[f32]>,
    ) -> Result<Vec<Scored>, MemoryError> {
        let views: Vec<_> = readable
            .into_iter()
            .map(|(namespace, scope)| Ok((self.engine.view(namespace)?, namespace, scope)))
            .collect::<Result<_, MemoryError>>()?;
        let mut statistics = Statistics::default();
        for (view, ..) in &views {
            view.read().count(terms, &mut statistics);
        }
        let scored = |(view, namespace, scope): (Arc<RwLock<View>>, i64, Scope)| {
            let (text, vector) = {
                let view = view.read();
                let vectors = vector.map(|query| view.vector_scores(query)).unwrap_or_default();
                (view.text_scores(terms, &statistics), vectors)
            };
            Scored { view, namespace, scope, text, vector }
        };
        Ok(views.into_iter().map(scored).collect())
    }

    /// Reads the best again: what is returned is what is stored now, and the caller's to see.
    fn hits(
        &self,
        scored: &[Scored],
        candidates: Vec<Candidate>,
        limit: usize,
    ) -> Result<Found, MemoryError> {
        let mut hits = Vec::new();
        self.engine.reader.read(|db| {
            for candidate in candidates {
                if hits.len() == limit {
                    break;
                }
                let Some(from) = scored.get(candidate.place) else { continue };
                let Some(row) = read::at(db, from.namespace, candidate.ordinal)? else { continue };
                let Ok(record) = row.record(&self.engine.sealing) else { continue };
                hits.push(Hit {
                    record,
                    scope: from.scope.clone(),
                    score: candidate.explain.total(),
                    explain: candidate.explain,
                });
            }
            Ok(())
        })?;
        Ok(Found { hits })
    }
}

fn check(search: &Search) -> Result<(), MemoryError> {
    if search.query.len() > QUERY {
        return Err(MemoryError::invalid("query", format!("has more than {QUERY} bytes")));
    }
    if search.limit == 0 || search.limit > MOST {
        return Err(MemoryError::invalid("limit", format!("must be from 1 to {MOST}")));
    }
    Ok(())
}

/// Candidates in order: words and vectors scaled to what the best has, mixed, and helped by neighbours.
fn fused(scored: &[Scored], search: &Search, now: i64) -> Vec<Candidate> {
    let best_text = scored.iter().flat_map(|from| &from.text).fold(0f32, |best, score| best.max(*score));
    let vectors = || scored.iter().flat_map(|from| from.vector.iter().flatten().copied());
    let (low, high) =
        vectors().fold((f32::MAX, f32::MIN), |(low, high), score| (low.min(score), high.max(score)));
    let by_vector = high > low;
    let share = if by_vector { VECTOR } else { 0.0 };
    let text = |from: &Scored, slot: usize| {
        let score = from.text.get(slot).copied().unwrap_or_default();
        if best_text > 0.0 { (1.0 - share) * score / best_text } else { 0.0 }
    };
    let vector = |from: &Scored, slot: usize| match from.vector.get(slot) {
        Some(Some(score)) if by_vector => share * (score - low) / (high - low),
        _ => 0.0,
    };
    let mut candidates = Vec::new();
    for (place, from) in scored.iter().enumerate() {
        let view = from.view.read();
        for (slot, entry) in view.entries() {
            let counts = search.superseded || entry.record.state == State::Live;
            if !counts || entry.record.expires.is_some_and(|expires| expires <= now) {
                continue;
            }
            let neighbour = view.neighbours(slot).into_iter().flatten();
            let neighbour = neighbour.map(|slot| text(from, slot) + vector(from, slot)).fold(0f32, f32::max);
            let explain = Explain {
                text: text(from, slot),
                vector: vector(from, slot),
                neighbour: NEIGHBOUR * neighbour,
            };
            if explain.total() > 0.0 {
                candidates.push(Candidate { place, ordinal: entry.ordinal, explain });
            }
        }
    }
    candidates.sort_by(|a, b| {
        b.explain
            .total()
            .partial_cmp(&a.explain.total())
            .unwrap_or(Ordering::Equal)
            .then(b.ordinal.cmp(&a.ordinal))
    });
    // Some more than asked for: a memory may be gone by the time it is read.
    candidates.truncate(search.limit.saturating_mul(2));
    candidates
}
