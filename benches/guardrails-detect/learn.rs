//! A linear scorer learned by gradient steps, and folds that keep near-duplicates together.

use std::collections::{HashMap, HashSet};

use mcp_guardrails::detect::injection::{BUCKETS, CUES, Features, Model, sigmoid};

pub(crate) const FOLDS: usize = 5;

/// An example: what is known of it, whether it is what is looked for, how much it counts.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) features: Features,
    pub(crate) positive: bool,
    pub(crate) weight: f32,
}

/// A scorer before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Scorer {
    pub(crate) bias: f32,
    weights: Vec<f32>,
}

impl Scorer {
    /// Logistic regression with AdaGrad; the order of examples comes from a fixed seed.
    pub(crate) fn learn(examples: &[&Example], rounds: usize, decay: f32) -> Self {
        let mut scorer = Self { bias: 0.0, weights: vec![0.0; BUCKETS + CUES] };
        let mut squares = vec![1e-3f32; BUCKETS + CUES];
        let mut bias_squares = 1e-3f32;
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut seed = 7u64;
        let rate = 0.15;
        for _ in 0..rounds {
            for at in (1..order.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                order.swap(at, (seed >> 33) as usize % (at + 1));
            }
            for &at in &order {
                let Example { features, positive, weight } = examples[at];
                let error = (sigmoid(scorer.raw(features)) - f32::from(u8::from(*positive))) * weight;
                bias_squares += error * error;
                scorer.bias -= rate * error / bias_squares.sqrt();
                let strength = features.word_strength();
                let words = features.words.iter().map(|bucket| (usize::from(*bucket), strength));
                let cues =
                    features.cues.iter().map(|(cue, strength)| (BUCKETS + usize::from(*cue), *strength));
                for (place, strength) in words.chain(cues) {
                    let slope = error * strength + decay * scorer.weights[place];
                    squares[place] += slope * slope;
                    scorer.weights[place] -= rate * slope / squares[place].sqrt();
                }
            }
        }
        scorer
    }

    pub(crate) fn raw(&self, features: &Features) -> f32 {
        self.bias + features.dot(|place| self.weights[place])
    }

    /// Moves the bias so that of no source more than a share of `rate` is above zero; `scores` are of what should not be found.
    pub(crate) fn calibrate(&mut self, scores: &[(&str, f32)], rate: f64) {
        let mut sources: HashMap<&str, Vec<f32>> = HashMap::new();
        for (source, score) in scores {
            sources.entry(source).or_default().push(*score);
        }
        // A few items say little of a share.
        let thresholds =
            sources.into_values().filter(|scores| scores.len() >= 80).filter_map(|mut scores| {
                scores.sort_by(f32::total_cmp);
                scores.get(((scores.len() as f64) * (1.0 - rate)) as usize).copied()
            });
        if let Some(threshold) = thresholds.max_by(f32::total_cmp) {
            self.bias -= threshold + 1e-3;
        }
    }

    pub(crate) fn table(&self) -> Vec<u8> {
        Model::write(self.bias, &self.weights)
    }

    pub(crate) fn model(&self) -> Model {
        Model::read(self.table().into()).expect("what was just written")
    }
}

/// Puts texts into folds, those that share half of their words into the same one.
pub(crate) fn folds(texts: &[&str]) -> Vec<usize> {
    let words: Vec<HashSet<String>> = texts
        .iter()
        .map(|text| {
            text.to_lowercase()
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let mut parent: Vec<usize> = (0..texts.len()).collect();
    // Only texts that share one of their rarer words are compared.
    let mut having: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, set) in words.iter().enumerate() {
        for word in set {
            having.entry(word).or_default().push(at);
        }
    }
    let mut compared = HashSet::new();
    for list in having.values().filter(|list| list.len() <= 60) {
        for (position, &a) in list.iter().enumerate() {
            for &b in &list[position + 1..] {
                if compared.insert((a, b)) {
                    let shared = words[a].intersection(&words[b]).count();
                    if 2 * shared >= words[a].len() + words[b].len() - shared {
                        let (x, y) = (root(&parent, a), root(&parent, b));
                        // The first of a group stands for it, in whatever order they are met: folds are the same each time.
                        parent[x.max(y)] = x.min(y);
                    }
                }
            }
        }
    }
    (0..texts.len())
        .map(|at| root(&parent, at).wrapping_mul(0x9E37_79B9) >> 7)
        .map(|hash| hash % FOLDS)
        .collect()
}

fn root(parent: &[usize], mut at: usize) -> usize {
    while parent[at] != at {
        at = parent[at];
    }
    at
}
