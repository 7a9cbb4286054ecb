//! Finding memories.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Serialize;

use crate::audit::{About, Action};
use crate::filter::Filter;
use crate::rank::{self, Candidate, Ranking, Scored, Scores};
use crate::store::sql::{Db, Sight};
use crate::store::{Row, read};
use crate::text::Statistics;
use crate::vector::Query;
use crate::view::View;
use crate::{MemoryError, Record, Scope, Tenant};

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
    /// What else has to hold.
    pub filter: Filter,
    /// What counts how much.
    pub ranking: Ranking,
}

impl Search {
    /// The ten best memories for a query, wherever the caller may read.
    pub fn new(query: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            limit: 10,
            scopes: None,
            superseded: false,
            filter: Filter::everything(),
            ranking: Ranking::default(),
        }
    }

    /// Returns at most so many memories.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Ranks by other weights.
    #[must_use]
    pub const fn ranking(mut self, ranking: Ranking) -> Self {
        self.ranking = ranking;
        self
    }

    /// Finds only what passes a filter.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
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
    /// By the conversation as a whole.
    pub session: f32,
    /// By how lately it was learned.
    pub recency: f32,
    /// By how much it matters.
    pub importance: f32,
}

impl Explain {
    pub(crate) fn total(&self) -> f32 {
        self.text + self.vector + self.neighbour + self.session + self.recency + self.importance
    }
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
        let vector = vector.map(|vector| Query::new(&vector));
        let mut readable = self.engine.readable(&self.access)?;
        for scope in search.scopes.iter().flatten() {
            if !self.access.reads().contains(scope) {
                let about = About { scope: Some(scope.to_string()), id: None, memories: 0 };
                self.engine.audit.denied(self.engine.now(), &self.access, Action::Search, about)?;
            }
        }
        if let Some(scopes) = &search.scopes {
            readable.retain(|(_, scope)| scopes.contains(scope));
        }
        let scored = self.scored(readable, &terms, vector, search)?;
        let candidates = rank::best(&scored, search, self.engine.now());
        let found = self.hits(&scored, candidates, search.limit)?;
        self.engine.used.note(found.hits.iter().map(|hit| hit.record.id), self.engine.now());
        self.told(Action::Search, About { scope: None, id: None, memories: found.hits.len() })?;
        Ok(found)
    }

    /// Scores of all readable namespaces, with the statistics of all of them and of nothing else.
    fn scored(
        &self,
        readable: Vec<(i64, Scope)>,
        terms: &[String],
        vector: Option<Query>,
        search: &Search,
    ) -> Result<Scores, MemoryError> {
        let views: Vec<_> = readable
            .into_iter()
            .map(|(namespace, scope)| Ok((self.engine.view(namespace)?, namespace, scope)))
            .collect::<Result<_, MemoryError>>()?;
        let mut statistics = Statistics::default();
        for (view, ..) in &views {
            view.read().count(terms, &mut statistics);
        }
        let now = self.engine.now();
        let scored = |(view, namespace, scope): (Arc<RwLock<View>>, i64, Scope)| {
            let held = view.read();
            let counting = held.counting(search.superseded, now);
            let passing = self.engine.select(namespace, &held, &search.filter, counting)?;
            let text = held.text_scores(terms, &statistics);
            drop(held);
            Ok(Scored { view, namespace, scope, text, passing })
        };
        let namespaces = views.into_iter().map(scored).collect::<Result<_, MemoryError>>()?;
        Ok(Scores { namespaces, query: vector })
    }

    /// What is stored of some candidates, by their namespaces and places there.
    fn rows(
        &self,
        db: &Db,
        scores: &Scores,
        candidates: &[Candidate],
    ) -> Result<HashMap<(usize, u32), Row>, MemoryError> {
        let mut places: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for candidate in candidates {
            places.entry(candidate.place).or_default().push(candidate.ordinal);
        }
        let mut rows = HashMap::with_capacity(candidates.len());
        for (place, ordinals) in places {
            let Some(from) = scores.namespaces.get(place) else { continue };
            let found = read::at_each(db, from.namespace, &ordinals)?;
            rows.extend(found.into_iter().map(|(ordinal, row)| ((place, ordinal), row)));
        }
        Ok(rows)
    }

    /// Reads the best again: what is returned is what is stored now, and the caller's to see.
    fn hits(&self, scores: &Scores, candidates: Vec<Candidate>, limit: usize) -> Result<Found, MemoryError> {
        let mut hits = Vec::new();
        let mut candidates = candidates.into_iter();
        let seen = Sight::of_each(scores.namespaces.iter().map(|from| from.namespace));
        self.engine.reader.read(&seen, |db| {
            // Some may be gone by now, and others take their place.
            while hits.len() < limit {
                let next: Vec<Candidate> = candidates.by_ref().take(limit - hits.len()).collect();
                if next.is_empty() {
                    break;
                }
                let mut rows = self.rows(db, scores, &next)?;
                for candidate in next {
                    let Some(from) = scores.namespaces.get(candidate.place) else { continue };
                    let Some(row) = rows.remove(&(candidate.place, candidate.ordinal)) else { continue };
                    let Ok(record) = row.record(&self.engine.sealing) else { continue };
                    hits.push(Hit {
                        record,
                        scope: from.scope.clone(),
                        score: candidate.explain.total(),
                        explain: candidate.explain,
                    });
                }
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
    search.ranking.check()?;
    if search.limit == 0 || search.limit > MOST {
        return Err(MemoryError::invalid("limit", format!("must be from 1 to {MOST}")));
    }
    Ok(())
}
