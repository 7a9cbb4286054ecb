//! What another way of choosing would have brought, from what was logged: no user has to try it.
//!
//! Every logged choice was made with a known probability. A new way of choosing says how likely it would have made the same choice; where
//! that is likelier than it was, the answer counts more. That is inverse propensity scoring, unbiased and noisy; its self-normalised form
//! trades a little bias for much less noise; with a model of the answers, the doubly robust form is right if either of them is. Intervals
//! are normal ones of 95 %: give them a few hundred choices.
//!
//! ```
//! use mcp_patterns::evaluate::{Trial, ips};
//!
//! // Two entries, each shown half of the time; the new way would always show the one that is accepted.
//! let shown = |good: bool| Trial { reward: f64::from(u8::from(good)), logged: 0.5, target: if good { 1.0 } else { 0.0 }, ..Trial::default() };
//! let trials: Vec<Trial> = (0..1000).map(|at| shown(at % 2 == 0)).collect();
//! let estimate = ips(&trials);
//! assert!((estimate.value - 1.0).abs() < 1e-9 && estimate.low < 1.0 && estimate.high > 1.0);
//! ```

use serde::{Deserialize, Serialize};

use crate::learn::{Outcome, Record};

/// Propensities below this count as this: one rare choice must not decide everything.
const LEAST: f64 = 0.01;

/// A choice that was logged, seen from the way of choosing that is evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What the choice brought: 1 for accepted, 0 for not.
    pub reward: f64,
    /// How likely the choice was when it was made, above 0.
    pub logged: f64,
    /// How likely the new way would have made it.
    pub target: f64,
    /// What a model thinks this choice brings; for the doubly robust estimate.
    pub expected: f64,
    /// What the model thinks the new way brings on average here; for the doubly robust estimate.
    pub expected_target: f64,
}

/// What the new way would bring, per choice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Where the interval of 95 % begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// How many choices it rests on.
    pub trials: usize,
    /// How many equally weighted choices say as much: few mean that the two ways hardly overlap.
    pub effective: f64,
}

/// Only the choices that the new way would have made, too: those with `target` above a half. Unbiased where choices were made at random.
#[must_use]
pub fn replay(trials: &[Trial]) -> Estimate {
    let same: Vec<f64> = trials.iter().filter(|trial| trial.target > 0.5).map(|trial| trial.reward).collect();
    mean(&same, same.len() as f64)
}

/// Inverse propensity scoring.
#[must_use]
pub fn ips(trials: &[Trial]) -> Estimate {
    let parts: Vec<f64> = trials.iter().map(|trial| weight(trial) * trial.reward).collect();
    mean(&parts, effective(trials))
}

/// Self-normalised inverse propensity scoring; its interval by the delta method.
#[must_use]
pub fn snips(trials: &[Trial]) -> Estimate {
    let sum: f64 = trials.iter().map(weight).sum();
    if sum <= 0.0 {
        return mean(&[], 0.0);
    }
    let value = trials.iter().map(|trial| weight(trial) * trial.reward).sum::<f64>() / sum;
    let spread =
        trials.iter().map(|trial| (weight(trial) * (trial.reward - value)).powi(2)).sum::<f64>().sqrt() / sum;
    around(value, spread, trials.len(), effective(trials))
}

/// Doubly robust: the model's expectation, corrected by what it got wrong.
#[must_use]
pub fn doubly_robust(trials: &[Trial]) -> Estimate {
    let part = |trial: &Trial| trial.expected_target + weight(trial) * (trial.reward - trial.expected);
    let parts: Vec<f64> = trials.iter().map(part).collect();
    mean(&parts, effective(trials))
}

/// The log of a tenant as trials: of each exposure with feedback on the first entry, that choice. `target` says how likely the new way would
/// show an entry first, `expected` what a model thinks of showing it; both are asked for every candidate, by exposure and id.
pub fn trials(
    records: &[Record],
    mut target: impl FnMut(&Record, &str) -> f64,
    mut expected: impl FnMut(&Record, &str) -> f64,
) -> Vec<Trial> {
    let mut trials = Vec::new();
    for record in records {
        let Some(first) = record.exposure.shown.first() else { continue };
        let answer = record.feedback.iter().find(|(entry, _, _)| entry == first);
        let logged = record.exposure.candidates.iter().find(|candidate| candidate.entry == *first);
        let (Some((_, _, outcome)), Some(logged)) = (answer, logged) else { continue };
        let expected_target = record
            .exposure
            .candidates
            .iter()
            .map(|candidate| target(record, &candidate.entry) * expected(record, &candidate.entry))
            .sum();
        trials.push(Trial {
            reward: f64::from(u8::from(matches!(outcome, Outcome::Accepted | Outcome::Edited))),
            logged: f64::from(logged.first),
            target: target(record, first),
            expected: expected(record, first),
            expected_target,
        });
    }
    trials
}

fn weight(trial: &Trial) -> f64 {
    trial.target.clamp(0.0, 1.0) / trial.logged.clamp(LEAST, 1.0)
}

fn effective(trials: &[Trial]) -> f64 {
    let (sum, squares) =
        trials.iter().map(weight).fold((0.0, 0.0), |(sum, squares), of| (sum + of, squares + of * of));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

fn mean(parts: &[f64], effective: f64) -> Estimate {
    let many = parts.len() as f64;
    if parts.is_empty() {
        return Estimate { value: 0.0, low: f64::NEG_INFINITY, high: f64::INFINITY, trials: 0, effective };
    }
    let value = parts.iter().sum::<f64>() / many;
    let variance = parts.iter().map(|part| (part - value).powi(2)).sum::<f64>() / (many - 1.0).max(1.0);
    around(value, (variance / many).sqrt(), parts.len(), effective)
}

fn around(value: f64, spread: f64, trials: usize, effective: f64) -> Estimate {
    Estimate { value, low: value - 1.96 * spread, high: value + 1.96 * spread, trials, effective }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three entries that are accepted with 0.2, 0.5 and 0.8, shown with 0.6, 0.3 and 0.1; the new way shows them with 0.1, 0.2 and 0.7.
    fn logged(many: usize, seed: u64, model: [f64; 3]) -> Vec<Trial> {
        let (rates, logged, target) = ([0.2, 0.5, 0.8], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]);
        let mut state = seed;
        let mut roll = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1u64 << 31) as f64
        };
        let trial = |_| {
            let draw = roll();
            let shown = if draw < 0.6 {
                0
            } else if draw < 0.9 {
                1
            } else {
                2
            };
            Trial {
                reward: f64::from(u8::from(roll() < rates[shown])),
                logged: logged[shown],
                target: target[shown],
                expected: model[shown],
                expected_target: model.iter().zip(target).map(|(expected, target)| expected * target).sum(),
            }
        };
        (0..many).map(trial).collect()
    }

    /// 0.1 · 0.2 + 0.2 · 0.5 + 0.7 · 0.8.
    const TRUTH: f64 = 0.68;

    #[test]
    fn all_find_the_truth_and_intervals_hold_it_as_often_as_they_say() {
        let mut inside = [0; 4];
        for seed in 0..200 {
            let good = logged(2000, seed, [0.2, 0.5, 0.8]);
            let wrong = logged(2000, seed, [0.5, 0.5, 0.5]);
            for (of, estimate) in
                [ips(&good), snips(&good), doubly_robust(&good), doubly_robust(&wrong)].iter().enumerate()
            {
                assert!((estimate.value - TRUTH).abs() < 0.25, "{estimate:?}");
                inside[of] += usize::from(estimate.low <= TRUTH && TRUTH <= estimate.high);
            }
        }
        assert!(inside.iter().all(|inside| (180..=200).contains(inside)), "{inside:?}");
    }

    #[test]
    fn a_good_model_narrows_the_interval() {
        let trials = logged(2000, 1, [0.2, 0.5, 0.8]);
        let width = |of: Estimate| of.high - of.low;
        assert!(width(doubly_robust(&trials)) < width(ips(&trials)));
        assert!(ips(&trials).effective < 2000.0);
    }

    #[test]
    fn without_overlap_nothing_is_claimed() {
        let never = [Trial { reward: 1.0, logged: 0.5, ..Trial::default() }];
        assert_eq!(replay(&never).trials, 0);
        assert!(snips(&never).high.is_infinite() && ips(&[]).low.is_infinite());
    }
}
