//! Whether anything fits: how likely it is that the best entry will be accepted at all. Logistic regression over what the ranking looks
//! like and over the words of the request, learned from what became of the entries that were shown first.

use crate::text::ByNumber;

/// What is known of a ranking: constant, lexical score for the square root of what the request could score, share of the request that
/// the best entry has, share that the catalogue knows, probability of the best, how far it is before the second, nearness of its vector,
/// score of the best, what of it was learned, length of the request, share of it that earlier requests had.
pub(crate) const SIGNS: usize = 11;
pub(crate) type Signs = [f32; SIGNS];

const RATE: f32 = 0.3;
const BEGIN: f32 = 1.0;

/// A weight and the sum of squares of what changed it.
pub(crate) type Slope = (f32, f32);

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fit {
    pub(crate) signs: [Slope; SIGNS],
    pub(crate) words: ByNumber<Slope>,
}

impl Fit {
    /// The log-odds that the best entry is accepted, on top of what a model without feedback thinks; and how uncertain that is.
    pub(crate) fn learned(&self, signs: &Signs, features: &[(u64, f32)]) -> (f32, f32) {
        let mut score: f32 = signs.iter().zip(&self.signs).map(|(sign, slope)| sign * slope.0).sum();
        let mut variance = 0.0;
        for (feature, strength) in features {
            let slope = self.words.get(feature).copied().unwrap_or_default();
            score += slope.0 * strength;
            variance += strength * strength * BEGIN / (BEGIN + slope.1);
        }
        (score, variance.sqrt())
    }

    pub(crate) fn learn(
        &mut self,
        base: f32,
        signs: &Signs,
        features: &[(u64, f32)],
        accepted: bool,
        weight: f32,
    ) {
        let expected = sigmoid(base + self.learned(signs, features).0);
        let gradient = weight * (f32::from(u8::from(accepted)) - expected);
        for (sign, slope) in signs.iter().zip(&mut self.signs) {
            step(slope, gradient * sign);
        }
        for (feature, strength) in features {
            step(self.words.entry(*feature).or_default(), gradient * strength);
        }
    }
}

fn step(slope: &mut Slope, gradient: f32) {
    slope.1 += gradient * gradient;
    slope.0 += RATE * gradient / (BEGIN + slope.1).sqrt();
}

pub(crate) fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_requests_that_nothing_fitted_say_so() {
        let mut fit = Fit::default();
        let signs = [0.5; SIGNS];
        for _ in 0..30 {
            fit.learn(0.0, &signs, &[(1, 1.0)], true, 1.0);
            fit.learn(0.0, &signs, &[(2, 1.0)], false, 1.0);
        }
        let (good, sure) = fit.learned(&signs, &[(1, 1.0)]);
        let (bad, _) = fit.learned(&signs, &[(2, 1.0)]);
        let (_, unsure) = fit.learned(&signs, &[(3, 1.0)]);
        assert!(good > 0.8 && bad < -0.8 && unsure > sure, "{good} {bad} {sure} {unsure}");
    }
}
