//! Loops that the compiler turns into instructions for many numbers at once, for the processor that it finds.

use std::hint::black_box;

use pulp::Arch;

use crate::view::Bits;

/// Rows that are looked at together, and how many of a set must be among them for that.
const BLOCK: usize = 16;
const FEW: u32 = 4;
/// Words of a set that a bound is guessed by.
const SAMPLE: usize = 64;
/// Rows that are asked for before they are needed, and bytes that come at once.
const AHEAD: usize = 64;
const LINE: usize = 64;

/// The products of a query with some of many rows of bytes, each as long as the query; nothing where there is no such row.
pub(crate) fn dots(rows: &[i8], query: &[i8], which: &[usize]) -> Vec<Option<i32>> {
    struct Dots<'a> {
        rows: &'a [i8],
        query: &'a [i8],
        which: &'a [usize],
        products: &'a mut [Option<i32>],
    }
    impl pulp::NullaryFnOnce for Dots<'_> {
        type Output = ();

        // Loops, not `collect`: what that calls is compiled for any processor.
        #[inline(always)]
        fn call(self) {
            let Dots { rows, query, which, products } = self;
            let row = |at: usize| rows.get(at * query.len()..(at + 1) * query.len());
            for (products, which) in products.chunks_mut(AHEAD).zip(which.chunks(AHEAD)) {
                // The rows lie far apart. Many are asked of memory at once where nothing is done with them between.
                let mut seen = 0;
                for at in which {
                    let cells = row(*at).unwrap_or_default();
                    for cell in cells.iter().step_by(LINE).chain(cells.last()) {
                        seen ^= cell;
                    }
                }
                black_box(seen);
                for (product, at) in products.iter_mut().zip(which) {
                    let Some(row) = row(*at) else { continue };
                    let mut sum = 0;
                    for (a, b) in row.iter().zip(query) {
                        sum += i32::from(*a) * i32::from(*b);
                    }
                    *product = Some(sum);
                }
            }
        }
    }
    let mut products = vec![None; which.len()];
    Arch::new().dispatch(Dots { rows, query, which, products: &mut products });
    products
}

/// The signs of numbers, a bit each.
pub(crate) fn signs(cells: &[i8]) -> Vec<u64> {
    let word = |chunk: &[i8]| chunk.iter().rev().fold(0, |word, cell| word << 1 | u64::from(*cell > 0));
    cells.chunks(64).map(word).collect()
}

/// The rows of a set that differ from a query in the fewest signs: at least `many`, and those that tie with the last.
pub(crate) fn nearest_by_sign(rows: &[u64], query: &[u64], many: usize, within: &Bits) -> Vec<usize> {
    let scan = |step, bound| {
        let mut near = Vec::new();
        Arch::new().dispatch(Scan { rows, query, within: within.words(), step, bound, near: &mut near });
        near
    };
    // Those within a bound that some of all tell, and if they are too few, all.
    let step = (within.words().len() / SAMPLE).max(1);
    let likely = bound(&scan(step, u16::MAX), many * 5 / 4 / step + 16, query.len() * 64);
    let mut near = scan(1, likely);
    if near.len() < many {
        near = scan(1, u16::MAX);
    }
    let bound = bound(&near, many, query.len() * 64);
    near.into_iter().filter(|(_, distance)| *distance <= bound).map(|(row, _)| row).collect()
}

/// Finds the rows of a set up to a distance, in order, looking at every so manieth 64.
struct Scan<'a> {
    rows: &'a [u64],
    query: &'a [u64],
    within: &'a [u64],
    step: usize,
    bound: u16,
    near: &'a mut Vec<(usize, u16)>,
}

impl pulp::NullaryFnOnce for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Scan { rows, query, within, step, bound, near } = self;
        let words = query.len();
        for (at, word) in within.iter().enumerate().step_by(step).filter(|(_, word)| **word != 0) {
            for part in 0..4 {
                let (first, mask) = (at * 64 + part * BLOCK, word >> (part * BLOCK) & 0xffff);
                let block =
                    rows.get(first * words..(first + BLOCK) * words).filter(|_| mask.count_ones() > FEW);
                if let (Some(block), [a, b]) =
                    (block.and_then(|block| block.as_chunks::<2>().0.as_array()), query)
                {
                    let (rows, distances) = near_rows(block, [*a, *b], bound);
                    each(mask & rows, |row| {
                        if let Some(distance) = distances.get(row) {
                            near.push((first + row, *distance as u16));
                        }
                    });
                    continue;
                }
                each(mask, |row| {
                    let row = first + row;
                    let Some(cells) = rows.get(row * words..(row + 1) * words) else { return };
                    let of = |(a, b): (&u64, &u64)| (a ^ b).count_ones() as u16;
                    let distance: u16 = cells.iter().zip(query).map(of).sum();
                    if distance <= bound {
                        near.push((row, distance));
                    }
                });
            }
        }
    }
}

/// The rows of a block within a distance, a bit each, and all distances: told of all at once.
#[inline(always)]
fn near_rows(block: &[[u64; 2]; BLOCK], query: [u64; 2], bound: u16) -> (u64, [u64; BLOCK]) {
    let [first, second] = query;
    let distance = |[a, b]: [u64; 2]| u64::from((a ^ first).count_ones() + (b ^ second).count_ones());
    let distances = block.map(distance);
    (marked(&distances.map(|distance| distance <= u64::from(bound))), distances)
}

/// A bit for each that is true, the first the lowest.
#[inline(always)]
pub(crate) fn marked<const MANY: usize>(which: &[bool; MANY]) -> u64 {
    // Mostly there is none.
    if !which.iter().fold(false, |any, here| any | here) {
        return 0;
    }
    which.iter().rev().fold(0, |marks, here| marks << 1 | u64::from(*here))
}

/// Visits the bits that are set, from the lowest on.
#[inline(always)]
pub(crate) fn each(mut bits: u64, mut visit: impl FnMut(usize)) {
    while bits != 0 {
        visit(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// The distance up to which there are at least so many.
fn bound(near: &[(usize, u16)], many: usize, longest: usize) -> u16 {
    let mut counts = vec![0usize; longest + 1];
    for (_, distance) in near {
        if let Some(count) = counts.get_mut(usize::from(*distance)) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_exact(pairs in prop::collection::vec((-127i8..=127, -127i8..=127), 0..400)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let naive: i64 = a.iter().zip(&b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            // Rows of nothing are everywhere.
            let behind = a.is_empty().then_some(0);
            prop_assert_eq!(dots(&a, &b, &[0, 1]), [Some(i32::try_from(naive).unwrap()), behind]);
        }

        #[test]
        fn the_nearest_are_those_with_the_most_equal_signs(
            words in prop_oneof![Just(1usize), Just(2), Just(6)], seeds in prop::collection::vec(any::<u64>(), 1..200), many in 1usize..100,
            every in prop_oneof![1usize..4, Just(20usize)],
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
