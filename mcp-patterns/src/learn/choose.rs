//! Which of the best entries is shown first. Only among those that are nearly as good as the best is anything tried out, and how likely
//! each was to be shown is computed, not guessed: without it nothing can be said afterwards of what another choice would have brought.

use serde::{Deserialize, Serialize};

/// How the first entry is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// Always the one with the highest expected score.
    Greedy,
    /// Each as often as it is the best in what the model may be (Thompson sampling); `scale` multiplies its uncertainty.
    Thompson {
        /// 1 for the model's own uncertainty; 0 is greedy.
        scale: f32,
    },
    /// The one with the highest score that it may have: expectation plus `scale` deviations (LinUCB with a diagonal covariance).
    LinUcb {
        /// How many deviations.
        scale: f32,
    },
}

/// How far behind the best one may be to be tried, in log-odds, and how many are.
const NEAR: f32 = 1.5;
const MOST: usize = 8;
/// Points of the integral.
const POINTS: u16 = 64;

/// The probability of each to be shown first. `scores` are from high to low; each has an expectation and a deviation.
pub(crate) fn probabilities(strategy: Strategy, scores: &[(f32, f32)]) -> Vec<f32> {
    let mut result = vec![0.0; scores.len()];
    let Some((best, _)) = scores.first() else { return result };
    let near: Vec<(f32, f32)> =
        scores.iter().take(MOST).take_while(|(score, _)| score + NEAR >= *best).copied().collect();
    match strategy {
        Strategy::Thompson { scale } if scale > 0.0 && near.len() > 1 => {
            let spread: Vec<(f32, f32)> =
                near.iter().map(|(score, deviation)| (*score, (scale * deviation).max(1e-3))).collect();
            for (into, probability) in result.iter_mut().zip(best_of(&spread)) {
                *into = probability;
            }
        }
        Strategy::LinUcb { scale } => {
            let upper = |(score, deviation): &(f32, f32)| score + scale * deviation;
            let first = (0..near.len()).max_by(|a, b| {
                let (a, b) = (near.get(*a).map(upper), near.get(*b).map(upper));
                a.unwrap_or_default().total_cmp(&b.unwrap_or_default())
            });
            if let Some(into) = result.get_mut(first.unwrap_or_default()) {
                *into = 1.0;
            }
        }
        _ => result[0] = 1.0,
    }
    result
}

/// How likely each of several normal variables is the largest: the integral over what the largest may be.
fn best_of(spread: &[(f32, f32)]) -> Vec<f32> {
    let low = spread.iter().map(|(mean, deviation)| mean - 4.0 * deviation).fold(f32::INFINITY, f32::min);
    let high =
        spread.iter().map(|(mean, deviation)| mean + 4.0 * deviation).fold(f32::NEG_INFINITY, f32::max);
    let mut sums = vec![0f32; spread.len()];
    for point in 0..POINTS {
        let at = low + (high - low) * (f32::from(point) + 0.5) / f32::from(POINTS);
        let below: Vec<f32> =
            spread.iter().map(|(mean, deviation)| cumulative((at - mean) / deviation)).collect();
        for (own, sum) in sums.iter_mut().enumerate() {
            let Some((mean, deviation)) = spread.get(own) else { continue };
            let z = (at - mean) / deviation;
            let others: f32 =
                below.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, below)| below).product();
            *sum += (-0.5 * z * z).exp() / deviation * others;
        }
    }
    let all: f32 = sums.iter().sum();
    if all > 0.0 {
        sums.iter_mut().for_each(|sum| *sum /= all);
    } else if let Some(first) = sums.first_mut() {
        *first = 1.0;
    }
    sums
}

/// The normal distribution, after Abramowitz and Stegun 7.1.26: off by less than 1e-6.
fn cumulative(z: f32) -> f32 {
    let x = f64::from(z.abs()) / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = (0.5 * poly * (-x * x).exp()) as f32;
    if z < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_are_tried_equally_and_the_far_ones_never() {
        let chances =
            probabilities(Strategy::Thompson { scale: 1.0 }, &[(1.0, 0.5), (1.0, 0.5), (-9.0, 1.0)]);
        assert!((chances[0] - 0.5).abs() < 1e-3 && (chances[1] - 0.5).abs() < 1e-3, "{chances:?}");
        assert!(chances[2] == 0.0);
    }

    #[test]
    fn the_integral_is_what_drawing_gives() {
        // The difference of two normal variables is one, too: P(first is larger) = Φ(0.4 / √(0.3² + 0.4²)) = Φ(0.8).
        let chances = probabilities(Strategy::Thompson { scale: 1.0 }, &[(1.0, 0.3), (0.6, 0.4)]);
        assert!((chances[0] - 0.7881).abs() < 2e-3, "{chances:?}");
    }

    #[test]
    fn the_others_choose_one() {
        let scores = [(1.0, 0.1), (0.8, 0.9), (0.2, 0.9)];
        assert_eq!(probabilities(Strategy::Greedy, &scores), [1.0, 0.0, 0.0]);
        assert_eq!(probabilities(Strategy::LinUcb { scale: 1.0 }, &scores), [0.0, 1.0, 0.0]);
        assert_eq!(probabilities(Strategy::Thompson { scale: 0.0 }, &scores), [1.0, 0.0, 0.0]);
        assert!(probabilities(Strategy::Greedy, &[]).is_empty());
    }
}
