//! One pass over a text for the literals of all detectors.
//!
//! A literal is looked for by its first four bytes (three, where it is that short): a bit for each hash says whether any literal begins so,
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

/// Which beginnings there are: a bit for each hash, and the literals of each.
struct Beginnings {
    bits: Box<[u64; WORDS]>,
    /// Beginnings with the numbers of their literals, sorted by hash, and for each hash where they begin.
    order: Vec<(u32, u16)>,
    starts: Vec<u16>,
}

impl Beginnings {
    /// From beginnings and numbers of literals.
    fn new(mut literals: Vec<(u32, u16)>) -> Self {
        let mut bits = Box::new([0u64; WORDS]);
        literals.sort_unstable_by_key(|(beginning, number)| (hash(*beginning), *number));
        let mut starts = vec![0u16; (1 << BITS) + 1];
        for (beginning, _) in &literals {
            let hash = hash(*beginning);
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
        Self { bits, order: literals, starts }
    }

    fn has(&self, hash: u32) -> bool {
        self.bits.get((hash >> 6) as usize).is_some_and(|word| (word >> (hash & 63)) & 1 == 1)
    }

    /// The numbers of the literals with a beginning.
    fn of(&self, hash: u32, beginning: u32) -> impl Iterator<Item = u16> {
        let at = |hash: u32| self.starts.get(hash as usize).map_or(0, |start| usize::from(*start));
        let all = self.order.get(at(hash)..at(hash + 1)).unwrap_or(&[]);
        all.iter().filter(move |(of, _)| *of == beginning).map(|(_, number)| *number)
    }
}

fn hash(beginning: u32) -> u32 {
    beginning.wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

struct Literal {
    owner: Owner,
    number: u16,
    bytes: Box<[u8]>,
}

/// The literals of the detectors, whatever the case of their letters.
pub(crate) struct Prefilter {
    literals: Vec<Literal>,
    /// Beginnings of four bytes, and of three for literals that have no more.
    long: Beginnings,
    short: Beginnings,
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
            .map(|(owner, number, literal)| Literal { owner, number, bytes: literal.to_ascii_lowercase().into_bytes().into() })
            .collect();
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for (number, literal) in (0..).zip(&literals) {
            let beginning = |bytes: usize| literal.bytes.iter().take(bytes).rev().fold(0, |value, byte| (value << 8) | u32::from(*byte));
            match literal.bytes.len() {
                0 | 1 => debug_assert!(false, "a literal has two bytes or more"),
                // Whatever the third byte is.
                2 => short.extend((0..256).map(|third| (beginning(2) | (third << 16), number))),
                3 => short.push((beginning(3), number)),
                _ => long.push((beginning(4), number)),
            }
        }
        Self { literals, long: Beginnings::new(long), short: Beginnings::new(short) }
    }

    /// Where literals are, in the order of their beginnings.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let bytes = text.as_bytes();
        let mut hits = Vec::new();
        // The four bytes from a place on, the first of them lowest.
        let lower = |byte: Option<&u8>| u32::from(byte.map_or(0, u8::to_ascii_lowercase));
        let mut next = bytes.iter();
        let mut window = (0..3).fold(0, |window: u32, _| (window >> 8) | (lower(next.next()) << 24));
        for start in 0..bytes.len() {
            window = (window >> 8) | (lower(next.next()) << 24);
            let three = window & 0x00FF_FFFF;
            let (long, short) = (hash(window), hash(three));
            if self.long.has(long) {
                self.long.of(long, window).for_each(|number| self.verify(number, bytes, start, &mut hits));
            }
            if self.short.has(short) {
                self.short.of(short, three).for_each(|number| self.verify(number, bytes, start, &mut hits));
            }
        }
        hits
    }

    fn verify(&self, number: u16, bytes: &[u8], start: usize, hits: &mut Vec<Hit>) {
        let Some(literal) = self.literals.get(usize::from(number)) else { return };
        let end = start + literal.bytes.len();
        if bytes.get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(&literal.bytes))
            && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
        {
            hits.push(Hit { owner: literal.owner, literal: literal.number, start, end });
        }
    }
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
