//! Which sets have much in common, without comparing each with each: `MinHash` signatures in bands (A. Broder, "On the resemblance and
//! containment of documents", 1997; Indyk and Motwani's buckets).

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// With 21 bands of 3, of pairs with a resemblance of .7 one in 6,000 is missed, and of those with .3 half are looked at.
const BANDS: u64 = 21;
const ROWS: u64 = 3;
/// Members of a bucket that one is compared with: those before it. Of a thousand equal texts each is near some other all the same.
const NEAR: usize = 24;

/// Hashes in the same way in every process.
#[derive(Debug, Default)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        mixed(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

pub(super) fn hashed(value: impl Hash) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    value.hash(&mut hasher);
    hasher.finish()
}

/// The finalizer of `SplitMix64`: another permutation for each seed that is added before.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What part of two sorted sets is in both.
pub(super) fn jaccard(a: &[u64], b: &[u64]) -> f32 {
    let (mut left, mut right, mut common) = (a.iter().peekable(), b.iter().peekable(), 0usize);
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        match one.cmp(other) {
            std::cmp::Ordering::Less => drop(left.next()),
            std::cmp::Ordering::Greater => drop(right.next()),
            std::cmp::Ordering::Equal => {
                common += 1;
                left.next();
                right.next();
            }
        }
    }
    let all = a.len() + b.len() - common;
    if all == 0 { 0.0 } else { common as f32 / all as f32 }
}

/// Visits pairs of sets that are likely to have much in common, the earlier first; some more than once. Only those with equal keys meet;
/// an empty set meets nobody.
pub(super) fn candidates(sets: &[(u64, Vec<u64>)], mut visit: impl FnMut(usize, usize)) {
    for band in 0..BANDS {
        let keys =
            sets.iter().enumerate().filter(|(_, (_, set))| !set.is_empty()).map(|(place, (key, set))| {
                let least = |row| {
                    let seed = mixed(band * ROWS + row + 1);
                    set.iter().map(|member| mixed(member.wrapping_add(seed))).min()
                };
                (
                    place,
                    (0..ROWS)
                        .fold(*key, |key, row| mixed(key.wrapping_mul(31) ^ least(row).unwrap_or_default())),
                )
            });
        meet(keys, &mut visit);
    }
}

/// Visits pairs with equal keys, the earlier first: each with those that came last before it.
pub(super) fn meet(keys: impl Iterator<Item = (usize, u64)>, visit: &mut impl FnMut(usize, usize)) {
    let mut buckets: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, key) in keys {
        let bucket = buckets.entry(key).or_default();
        for earlier in bucket.iter().rev().take(NEAR) {
            visit(*earlier, place);
        }
        bucket.push(place);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sets_that_are_alike_meet_and_others_mostly_do_not() {
        // Sets of 40, the second of each pair with some of its members changed.
        let set = |from: u64, changed: u64| {
            let mut set: Vec<u64> =
                (0..40).map(|n| hashed(if n < changed { n + from + 500 } else { n + from })).collect();
            set.sort_unstable();
            (0, set)
        };
        let sets: Vec<_> =
            (0..50).flat_map(|n| [set(n * 1_000, 0), set(n * 1_000, if n < 25 { 6 } else { 34 })]).collect();
        let mut met = BTreeSet::new();
        candidates(&sets, |a, b| {
            met.insert((a, b));
        });
        let like = |from: usize| (from..from + 25).filter(|n| met.contains(&(n * 2, n * 2 + 1))).count();
        assert!(jaccard(&sets[0].1, &sets[1].1) > 0.7);
        assert_eq!(like(0), 25);
        assert!(like(25) < 10 && met.len() < 60, "{} of {}", like(25), met.len());
    }

    #[test]
    fn jaccard_is_what_is_common_of_all() {
        let check = |a: &[u64], b: &[u64], expect: f32| assert!((jaccard(a, b) - expect).abs() < 1e-6);
        check(&[1, 2, 3], &[2, 3, 4], 0.5);
        check(&[1], &[1], 1.0);
        check(&[1], &[2], 0.0);
        check(&[], &[], 0.0);
    }
}
