//! What a tenant's feedback has taught: a linear model of which entry a request wants.
//!
//! A request is a few weighted features, and an entry scores its static score and the sum of its weights for them. The probability that an
//! entry is wanted is the softmax over the candidates. Feedback is about the entries that were shown: "yes" says which one it was, "no"
//! only that it was another, so what the rejected one had is shared among the others as far as they were likely. The step is the gradient
//! of that likelihood, per weight divided by the root of the squares seen (AdaGrad); those squares are the precision, from which the
//! uncertainty comes. Both fade with time.

use std::collections::HashMap;

use super::fit::Fit;
use super::likeness::Accepted;
use super::trust::Trust;
use super::weights::Weights;
use crate::text::ByNumber;

/// The precision that a weight begins with.
const BEGIN: f32 = 0.01;
/// The feature that every request has: what an entry is liked for whatever was asked.
pub(crate) const ALWAYS: u64 = 1;
/// Steps smaller than this teach nothing.
const LEAST: f32 = 0.01;

/// A feature of a request and how much it counts.
pub(crate) type Features = Vec<(u64, f32)>;

/// How weights change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The length of a step.
    pub(crate) rate: f32,
    /// After how many hours a weight counts half; none if they never fade.
    pub(crate) half_life: Option<f32>,
}

impl Pace {
    /// What is left at an hour of what was 1 at another one; more than 1 if that is later.
    fn fade(&self, from: u32, to: u32) -> f32 {
        let hours = to as f32 - from as f32;
        self.half_life.map_or(1.0, |half| (-hours / half.max(1.0)).exp2())
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Feature {
    /// In how many requests it was.
    pub(crate) seen: f32,
    /// As they are worth at the hour that the model says.
    pub(crate) weights: Weights,
}

/// What of an exposure is needed to learn from it.
#[derive(Debug)]
pub(crate) struct Lesson<'a> {
    pub(crate) features: &'a [(u64, f32)],
    /// The numbers of the candidates' ids, and their scores without what this model adds.
    pub(crate) candidates: &'a [(u64, f32)],
    /// The number of the id of the entry that the feedback is about.
    pub(crate) about: u64,
    pub(crate) wanted: bool,
    /// How much it counts: 1 for a plain answer.
    pub(crate) weight: f32,
    pub(crate) hour: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Model {
    /// The numbers of the ids of entries, by item.
    pub(crate) items: Vec<u64>,
    pub(crate) by_number: ByNumber<u32>,
    pub(crate) features: ByNumber<Feature>,
    /// How many requests it has seen.
    pub(crate) requests: f32,
    /// The hour that weights are told for: all fade alike, so nothing has to be done while they do.
    pub(crate) hour: u32,
    pub(crate) fit: Fit,
    /// Requests that something was accepted for.
    pub(crate) accepted: Accepted,
    /// By the numbers of the names of principals.
    pub(crate) trust: HashMap<u64, Trust>,
}

impl Model {
    /// The item of an entry's number.
    pub(super) fn item(&mut self, number: u64) -> u32 {
        if let Some(item) = self.by_number.get(&number) {
            return *item;
        }
        let item = self.items.len() as u32;
        self.items.push(number);
        self.by_number.insert(number, item);
        item
    }

    /// Counts the features of a request.
    pub(crate) fn see(&mut self, features: &[(u64, f32)]) {
        self.requests += 1.0;
        for (feature, _) in features {
            self.features.entry(*feature).or_default().seen += 1.0;
        }
    }

    /// In how many requests a feature was.
    pub(crate) fn seen(&self, feature: u64) -> f32 {
        self.features.get(&feature).map_or(0.0, |feature| feature.seen)
    }

    /// Adds what was learned to the scores of entries; `slots` says where an item stands in `scores`.
    pub(crate) fn add(
        &self,
        features: &[(u64, f32)],
        hour: u32,
        pace: &Pace,
        slots: &[u32],
        scores: &mut [f32],
    ) {
        let fade = pace.fade(self.hour, hour);
        for (feature, strength) in features {
            let Some(feature) = self.features.get(feature) else { continue };
            for weight in feature.weights.iter() {
                let slot = slots.get(weight.item as usize).copied().unwrap_or(u32::MAX);
                if let Some(score) = scores.get_mut(slot as usize) {
                    *score += strength * weight.value() * fade;
                }
            }
        }
    }

    /// What was learned about an entry for some features, and how uncertain that is: the standard deviation, at most 1.
    pub(crate) fn about(&self, number: u64, features: &[(u64, f32)], hour: u32, pace: &Pace) -> (f32, f32) {
        let item = self.by_number.get(&number).copied();
        let fade = pace.fade(self.hour, hour);
        let (mut score, mut variance) = (0.0, 0.0);
        for (feature, strength) in features {
            let mut spread = 1.0;
            if let Some(weight) = item.and_then(|item| self.features.get(feature)?.weights.get(item)) {
                score += strength * weight.value() * fade;
                spread = BEGIN / (BEGIN + weight.squares() * fade);
            }
            variance += strength * strength * spread;
        }
        (score, variance.sqrt().min(1.0))
    }

    /// Learns from an answer. Returns how likely it was thought before that the entry is wanted.
    pub(crate) fn learn(&mut self, lesson: &Lesson<'_>, pace: &Pace) -> f32 {
        let scores: Vec<f32> = lesson
            .candidates
            .iter()
            .map(|(number, base)| base + self.about(*number, lesson.features, lesson.hour, pace).0)
            .collect();
        let probabilities = softmax(&scores);
        self.fade_to(lesson.hour, pace);
        let about = lesson.candidates.iter().position(|(number, _)| *number == lesson.about);
        let Some(expected) = about.and_then(|about| probabilities.get(about)).copied() else { return 0.0 };
        for ((number, _), probability) in lesson.candidates.iter().zip(&probabilities) {
            let same = *number == lesson.about;
            let gradient = match (lesson.wanted, same) {
                (true, true) => 1.0 - probability,
                (true, false) | (false, true) => -probability,
                (false, false) => probability * expected / (1.0 - expected).max(1e-3),
            };
            let gradient = lesson.weight * gradient.clamp(-1.0, 1.0);
            if gradient.abs() >= LEAST {
                self.step(*number, lesson, gradient, pace);
            }
        }
        expected
    }

    fn step(&mut self, number: u64, lesson: &Lesson<'_>, gradient: f32, pace: &Pace) {
        let item = self.item(number);
        let fade = pace.fade(self.hour, lesson.hour);
        for (feature, strength) in lesson.features {
            let weight = self.features.entry(*feature).or_default().weights.entry(item);
            let slope = gradient * strength;
            let squares = weight.squares() * fade + slope * slope;
            let value = weight.value() * fade + pace.rate * slope / (BEGIN + squares).sqrt();
            weight.set(value / fade, squares / fade);
        }
    }

    /// Tells weights for a later hour once they have faded by half; for the first hour that anything is learned at.
    fn fade_to(&mut self, hour: u32, pace: &Pace) {
        if self.items.is_empty() {
            self.hour = hour;
        }
        let fade = pace.fade(self.hour, hour);
        if fade > 0.5 {
            return;
        }
        for weight in self.features.values_mut().flat_map(|feature| feature.weights.iter_mut()) {
            weight.set(weight.value() * fade, weight.squares() * fade);
        }
        self.hour = hour;
    }
}

/// Scores to probabilities.
pub(crate) fn softmax(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let parts: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f32 = parts.iter().sum();
    parts.iter().map(|part| part / sum.max(f32::MIN_POSITIVE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { rate: 1.5, half_life: Some(24.0) };

    fn lesson<'a>(about: u64, wanted: bool, hour: u32) -> Lesson<'a> {
        let features = &[(10, 0.8), (11, 0.6)];
        Lesson { features, candidates: &[(1, 1.0), (2, 0.5), (3, 0.0)], about, wanted, weight: 1.0, hour }
    }

    fn scores(model: &Model, hour: u32) -> [f32; 3] {
        [1u64, 2, 3].map(|number| model.about(number, &[(10, 0.8), (11, 0.6)], hour, &PACE).0)
    }

    #[test]
    fn yes_lifts_the_entry_and_no_lifts_the_others_by_how_likely_they_were() {
        let mut model = Model::default();
        let expected = model.learn(&lesson(1, true, 0), &PACE);
        assert!((expected - 0.506).abs() < 1e-3, "{expected}");
        let [first, second, third] = scores(&model, 0);
        assert!(first > 0.0 && second < 0.0 && third < 0.0);

        let mut model = Model::default();
        model.learn(&lesson(1, false, 0), &PACE);
        let [first, second, third] = scores(&model, 0);
        assert!(first < 0.0 && second > third && third > 0.0);
    }

    #[test]
    fn what_is_learned_fades_and_grows_uncertain_again() {
        let mut model = Model::default();
        (0..20).for_each(|_| _ = model.learn(&lesson(3, true, 0), &PACE));
        let (now, sure) = model.about(3, &[(10, 0.8), (11, 0.6)], 0, &PACE);
        let (later, less_sure) = model.about(3, &[(10, 0.8), (11, 0.6)], 24, &PACE);
        assert!((later - now / 2.0).abs() < 1e-4 && less_sure > sure, "{now} {later} {sure} {less_sure}");
        assert!((model.about(9, &[(10, 0.8), (11, 0.6)], 0, &PACE).1 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn an_entry_that_was_no_candidate_teaches_nothing() {
        let mut model = Model::default();
        assert!(model.learn(&lesson(9, true, 0), &PACE) == 0.0);
        assert_eq!(model, Model::default());
    }
}
