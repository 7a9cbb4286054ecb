//! Sets of slots.

/// A bit for each slot of a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// No slot of so many.
    pub(crate) fn none(slots: usize) -> Self {
        Self { words: vec![0; slots.div_ceil(64)] }
    }

    pub(crate) fn set(&mut self, slot: usize) {
        let word = slot / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (slot % 64);
        }
    }

    pub(crate) fn clear(&mut self, slot: usize) {
        if let Some(word) = self.words.get_mut(slot / 64) {
            *word &= !(1 << (slot % 64));
        }
    }

    pub(crate) fn has(&self, slot: usize) -> bool {
        self.words.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The slots in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| each(*word).map(move |bit| at * 64 + bit))
    }

    /// Adds what is in another set.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Takes away what is not in another set.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Takes what is in another set away.
    pub(crate) fn take(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// The slots of this set for which something holds.
    pub(crate) fn those(&self, mut holds: impl FnMut(usize) -> bool) -> Self {
        let mut those = Self::none(self.words.len() * 64);
        self.iter().filter(|slot| holds(*slot)).for_each(|slot| those.set(slot));
        those
    }

    /// The slots of this set whose values pass. Where they are many it is asked of all 64 of a word: that is quicker than to ask one by one.
    pub(crate) fn masked<T: Copy>(&self, values: &[T], passes: impl Fn(T) -> bool) -> Self {
        let (whole, rest) = values.as_chunks::<64>();
        let of = |(values, word): (&[T; 64], &u64)| match word.count_ones() {
            0 => 0,
            1..=FEW => each(*word).fold(0, |passed, bit| {
                passed | u64::from(values.get(bit).is_some_and(|value| passes(*value))) << bit
            }),
            _ => word & bits(&values.map(&passes)),
        };
        let mut words: Vec<u64> = whole.iter().zip(&self.words).map(of).collect();
        if let Some(word) = self.words.get(whole.len()).filter(|_| !rest.is_empty()) {
            let mut passed = [false; 64];
            passed.iter_mut().zip(rest).for_each(|(passed, value)| *passed = passes(*value));
            words.push(word & bits(&passed));
        }
        Self { words }
    }

    /// The slots of this set whose numbers are in another set. To compare with one or two is quicker than to look them up.
    pub(crate) fn numbered(&self, numbers: &[u32], among: &Self) -> Self {
        let mut first = among.iter().filter_map(|number| u32::try_from(number).ok());
        match (first.next(), first.next(), first.next()) {
            (None, ..) => Self::default(),
            (Some(one), None, _) => self.masked(numbers, |number| number == one),
            (Some(one), Some(other), None) => self.masked(numbers, |number| number == one || number == other),
            _ => self.masked(numbers, |number| among.has(number as usize)),
        }
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) const fn of_words(words: Vec<u64>) -> Self {
        Self { words }
    }
}

/// Up to so many of 64 are asked one by one.
const FEW: u32 = 8;

/// The bits of a word that are set, from the lowest on.
fn each(word: u64) -> impl Iterator<Item = usize> {
    let mut left = word;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// A bit for each of 64 answers, the first the lowest.
fn bits(passed: &[bool; 64]) -> u64 {
    /// Brings the lowest bits of eight bytes together in the highest byte, in their order.
    const TOGETHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = passed.as_chunks::<8>();
    let byte = |eight: &[bool; 8]| u64::from_le_bytes(eight.map(u8::from)).wrapping_mul(TOGETHER) >> 56;
    eights.iter().enumerate().fold(0, |word, (at, eight)| word | byte(eight) << (at * 8))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn bits(slots: &BTreeSet<usize>) -> Bits {
        let mut bits = Bits::none(64);
        slots.iter().for_each(|slot| bits.set(*slot));
        bits
    }

    proptest! {
        #[test]
        fn sets_behave_as_sets(
            a in prop::collection::btree_set(0usize..300, 0..80), b in prop::collection::btree_set(0usize..300, 0..80),
        ) {
            let mut both = bits(&a);
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), a.clone());
            prop_assert_eq!(both.count(), a.len());
            prop_assert_eq!(both.is_empty(), a.is_empty());
            both.add(&bits(&b));
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), &a | &b);
            let mut shared = bits(&a);
            shared.keep(&bits(&b));
            prop_assert_eq!(shared.iter().collect::<BTreeSet<_>>(), &a & &b);
            both.take(&bits(&b));
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), &a - &b);
            let even = bits(&a).those(|slot| slot % 2 == 0);
            prop_assert!((0..400).all(|slot| even.has(slot) == (slot % 2 == 0 && a.contains(&slot))));
            let values: Vec<usize> = (0..300).collect();
            let masked = bits(&a).masked(&values, |slot| slot % 2 == 0);
            prop_assert_eq!(masked.iter().collect::<Vec<_>>(), even.iter().collect::<Vec<_>>());
            for some in [0, 1, 2, 90] {
                let among: BTreeSet<usize> = b.iter().copied().take(some).collect();
                let numbers: Vec<u32> = (0..299).map(|slot| slot / 2).collect();
                let numbered = bits(&a).numbered(&numbers, &bits(&among));
                let expect: Vec<usize> = a.iter().copied().filter(|slot| *slot < 299 && among.contains(&(slot / 2))).collect();
                prop_assert_eq!(numbered.iter().collect::<Vec<_>>(), expect);
            }
            prop_assert!(bits(&a).masked(&values[..70], |_| true).iter().all(|slot| slot < 70 && a.contains(&slot)));
            let mut less = bits(&a);
            b.iter().for_each(|slot| less.clear(*slot));
            prop_assert_eq!(less.iter().collect::<BTreeSet<_>>(), &a - &b);
        }
    }
}
