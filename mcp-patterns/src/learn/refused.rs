//! Requests of which somebody said that nothing fitted: which words they have that others do not.

use std::collections::VecDeque;

use super::likeness::{Wording, spread};
use crate::text::ByNumber;

/// How many are kept, at most.
const MOST: usize = 512;
/// As many requests with the words of the accepted ones are thought to be among them from the beginning.
const BEFORE: f32 = 30.0;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Refused {
    /// From the oldest on.
    kept: VecDeque<Wording>,
    /// In how many of them a word is.
    with: ByNumber<u32>,
}

impl Refused {
    pub(super) fn read(kept: Vec<Wording>) -> Option<Self> {
        if kept.len() > MOST {
            return None;
        }
        let mut read = Self::default();
        kept.into_iter().for_each(|wording| read.keep(wording));
        Some(read)
    }

    pub(super) fn kept(&self) -> impl ExactSizeIterator<Item = &Wording> {
        self.kept.iter()
    }

    pub(super) fn keep(&mut self, wording: Wording) {
        if self.kept.len() >= MOST
            && let Some(oldest) = self.kept.pop_front()
        {
            for word in oldest.parts().0 {
                if let Some(with) = self.with.get_mut(&spread(*word)) {
                    *with -= 1;
                    if *with == 0 {
                        self.with.remove(&spread(*word));
                    }
                }
            }
        }
        for word in wording.parts().0 {
            *self.with.entry(spread(*word)).or_default() += 1;
        }
        self.kept.push_back(wording);
    }

    /// How much more usual a word is among them than among accepted requests, of which it is in `share`: the logarithm of the ratio.
    pub(super) fn telling(&self, word: u32, share: f32) -> f32 {
        if self.kept.is_empty() {
            return 0.0;
        }
        let with = self.with.get(&spread(word)).copied().unwrap_or_default() as f32;
        ((with + BEFORE * share) / ((self.kept.len() as f32 + BEFORE) * share)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_refused_tell_and_the_oldest_are_forgotten() {
        let mut refused = Refused::default();
        assert!(refused.telling(7, 0.1) == 0.0);
        let wording = |word: u64| Wording::of([word, 9].into_iter(), &[]);
        (0..MOST as u64 + 10).for_each(|at| refused.keep(wording(1000 + at)));
        assert_eq!((refused.kept.len(), refused.with.len()), (MOST, MOST + 1));
        assert!(refused.telling(9, 0.01) > 4.0 && refused.telling(1000, 0.01) < 0.0);
        assert!(refused.telling(1010, 0.0001) > 0.0);
        let again = Refused::read(refused.kept().cloned().collect());
        assert_eq!(again, Some(refused));
    }
}
