//! How much a principal's feedback counts. Each has a share of the day, and whoever contradicts what all others together expect, more
//! than chance allows, counts less and in the end not at all.
//!
//! The model thinks that an entry is wanted with probability p. The mean of (answer − p)·(p − ½) is about the same for all who answer
//! honestly: zero if the model is right about its chances. For one who answers the opposite it is 2(p − ½)² lower on average, for one who
//! answers at random (p − ½)². How far somebody's sum is below what everybody's mean makes of it, over the deviation that chance gives
//! it, is how suspicious somebody is. It fades, so that people may change their minds.

/// The number under which all principals together are counted. No name has it: see the test.
pub(super) const EVERYBODY: u64 = 0;

/// How many answers are remembered, about.
const MEMORY: f32 = 300.0;
/// From how many deviations on somebody counts less, and from how many on not at all.
const DOUBT: f32 = 2.0;
const DISBELIEF: f32 = 4.0;
/// Variance that everybody begins with: a few answers prove nothing.
const PATIENCE: f32 = 0.1;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Trust {
    pub(crate) sum: f32,
    pub(crate) variance: f32,
    /// How many answers, fading.
    pub(crate) many: f32,
    pub(crate) day: u32,
    /// How many answers came on that day.
    pub(crate) today: u32,
}

impl Trust {
    /// How much the next answer counts, 0 to 1.
    pub(crate) fn weight(&self, everybody: &Self, hour: u32, most_a_day: u32, damp: bool) -> f32 {
        if self.day == hour / 24 && self.today >= most_a_day {
            return 0.0;
        }
        if !damp {
            return 1.0;
        }
        let usual = self.many * everybody.sum / everybody.many.max(1.0);
        let deviations = (usual - self.sum) / (self.variance + PATIENCE).sqrt();
        (1.0 - (deviations - DOUBT) / (DISBELIEF - DOUBT)).clamp(0.0, 1.0)
    }

    /// Takes note of an answer; `expected` is how likely "yes" was before anything was learned from it.
    pub(crate) fn note(&mut self, hour: u32, expected: f32, wanted: bool) {
        let day = hour / 24;
        if self.day != day {
            (self.day, self.today) = (day, 0);
        }
        self.today = self.today.saturating_add(1);
        let keep = 1.0 - 1.0 / MEMORY;
        let part = (f32::from(u8::from(wanted)) - expected) * (expected - 0.5);
        self.sum = self.sum * keep + part;
        self.variance = self.variance * keep + part * part;
        self.many = self.many * keep + 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much two of twelve count after they answered the opposite, and the others.
    #[test]
    fn who_answers_the_opposite_counts_for_nothing_and_the_others_fully() {
        let mut people = [Trust::default(); 12];
        let mut everybody = Trust::default();
        let mut seed = 5u64;
        let mut chance = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f32 / (1u64 << 24) as f32
        };
        for at in 0..2400 {
            let expected = [0.1, 0.3, 0.6, 0.9][(chance() * 4.0) as usize % 4];
            // The model is too sure of itself.
            let wanted = chance() < 0.1 + 0.7 * expected;
            let wanted = wanted == (at % 12 > 1);
            people[at % 12].note(0, expected, wanted);
            everybody.note(0, expected, wanted);
        }
        let weights = people.map(|trust| trust.weight(&everybody, 24, 100, true));
        assert!(weights[..2].iter().all(|weight| *weight == 0.0), "{weights:?}");
        assert!(weights[2..].iter().all(|weight| *weight > 0.9), "{weights:?}");
        assert!(people[0].weight(&everybody, 24, 100, false) == 1.0);
    }

    #[test]
    fn nobody_has_more_than_a_share_of_the_day() {
        let (mut trust, everybody) = (Trust::default(), Trust::default());
        (0..3).for_each(|_| trust.note(48, 0.5, true));
        let weight = |hour, most| trust.weight(&everybody, hour, most, true);
        assert!(weight(48, 3) == 0.0 && weight(48, 4) > 0.0 && weight(72, 3) > 0.0);
    }
}
