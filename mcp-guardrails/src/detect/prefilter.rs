//! One pass over a text for the literals of all detectors.
//!
//! A literal is looked for by its rarest four bytes (three, where it is that short): a bit for each hash says whether any literal has them,
//! and few places have such a bit. An automaton over as many literals has megabytes of states, and a text waits for each of them.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use super::{command, injection, pii, poison, secret};

/// Whose literal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Secret,
    Pii,
    Phrase,
    Poison,
    Command,
}

/// A literal in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) owner: Owner,
    /// The number of the literal in its owner's list.
    pub(crate) literal: u16,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Hit {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

const BITS: u32 = 16;
const WORDS: usize = 1 << (BITS - 6);
/// The first three of four bytes.
const THREE: u32 = 0x00FF_FFFF;

/// Four bytes of a literal, and where in it they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    bytes: u32,
    number: u16,
    offset: u16,
}

/// Which anchors there are: a bit for each hash, and the literals of each.
struct Anchors {
    bits: Box<[u64; WORDS]>,
    /// Sorted by hash, and for each hash where they begin.
    order: Vec<Anchor>,
    starts: Vec<u16>,
}

impl Anchors {
    fn new(mut order: Vec<Anchor>) -> Self {
        let mut bits = Box::new([0u64; WORDS]);
        order.sort_unstable_by_key(|anchor| (hash(anchor.bytes), *anchor));
        let mut starts = vec![0u16; (1 << BITS) + 1];
        for anchor in &order {
            let hash = hash(anchor.bytes);
            if let Some(word) = bits.get_mut((hash >> 6) as usize) {
                *word |= 1 << (hash & 63);
            }
            if let Some(start) = starts.get_mut(hash as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { bits, order, starts }
    }

    #[inline]
    fn has(&self, hash: u32) -> bool {
        self.bits.get((hash >> 6) as usize).is_some_and(|word| (word >> (hash & 63)) & 1 == 1)
    }

    fn of(&self, hash: u32, bytes: u32) -> impl Iterator<Item = &Anchor> {
        let at = |hash: u32| self.starts.get(hash as usize).map_or(0, |start| usize::from(*start));
        let all = self.order.get(at(hash)..at(hash + 1)).unwrap_or(&[]);
        all.iter().filter(move |anchor| anchor.bytes == bytes)
    }
}

#[inline]
fn hash(bytes: u32) -> u32 {
    bytes.wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

struct Literal {
    owner: Owner,
    number: u16,
    bytes: Box<[u8]>,
}

/// The literals of the detectors, whatever the case of their letters.
pub(crate) struct Prefilter {
    literals: Vec<Literal>,
    /// Anchors of four bytes, and of three for literals that have no more.
    long: Anchors,
    short: Anchors,
}

static SHARED: LazyLock<Prefilter> = LazyLock::new(|| {
    let mut literals = Vec::new();
    for (owner, list) in [
        (Owner::Secret, secret::literals()),
        (Owner::Pii, pii::literals()),
        (Owner::Phrase, injection::literals()),
        (Owner::Poison, poison::literals()),
        (Owner::Command, command::literals()),
    ] {
        literals.extend((0..).zip(list).map(|(number, literal)| (owner, number, literal)));
    }
    Prefilter::new(literals)
});

impl Prefilter {
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    fn new(literals: Vec<(Owner, u16, String)>) -> Self {
        let literals: Vec<Literal> = literals
            .into_iter()
            .map(|(owner, number, literal)| Literal {
                owner,
                number,
                bytes: literal.to_ascii_lowercase().into_bytes().into(),
            })
            .collect();
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for (number, literal) in (0..).zip(&literals) {
            match *literal.bytes {
                [] | [_] => debug_assert!(false, "a literal has two bytes or more"),
                // Whatever the third byte is.
                [a, b] => {
                    short.extend((0..=255).map(|any| Anchor {
                        bytes: folded([a, b, any, 0]) & THREE,
                        number,
                        offset: 0,
                    }));
                }
                [a, b, c] => short.push(Anchor { bytes: folded([a, b, c, 0]) & THREE, number, offset: 0 }),
                _ => {
                    let places = (0..)
                        .zip(literal.bytes.windows(4))
                        .filter_map(|(offset, four)| Some((offset, *four.first_chunk()?)));
                    let rarest = places.min_by_key(|(_, four)| secret::random::commonness(four));
                    long.extend(rarest.map(|(offset, four)| Anchor { bytes: folded(four), number, offset }));
                }
            }
        }
        short.sort_unstable();
        short.dedup();
        Self { literals, long: Anchors::new(long), short: Anchors::new(short) }
    }

    /// Where literals are, in the order of their beginnings.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let bytes = text.as_bytes();
        let mut hits = Vec::new();
        for (place, four) in bytes.windows(4).enumerate() {
            let Some(four) = four.first_chunk() else { continue };
            let window = folded(*four);
            // One branch for both, since it is seldom taken.
            if self.long.has(hash(window)) | self.short.has(hash(window & THREE)) {
                self.look(window, bytes, place, &mut hits);
            }
        }
        // Too near to the end for four bytes.
        for place in bytes.len().saturating_sub(3)..bytes.len() {
            let at = |offset: usize| bytes.get(place + offset).copied().unwrap_or(0);
            let three = folded([at(0), at(1), at(2), 0]) & THREE;
            self.short
                .of(hash(three), three)
                .for_each(|anchor| self.verify(*anchor, bytes, place, &mut hits));
        }
        hits.sort_unstable_by_key(|hit| (hit.start, hit.end));
        hits
    }

    #[inline(never)]
    fn look(&self, window: u32, bytes: &[u8], place: usize, hits: &mut Vec<Hit>) {
        let three = window & THREE;
        let anchors = self.long.of(hash(window), window).chain(self.short.of(hash(three), three));
        anchors.for_each(|anchor| self.verify(*anchor, bytes, place, hits));
    }

    fn verify(&self, anchor: Anchor, bytes: &[u8], place: usize, hits: &mut Vec<Hit>) {
        let (Some(literal), Some(start)) =
            (self.literals.get(usize::from(anchor.number)), place.checked_sub(usize::from(anchor.offset)))
        else {
            return;
        };
        let end = start + literal.bytes.len();
        if bytes.get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(&literal.bytes))
            && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
        {
            hits.push(Hit { owner: literal.owner, literal: literal.number, start, end });
        }
    }
}

/// Four bytes as a number in which cases do not differ. Some signs become others, which only costs a look at them.
#[inline]
fn folded(four: [u8; 4]) -> u32 {
    u32::from_le_bytes(four) | 0x2020_2020
}

impl fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefilter").field("literals", &self.literals.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Owner, Prefilter};

    proptest! {
        #[test]
        fn every_literal_is_found_everywhere(
            literals in prop::collection::vec("[abé]{2,6}", 1..12),
            text in "[abABé]{0,40}",
        ) {
            let literals: Vec<_> = literals.into_iter().filter(|literal| literal.len() > 1).collect();
            let numbered = (0..).zip(&literals).map(|(number, literal)| (Owner::Pii, number, literal.clone())).collect();
            let mut found: Vec<_> = Prefilter::new(numbered).hits(&text).iter().map(|hit| (hit.start as usize, hit.literal)).collect();
            let lower = text.to_ascii_lowercase();
            let mut expect: Vec<_> = (0u16..)
                .zip(&literals)
                .flat_map(|(number, literal)| {
                    let places = 0..lower.len();
                    let lower = &lower;
                    places.filter(move |at| lower.as_bytes()[*at..].starts_with(literal.as_bytes())).map(move |at| (at, number))
                })
                .collect();
            found.sort_unstable();
            expect.sort_unstable();
            prop_assert_eq!(found, expect);
        }
    }
}
