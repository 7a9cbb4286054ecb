//! Loops that the compiler turns into instructions for many numbers at once, for the processor that it finds.

use pulp::Arch;

use crate::view::Bits;

/// Words of a set that a bound is guessed by.
const SAMPLE: usize = 128;

/// The product of two rows of bytes.
pub(crate) fn dot(a: &[i8], b: &[i8]) -> i32 {
    struct Dot<'a>(&'a [i8], &'a [i8]);
    impl pulp::NullaryFnOnce for Dot<'_> {
        type Output = i32;

        #[inline(always)]
        fn call(self) -> i32 {
            self.0.iter().zip(self.1).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
        }
    }
    Arch::new().dispatch(Dot(a, b))
}

/// The signs of numbers, a bit each.
pub(crate) fn signs(cells: &[i8]) -> Vec<u64> {
    let word = |chunk: &[i8]| chunk.iter().rev().fold(0, |word, cell| word << 1 | u64::from(*cell > 0));
    cells.chunks(64).map(word).collect()
}

/// The rows of a set that differ from a query in the fewest signs: at least `many`, and those that tie with the last.
pub(crate) fn nearest_by_sign(rows: &[u64], query: &[u64], many: usize, within: &Bits) -> Vec<usize> {
    struct Distances<'a>(&'a [u64], &'a [u64], &'a mut Vec<u16>);
    impl pulp::NullaryFnOnce for Distances<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Distances(rows, query, out) = self;
            let of = |row: &[u64], query: &[u64]| {
                row.iter().zip(query).map(|(a, b)| (a ^ b).count_ones() as u16).sum::<u16>()
            };
            match query.as_array::<2>() {
                Some(query) => out.extend(rows.as_chunks::<2>().0.iter().map(|row| of(row, query))),
                None => out.extend(rows.chunks_exact(query.len().max(1)).map(|row| of(row, query))),
            }
        }
    }
    let mut distances = Vec::with_capacity(rows.len() / query.len().max(1));
    Arch::new().dispatch(Distances(rows, query, &mut distances));
    // Those within a bound that a few of all tell, and if they are too few, all.
    let mut near = up_to(&distances, within, likely_bound(&distances, many, within));
    if near.len() < many {
        near = up_to(&distances, within, u16::MAX);
    }
    let bound = bound(near.iter().map(|(_, distance)| *distance), many, query.len() * 64);
    near.into_iter().filter(|(_, distance)| *distance <= bound).map(|(row, _)| row).collect()
}

/// The distance up to which there are at least so many.
fn bound(distances: impl Iterator<Item = u16>, many: usize, longest: usize) -> u16 {
    let mut counts = vec![0usize; longest + 1];
    for distance in distances {
        if let Some(count) = counts.get_mut(usize::from(distance)) {
            *count += 1;
        }
    }
    let mut found = 0;
    let bound = counts.iter().position(|count| {
        found += count;
        found >= many
    });
    bound.and_then(|bound| u16::try_from(bound).ok()).unwrap_or(u16::MAX)
}

/// A distance up to which there are probably more than so many of a set, by some of its words.
fn likely_bound(distances: &[u16], many: usize, within: &Bits) -> u16 {
    let step = (within.words().len() / SAMPLE).max(1);
    let words = within.words().iter().enumerate().step_by(step);
    let sample: Vec<u16> = words
        .flat_map(|(at, word)| {
            distances.iter().skip(at * 64).take(64).enumerate().map(move |row| (word, row))
        })
        .filter(|(word, (bit, _))| *word >> bit & 1 == 1)
        .map(|(_, (_, distance))| *distance)
        .collect();
    let longest = sample.iter().max().map_or(0, |distance| usize::from(*distance));
    bound(sample.into_iter(), many * 5 / 4 / step + 16, longest)
}

/// The rows of a set up to a distance, in order.
fn up_to(distances: &[u16], within: &Bits, bound: u16) -> Vec<(usize, u16)> {
    let mut near = Vec::new();
    for (at, (chunk, word)) in distances.chunks(64).zip(within.words()).enumerate() {
        if *word == 0 {
            continue;
        }
        for (part, distances) in chunk.chunks(16).enumerate() {
            // Told of all at once.
            if distances.iter().fold(u16::MAX, |least, distance| least.min(*distance)) > bound {
                continue;
            }
            for (bit, distance) in distances.iter().enumerate() {
                let bit = part * 16 + bit;
                if *distance <= bound && word >> bit & 1 == 1 {
                    near.push((at * 64 + bit, *distance));
                }
            }
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_exact(pairs in prop::collection::vec((-127i8..=127, -127i8..=127), 0..400)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let naive: i64 = a.iter().zip(&b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            prop_assert_eq!(i64::from(dot(&a, &b)), naive);
        }

        #[test]
        fn the_nearest_are_those_with_the_most_equal_signs(
            words in prop_oneof![Just(1usize), Just(2), Just(6)], seeds in prop::collection::vec(any::<u64>(), 1..200), many in 1usize..100,
            every in 1usize..4,
        ) {
            let row = |seed: u64| (0..words as u64).map(move |word| seed.wrapping_mul(word * 2 + 1).rotate_left(word as u32 * 7));
            let rows: Vec<u64> = seeds.iter().flat_map(|seed| row(*seed)).collect();
            let query: Vec<u64> = row(12_345).collect();
            let distance = |seed: u64| row(seed).zip(&query).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
            let mut within = Bits::none(seeds.len());
            (0..seeds.len()).filter(|at| at % every == 0).for_each(|at| within.set(at));
            let near = nearest_by_sign(&rows, &query, many, &within);
            let mut all: Vec<u32> = seeds.iter().step_by(every).map(|seed| distance(*seed)).collect();
            all.sort_unstable();
            let bound = all.get(many - 1).or(all.last()).copied().unwrap();
            let expect: Vec<usize> = within.iter().filter(|at| distance(seeds[*at]) <= bound).collect();
            prop_assert_eq!(near, expect);
        }
    }

    #[test]
    fn signs_are_bits_from_the_lowest() {
        assert_eq!(signs(&[1, -1, 0, 5]), [0b1001]);
        assert_eq!(signs(&[1; 65]), [u64::MAX, 1]);
    }
}
