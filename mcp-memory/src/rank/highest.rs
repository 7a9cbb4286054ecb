//! The highest of many numbers, without sorting the others.

use pulp::Arch;

use super::descending;
use crate::vector::kernel::{each, marked};
use crate::view::Bits;

/// Scores that are looked at together.
const BLOCK: usize = 16;

/// The slots of a set with the highest scores above nothing: so many, in no order.
pub(super) fn highest(scores: &[f32], within: &Bits, many: usize) -> Vec<usize> {
    let best = Arch::new().dispatch(Highest { scores, within: within.words(), many });
    best.into_iter().map(|(_, slot)| slot).collect()
}

struct Highest<'a> {
    scores: &'a [f32],
    within: &'a [u64],
    many: usize,
}

impl pulp::NullaryFnOnce for Highest<'_> {
    type Output = Vec<(f32, usize)>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Highest { scores, within, many } = self;
        let mut best: Vec<(f32, usize)> = Vec::with_capacity(many * 2 + 64);
        // What is not above it is not among the highest.
        let mut floor = 0f32;
        for (at, (chunk, word)) in scores.chunks(64).zip(within).enumerate() {
            if *word == 0 {
                continue;
            }
            for (part, scores) in chunk.chunks(BLOCK).enumerate() {
                // Told of all at once, where there are all.
                let above = match <&[f32; BLOCK]>::try_from(scores) {
                    Ok(block) => marked(&block.map(|score| score > floor)),
                    Err(_) => {
                        scores.iter().rev().fold(0, |marks, score| marks << 1 | u64::from(*score > floor))
                    }
                };
                each(above & word >> (part * BLOCK), |bit| {
                    if let Some(score) = scores.get(bit) {
                        best.push((*score, at * 64 + part * BLOCK + bit));
                    }
                });
            }
            if best.len() >= many * 2 {
                floor = cut(&mut best, many).unwrap_or(floor);
            }
        }
        cut(&mut best, many);
        best
    }
}

/// Leaves the highest, and says what the lowest of them is if others had to go.
fn cut(best: &mut Vec<(f32, usize)>, many: usize) -> Option<f32> {
    if best.len() <= many {
        return None;
    }
    let (.., lowest, _) = best.select_nth_unstable_by(many.saturating_sub(1), |a, b| descending(a.0, b.0));
    let lowest = lowest.0;
    best.truncate(many);
    Some(lowest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_highest_are_those_that_sorting_puts_first(
            scores in prop::collection::vec(prop_oneof![Just(0f32), (0u8..200).prop_map(f32::from)], 0..900),
            many in 1usize..40, every in 1usize..4,
        ) {
            let mut within = Bits::none(scores.len());
            (0..scores.len()).filter(|slot| slot % every == 0).for_each(|slot| within.set(slot));
            let mut found: Vec<f32> = highest(&scores, &within, many).into_iter().map(|slot| scores[slot]).collect();
            found.sort_by(|a, b| descending(*a, *b));
            let mut all: Vec<f32> = scores.iter().copied().step_by(every).filter(|score| *score > 0.0).collect();
            all.sort_by(|a, b| descending(*a, *b));
            all.truncate(many);
            prop_assert_eq!(found, all);
        }
    }
}
