//! What is known of a request and of its ranking, as numbers and for people.

use super::{Asked, Features, Parts, Ranked, Signs};
use crate::catalog::Snapshot;
use crate::learn::fit::SIGNS;
use crate::learn::model::{ALWAYS, Model, softmax};

/// How much a feature of the context counts beside the words, which have length 1 together.
const EXTRA: f32 = 0.3;
/// How much it counts what an entry is liked for whatever was asked.
const LIKED: f32 = 0.1;
/// A word that nobody has used before is not more telling than this.
const MOST_TELLING: f32 = 8.0;

/// The features of a request: each word as far as it is telling, after the catalogue and the requests that were seen so far.
pub(super) fn of(terms: &[(u64, String)], extras: &[u64], snapshot: &Snapshot, model: &Model) -> Features {
    let all = model.requests + snapshot.entries.len() as f32;
    let mut features: Features = terms
        .iter()
        .map(|(term, _)| {
            let with = model.seen(*term) + snapshot.index.with(*term) as f32;
            let telling = (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln();
            (*term, telling.min(MOST_TELLING))
        })
        .collect();
    let length = features.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    features.iter_mut().for_each(|(_, value)| *value /= length.max(f32::MIN_POSITIVE));
    features.extend(extras.iter().map(|extra| (*extra, EXTRA)));
    features.push((ALWAYS, LIKED));
    features
}

/// What the chance to be accepted is learned from: the words of a request, and how it is asked.
pub(crate) fn phrased(features: &[(u64, f32)], phrasing: &[u64]) -> Features {
    let strength = 1.0 / (phrasing.len().max(1) as f32).sqrt();
    features.iter().copied().chain(phrasing.iter().map(|word| (*word, strength))).collect()
}

/// What is known of a ranking: see [`crate::learn::fit`].
pub(super) fn signs(asked: &Asked<'_>, snapshot: &Snapshot, ranked: &[Ranked], model: &Model) -> Signs {
    let mut signs = [0.0; SIGNS];
    signs[0] = 1.0;
    let Some(best) = ranked.first() else { return signs };
    let (mut text, mut has, mut known, mut seen, mut all) = (0.0, 0.0, 0.0, 0.0, 0.0f32);
    for (term, _) in &asked.words.terms {
        let telling = snapshot.index.telling(*term);
        let worth = snapshot.index.worth(*term, best.place);
        text += worth;
        all += telling;
        has += if worth > 0.0 { telling } else { 0.0 };
        seen += if model.seen(*term) > 1.0 { telling } else { 0.0 };
        known += if snapshot.index.with(*term) > 0 { telling } else { 0.0 };
    }
    let all = all.max(1.0);
    let chances = softmax(&ranked.iter().map(|of| of.score).collect::<Vec<_>>());
    signs[1] = text / all.sqrt() / 4.0;
    signs[2] = has / all;
    signs[3] = known / all;
    signs[4] = chances.first().copied().unwrap_or_default();
    signs[5] = ranked.get(1).map_or(1.0, |second| ((best.score - second.score) / 3.0).clamp(0.0, 1.0));
    signs[6] = asked.vector.as_ref().map_or(0.0, |vector| snapshot.index.cosine(vector, best.place));
    signs[7] = best.score / 5.0;
    signs[8] = (best.score - asked.scores.get(best.place).copied().unwrap_or_default()) / 3.0;
    signs[9] = (asked.words.terms.len() as f32 / 10.0).min(3.0);
    signs[10] = seen / all;
    signs
}

/// The log-odds that the best is accepted, before anything is learned.
pub(super) fn cold(signs: &Signs) -> f32 {
    const WEIGHTS: Signs = [-1.6, 1.2, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0];
    signs.iter().zip(&WEIGHTS).map(|(sign, weight)| sign * weight).sum()
}

/// Why an entry is recommended.
pub(super) fn reasons(asked: &Asked<'_>, snapshot: &Snapshot, place: usize, parts: &Parts) -> Vec<String> {
    let mut words: Vec<(f32, &str)> = asked
        .words
        .terms
        .iter()
        .map(|(term, word)| (snapshot.index.worth(*term, place), word.as_str()))
        .filter(|(worth, _)| *worth > 0.0)
        .collect();
    words.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons = Vec::new();
    if !words.is_empty() {
        let words: Vec<String> = words.iter().take(5).map(|(_, word)| format!("`{word}`")).collect();
        reasons.push(format!("has {}", words.join(", ")));
    }
    if parts.meaning > 1.5 {
        reasons.push("its description means something similar".to_owned());
    }
    if parts.context > 0.1 {
        reasons.push("fits the files, tools, tags or triggers at hand".to_owned());
    }
    if parts.learned > 0.2 {
        reasons.push("was accepted for requests like this".to_owned());
    } else if parts.learned < -0.2 {
        reasons.push("was refused for requests like this, and is still the best".to_owned());
    }
    reasons
}
