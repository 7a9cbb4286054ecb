//! What fits a task.
//!
//! Entries are scored by their words (BM25 over name, triggers, description and body, and over the requests that they were accepted for), by
//! the meaning of their descriptions if there is an [`Embedder`], by the context, and by what feedback taught. The scores are log-odds, so that they add up. Nothing is recommended when
//! even the best would hardly be accepted.

mod abstain;
mod context;
pub(crate) mod features;
pub(crate) mod index;
pub(crate) mod intent;
mod request;

use std::fmt;
use std::sync::Arc;

pub use abstain::Abstention;
use abstain::Ranking;
pub use request::{Budget, Context, LeftOut, Parts, Pick, Recommendation, Request, Why};

use crate::catalog::{Catalog, Snapshot};
use crate::learn::fit::Signs;
use crate::learn::likeness::Wording;
use crate::learn::model::{Features, softmax};
use crate::learn::{self, Candidate, Exposure, Learner, probabilities};
use crate::text::{Words, number};
use crate::{Entry, PatternError};

/// What a unit of a lexical score is worth, in log-odds.
const TEXT: f32 = 0.4;
/// What a unit of a lexical score over the requests that an entry was accepted for is worth, in log-odds: of 0, .1, .2 and .4 the best.
const REQUESTS: f32 = 0.1;
/// What a cosine of 1 is worth, in log-odds.
const MEANING: f32 = 6.0;
/// How many come into question.
const CANDIDATES: usize = 20;
/// Less likely ones are not recommended beside the first.
const UNLIKELY: f32 = 0.05;
/// How ranking is called in the log.
const MODEL: &str = "softmax/2";

/// Makes vectors of texts.
///
/// The table of `mcp-memory` fits: `Table.embed(texts).ok()`.
pub trait Embedder: Send + Sync {
    /// A vector for each text, all of the same dimension, of length 1 or all zero. None if the model cannot be used: then texts are
    /// compared by their words alone.
    fn embed(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>>;
}

/// Recommends entries of a catalogue.
pub struct Recommender {
    catalog: Arc<Catalog>,
    learner: Option<Learner>,
    abstention: Abstention,
}

impl fmt::Debug for Recommender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recommender").field("learner", &self.learner).finish_non_exhaustive()
    }
}

/// The static part of a ranking.
struct Asked<'a> {
    request: &'a Request<'a>,
    words: Words,
    extras: Vec<u64>,
    /// Places of entries that a trigger speaks for, in order.
    triggered: Vec<u32>,
    vector: Option<Vec<f32>>,
    /// By entry; minus infinity for those that may not be recommended.
    scores: Vec<f32>,
}

impl Asked<'_> {
    fn wording(&self) -> Wording {
        Wording::of(self.words.terms.iter().map(|(term, _)| *term), &self.words.phrasing)
    }
}

/// A candidate while it is ranked.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    place: usize,
    base: f32,
    score: f32,
    deviation: f32,
}

impl Ranked {
    /// Neither its words, nor its meaning, nor anything learned speaks for it.
    const fn says_nothing(&self) -> bool {
        self.score <= 0.0 && self.base <= 0.0
    }
}

impl Recommender {
    /// Recommends without learning.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog, learner: None, abstention: Abstention::default() }
    }

    /// Learns from feedback.
    #[must_use]
    pub fn learner(mut self, learner: Learner) -> Self {
        self.learner = Some(learner);
        self
    }

    /// When nothing is recommended.
    #[must_use]
    pub fn abstention(mut self, abstention: Abstention) -> Self {
        self.abstention = abstention;
        self
    }

    /// The catalogue.
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// What was learned, if it learns.
    pub const fn learned(&self) -> Option<&Learner> {
        self.learner.as_ref()
    }

    /// What fits a task. Logs what it recommends if it learns.
    ///
    /// # Errors
    /// With a learner: the tenant has no name, or the log cannot be used.
    pub fn recommend(&self, request: &Request<'_>) -> Result<Recommendation, PatternError> {
        let snapshot = self.catalog.snapshot();
        let asked = self.ask(&snapshot, request);
        let Some(learner) = &self.learner else {
            let (mut own, mut shared) = (learn::nothing_learned(), learn::nothing_learned());
            let mut dice = learn::Dice::fixed();
            let desk = learn::Desk { own: &mut own, shared: &mut shared, dice: &mut dice };
            return Ok(self.rank(&snapshot, &asked, desk, &learn::Settings::greedy()).0);
        };
        let (mut recommendation, exposure) =
            learner.rank(request.tenant, |desk| self.rank(&snapshot, &asked, desk, learner.settings()))?;
        recommendation.exposure = exposure.id;
        Ok(recommendation)
    }

    /// The best entries for some words, without learning, logging or abstaining.
    #[must_use]
    pub fn search(&self, text: &str, most: usize) -> Vec<(Arc<Entry>, f32)> {
        let snapshot = self.catalog.snapshot();
        let request = Request { task: text, ..Request::default() };
        let asked = self.ask(&snapshot, &request);
        let mut found = best(&asked.scores, most);
        found.retain(|place| asked.scores.get(*place).is_some_and(|score| *score > 0.0));
        let entry = |place: usize| Some((snapshot.entries.get(place)?.clone(), *asked.scores.get(place)?));
        found.into_iter().filter_map(entry).collect()
    }

    fn ask<'a>(&self, snapshot: &Snapshot, request: &'a Request<'a>) -> Asked<'a> {
        let words = self.catalog.analyzer().request(request.task);
        let mut scores = vec![0.0; snapshot.entries.len()];
        let numbers: Vec<u64> = words.terms.iter().map(|(term, _)| *term).collect();
        snapshot.index.score(&numbers, &mut scores);
        scores.iter_mut().for_each(|score| *score *= TEXT);
        let vector = self.catalog.embedder().and_then(|embedder| embedder.embed(&[request.task])?.pop());
        if let Some(vector) = &vector {
            snapshot.index.near(vector, MEANING, &mut scores);
        }
        let triggered = context::add(request, snapshot, &mut scores);
        if !request.kinds.is_empty() || request.only.is_some() {
            let allowed = |entry: &Entry| {
                (request.kinds.is_empty() || request.kinds.contains(&entry.kind))
                    && request.only.as_ref().is_none_or(|only| only.contains(&entry.id))
            };
            for (score, entry) in scores.iter_mut().zip(&snapshot.entries) {
                if !allowed(entry) {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        Asked { request, words, extras: context::features(&request.context), triggered, vector, scores }
    }

    fn rank(
        &self,
        snapshot: &Snapshot,
        asked: &Asked<'_>,
        learn::Desk { own, shared, dice }: learn::Desk<'_>,
        settings: &learn::Settings,
    ) -> (Recommendation, Exposure) {
        let hour = learn::hour(asked.request.at);
        let pace = settings.pace();
        let features = features::of(&asked.words.terms, &asked.extras, snapshot, &own.model);
        let mut base = asked.scores.clone();
        let shared_slots = shared.slots(snapshot.generation, &snapshot.places).to_vec();
        shared.model.add(&features, hour, &pace, &shared_slots, &mut base);
        let slots = own.slots(snapshot.generation, &snapshot.places).to_vec();
        accepted(&asked.wording(), [(own, &slots), (shared, &shared_slots)], &mut base);
        let mut scores = base.clone();
        own.model.add(&features, hour, &pace, &slots, &mut scores);

        let mut ranked: Vec<Ranked> = best(&scores, CANDIDATES)
            .into_iter()
            .filter_map(|place| {
                let (base, score) = (*base.get(place)?, *scores.get(place)?);
                let id = number(&snapshot.entries.get(place)?.id);
                let deviation = own.model.about(id, &features, hour, &pace).1;
                score.is_finite().then_some(Ranked { place, base, score, deviation })
            })
            .collect();
        let signs = features::signs(asked, snapshot, &ranked, &own.model);
        let learns = self.learner.is_some();
        let ranking = Ranking { asked, snapshot, ranked: &ranked, signs: &signs, features: &features };
        let judged = self.abstention.judge(&ranking, [own, shared], learns.then_some(&mut *dice));
        let spread: Vec<(f32, f32)> = ranked.iter().map(|of| (of.score, of.deviation)).collect();
        let first = probabilities(settings.strategy, &spread);
        let mut roll = dice.roll();
        let drawn = first.iter().position(|chance| {
            roll -= chance;
            roll < 0.0
        });
        let chances = softmax(&ranked.iter().map(|of| of.score).collect::<Vec<_>>());
        let listed: Vec<(Ranked, f32, f32)> = ranked
            .drain(..)
            .zip(first)
            .zip(chances)
            .map(|((of, first), chance)| (of, first, chance))
            .collect();
        let mut order: Vec<usize> = (0..listed.len()).collect();
        if let Some(drawn) = drawn {
            order[..=drawn].rotate_right(1);
        }
        let abstains = judged.nothing_fits;
        let recommendation = self.fill(snapshot, asked, &listed, &order, abstains, judged.confidence);
        let shown: Vec<String> = recommendation.picks.iter().map(|pick| pick.entry.id.clone()).collect();
        let beside = shown.len().saturating_sub(1);
        let candidates = listed.iter().enumerate().filter_map(|(at, (of, first, _))| {
            let entry = snapshot.entries.get(of.place)?;
            Some(Candidate {
                entry: entry.id.clone(),
                base: of.base,
                score: of.score,
                first: *first,
                shown: if abstains { 0.0 } else { shown_at_all(at, beside, &listed) },
            })
        });
        let exposure = Exposure {
            id: 0,
            at: asked.request.at,
            model: MODEL.to_owned(),
            candidates: candidates.collect(),
            features,
            phrasing: asked.words.phrasing.clone(),
            shown,
            fit: judged.fit,
            signs,
            words: asked.words.terms.len(),
            open: judged.open,
        };
        (recommendation, exposure)
    }

    fn fill(
        &self,
        snapshot: &Snapshot,
        asked: &Asked<'_>,
        listed: &[(Ranked, f32, f32)],
        order: &[usize],
        abstains: bool,
        confidence: f32,
    ) -> Recommendation {
        let budget = asked.request.budget;
        let mut answer =
            Recommendation { exposure: 0, picks: Vec::new(), left_out: Vec::new(), confidence, tokens: 0 };
        for at in order {
            let Some((of, _, probability)) = listed.get(*at) else { continue };
            let Some(entry) = snapshot.entries.get(of.place) else { continue };
            let (needs, left) = (entry.tokens(), budget.tokens.saturating_sub(answer.tokens));
            let why = if abstains {
                Why::NothingFits
            } else if answer.picks.len() >= budget.entries {
                Why::Enough
            } else if !answer.picks.is_empty() && (*probability < UNLIKELY || of.says_nothing()) {
                Why::Unlikely { probability: *probability }
            } else if needs > left {
                Why::Tokens { needs, left }
            } else {
                answer.tokens += needs;
                let parts = self.parts(snapshot, asked, of);
                let reasons = features::reasons(asked, snapshot, of.place, &parts);
                answer.picks.push(Pick {
                    entry: entry.clone(),
                    parts,
                    probability: *probability,
                    reasons,
                    tokens: needs,
                });
                continue;
            };
            answer.left_out.push(LeftOut { id: entry.id.clone(), why });
        }
        answer
    }

    fn parts(&self, snapshot: &Snapshot, asked: &Asked<'_>, of: &Ranked) -> Parts {
        let text =
            asked.words.terms.iter().map(|(term, _)| snapshot.index.worth(*term, of.place)).sum::<f32>()
                * TEXT;
        let meaning =
            asked.vector.as_ref().map_or(0.0, |vector| snapshot.index.cosine(vector, of.place) * MEANING);
        let fixed = asked.scores.get(of.place).copied().unwrap_or_default();
        Parts { text, meaning, context: fixed - text - meaning, learned: of.score - fixed }
    }
}

/// Adds what the requests that entries were accepted for say of a request: those of the tenant, or of all, whichever say more.
fn accepted(wording: &Wording, learned: [(&learn::State, &[u32]); 2], scores: &mut [f32]) {
    let mut said = vec![0f32; scores.len()];
    for (state, slots) in learned.into_iter().filter(|(state, _)| !state.model.accepted.is_empty()) {
        let mut alone = vec![0f32; scores.len()];
        state.model.accepted.speak(wording, |item, worth| {
            let place = slots.get(item as usize).and_then(|place| alone.get_mut(*place as usize));
            place.into_iter().for_each(|said| *said += worth);
        });
        said.iter_mut().zip(alone).for_each(|(said, alone)| *said = said.max(alone));
    }
    scores.iter_mut().zip(said).for_each(|(score, said)| *score += REQUESTS * said);
}

/// The probability that a candidate is among the first and the `beside` best of the others.
fn shown_at_all(at: usize, beside: usize, listed: &[(Ranked, f32, f32)]) -> f32 {
    let first = |at: usize| listed.get(at).map_or(0.0, |(_, first, _)| *first);
    // Whoever is first comes out of the order: the others are the best that are left.
    match at {
        _ if at < beside => 1.0,
        _ if at == beside => first(at) + (0..beside).map(first).sum::<f32>(),
        _ => first(at),
    }
}

/// The places of the highest scores, from the highest on.
fn best(scores: &[f32], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    let by_score = |a: &usize, b: &usize| {
        let score = |at: &usize| scores.get(*at).copied().unwrap_or(f32::NEG_INFINITY);
        score(b).total_cmp(&score(a)).then(a.cmp(b))
    };
    if places.len() > most && most > 0 {
        places.select_nth_unstable_by(most - 1, by_score);
    }
    places.truncate(most);
    places.sort_unstable_by(by_score);
    places
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
