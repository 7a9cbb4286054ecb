//! One pass over a text for the literals of all detectors.
//!
//! A literal is looked for by its rarest four bytes (three, where it is that short): a byte for each hash of the first three says whether
//! any literal has them, and a bit for each hash of all four; few places pass both. An automaton over as many literals has megabytes of states, and a text waits for each of them.

use std::collections::HashMap;
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

/// Some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owners(u8);

impl Owners {
    pub(crate) const ALL: Self = Self(u8::MAX);

    pub(crate) const fn one(owner: Owner) -> Self {
        Self(1 << owner as u8)
    }

    const fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
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
/// Places that are looked at together; the number of each fits into a byte.
const BLOCK: usize = 256;
const GATE_BITS: u32 = 15;

/// Four bytes of a literal, and where in it they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    bytes: u32,
    number: u16,
    offset: u8,
    /// Whose literal it is of.
    owners: Owners,
}

/// Which anchors there are: a bit for each hash, and the literals of each.
struct Anchors {
    bits: Box<[u64; WORDS]>,
    /// How many bits are set before each word of them.
    ranks: Box<[u16; WORDS]>,
    /// For each bit that is set where its anchors begin, and the end of all.
    starts: Vec<u16>,
    /// Sorted by hash.
    order: Vec<Anchor>,
}

impl Anchors {
    fn new(mut order: Vec<Anchor>) -> Self {
        let (mut bits, mut ranks) = (Box::new([0u64; WORDS]), Box::new([0u16; WORDS]));
        order.sort_unstable_by_key(|anchor| (hash(anchor.bytes), *anchor));
        let (mut starts, mut last) = (Vec::new(), None);
        for (at, anchor) in (0..).zip(&order) {
            let hash = hash(anchor.bytes);
            if last != Some(hash) {
                starts.push(at);
                last = Some(hash);
            }
            if let Some(word) = bits.get_mut((hash >> 6) as usize) {
                *word |= 1 << (hash & 63);
            }
        }
        starts.push(u16::try_from(order.len()).unwrap_or(u16::MAX));
        let mut sum = 0;
        for (rank, word) in ranks.iter_mut().zip(bits.iter()) {
            *rank = sum;
            sum += u16::try_from(word.count_ones()).unwrap_or(0);
        }
        Self { bits, ranks, starts, order }
    }

    #[inline]
    fn has(&self, hash: u32) -> bool {
        self.bits.get((hash >> 6) as usize).is_some_and(|word| (word >> (hash & 63)) & 1 == 1)
    }

    #[inline]
    fn of(&self, hash: u32, bytes: u32, owners: Owners) -> impl Iterator<Item = &Anchor> {
        let place = (hash >> 6) as usize;
        let word = self.bits.get(place).copied().unwrap_or(0);
        let is_set = (word >> (hash & 63)) & 1 == 1;
        let before = (word & ((1 << (hash & 63)) - 1)).count_ones() as usize;
        let at = usize::from(self.ranks.get(place).copied().unwrap_or(0)) + before;
        let start = |at: usize| self.starts.get(at).map_or(0, |start| usize::from(*start));
        let all = if is_set { self.order.get(start(at)..start(at + 1)).unwrap_or(&[]) } else { &[] };
        all.iter().filter(move |anchor| anchor.bytes == bytes && anchor.owners.meet(owners))
    }
}

#[inline]
fn hash(bytes: u32) -> u32 {
    bytes.wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

const FOLD: u64 = 0x2020_2020_2020_2020;

/// The first eight bytes, or as many as there are.
fn head(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |head, byte| head << 8 | u64::from(*byte))
}

/// Where the gate says whether three bytes begin an anchor.
#[inline]
fn gate(window: u32) -> usize {
    ((window & THREE).wrapping_mul(0x9E37_79B1) >> (32 - GATE_BITS)) as usize
}

/// Four bytes from every place on.
fn windows(block: &[u8]) -> impl Iterator<Item = u32> {
    block.windows(4).map(|four| four.first_chunk().map_or(0, |four| folded(*four)))
}

fn window(block: &[u8], at: u8) -> u32 {
    block.get(usize::from(at)..).and_then(<[u8]>::first_chunk).map_or(0, |four| folded(*four))
}

#[inline]
fn note(places: &mut [u8; BLOCK], count: usize, at: u8) {
    if let Some(place) = places.get_mut(count & (BLOCK - 1)) {
        *place = at;
    }
}

/// A literal, whosever it is.
struct Literal {
    /// Its first eight bytes as a number in which cases do not differ, and which bits of it count.
    head: u64,
    mask: u64,
    bytes: Box<[u8]>,
    owners: Vec<(Owner, u16)>,
    all: Owners,
    /// Whether nobody takes it within a word.
    begins_word: bool,
}

/// The literals of the detectors, whatever the case of their letters.
pub(crate) struct Prefilter {
    literals: Vec<Literal>,
    /// For each hash of three bytes whose anchors begin with such.
    gate: Box<[u8; 1 << GATE_BITS]>,
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

    fn new(all: Vec<(Owner, u16, String)>) -> Self {
        let mut known: HashMap<String, Vec<(Owner, u16)>> = HashMap::new();
        for (owner, number, literal) in all {
            known.entry(literal.to_ascii_lowercase()).or_default().push((owner, number));
        }
        let mut literals: Vec<Literal> = known
            .into_iter()
            .map(|(literal, owners)| Literal {
                head: head(literal.as_bytes()) | FOLD,
                mask: head(&vec![0xFF; literal.len()]),
                begins_word: literal.starts_with(|c: char| c.is_ascii_alphabetic())
                    && owners.iter().all(|(owner, _)| *owner != Owner::Secret),
                bytes: literal.into_bytes().into(),
                all: Owners(owners.iter().fold(0, |all, (owner, _)| all | Owners::one(*owner).0)),
                owners,
            })
            .collect();
        literals.sort_unstable_by(|a, b| a.bytes.cmp(&b.bytes));
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for (number, literal) in (0..).zip(&literals) {
            let owners = literal.all;
            match *literal.bytes {
                [] | [_] => debug_assert!(false, "a literal has two bytes or more"),
                // Whatever the third byte is.
                [a, b] => {
                    short.extend((0..=255).map(|any| Anchor {
                        bytes: folded([a, b, any, 0]) & THREE,
                        number,
                        offset: 0,
                        owners,
                    }));
                }
                [a, b, c] => {
                    short.push(Anchor { bytes: folded([a, b, c, 0]) & THREE, number, offset: 0, owners });
                }
                _ => {
                    let places = (0..)
                        .zip(literal.bytes.windows(4))
                        .filter_map(|(offset, four)| Some((offset, *four.first_chunk()?)));
                    // The gate sees the first three.
                    let rarest = places.min_by_key(|(_, four)| {
                        let [a, b, c, _] = *four;
                        (secret::random::commonness(&[a, b, c, 0]), secret::random::commonness(four))
                    });
                    long.extend(rarest.map(|(offset, four)| Anchor {
                        bytes: folded(four),
                        number,
                        offset,
                        owners,
                    }));
                }
            }
        }
        short.sort_unstable();
        short.dedup();
        let mut open = Box::new([0; 1 << GATE_BITS]);
        for anchor in long.iter().chain(&short) {
            if let Some(open) = open.get_mut(gate(anchor.bytes)) {
                *open |= anchor.owners.0;
            }
        }
        Self { literals, gate: open, long: Anchors::new(long), short: Anchors::new(short) }
    }

    /// Where literals of some are, in the order of their beginnings. What begins with a letter within a word is left out where nobody wants it.
    pub(crate) fn hits(&self, text: &str, owners: Owners) -> Vec<Hit> {
        let bytes = text.as_bytes();
        let mut hits = Vec::new();
        let mut place = 0;
        while let Some(block) = bytes.get(place..(place + BLOCK + 3).min(bytes.len())).filter(|b| b.len() > 3)
        {
            // Places are written down whether they count or not: a branch would be guessed wrong at many of them.
            let (mut passed, mut count) = ([0u8; BLOCK], 0);
            for (at, window) in (0..=u8::MAX).zip(windows(block)) {
                note(&mut passed, count, at);
                let open = self.gate.get(gate(window)).copied().unwrap_or(0);
                count += usize::from(owners.meet(Owners(open)));
            }
            let (mut left, mut last) = ([0u8; BLOCK], 0);
            for at in passed.iter().take(count) {
                let window = window(block, *at);
                note(&mut left, last, *at);
                last += usize::from(self.long.has(hash(window)) | self.short.has(hash(window & THREE)));
            }
            for at in left.iter().take(last) {
                self.look(window(block, *at), bytes, place + usize::from(*at), owners, &mut hits);
            }
            place += block.len() - 3;
        }
        // Too near to the end for four bytes: a zero is no byte of a literal's.
        for place in bytes.len().saturating_sub(3)..bytes.len() {
            let at = |offset: usize| bytes.get(place + offset).copied().unwrap_or(0);
            self.look(folded([at(0), at(1), at(2), 0]), bytes, place, owners, &mut hits);
        }
        arrange(&mut hits);
        hits
    }

    #[inline(never)]
    fn look(&self, window: u32, bytes: &[u8], place: usize, owners: Owners, hits: &mut Vec<Hit>) {
        let mut verify = |anchor: &Anchor| self.verify(anchor, bytes, place, owners, hits);
        self.long.of(hash(window), window, owners).for_each(&mut verify);
        let three = window & THREE;
        self.short.of(hash(three), three, owners).for_each(&mut verify);
    }

    #[inline]
    fn verify(&self, anchor: &Anchor, bytes: &[u8], place: usize, owners: Owners, hits: &mut Vec<Hit>) {
        let (Some(literal), Some(start)) =
            (self.literals.get(usize::from(anchor.number)), place.checked_sub(usize::from(anchor.offset)))
        else {
            return;
        };
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        if literal.begins_word && before.is_some_and(u8::is_ascii_alphabetic) {
            return;
        }
        // Most are something else, which their first bytes tell.
        let seen = bytes.get(start..).and_then(<[u8]>::first_chunk).copied().map(u64::from_le_bytes);
        if seen.is_some_and(|seen| ((seen | FOLD) ^ literal.head) & literal.mask != 0) {
            return;
        }
        let end = start + literal.bytes.len();
        let is_same = bytes.get(start..end).is_some_and(|part| {
            part.iter().zip(&*literal.bytes).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted)
        });
        if is_same && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) {
            let hit = |(owner, literal): &(Owner, u16)| Hit { owner: *owner, literal: *literal, start, end };
            let wanted = literal.owners.iter().filter(|(owner, _)| owners.meet(Owners::one(*owner)));
            hits.extend(wanted.map(hit));
        }
    }
}

/// Puts hits in the order of their places. They come nearly so: each is moved past those that began later and had their anchors earlier,
/// which are no more than fit into a literal.
fn arrange(hits: &mut [Hit]) {
    let key = |hit: &Hit| (hit.start, hit.end);
    for last in 1..hits.len() {
        let mut at = last;
        while let Some([a, b]) = at.checked_sub(1).and_then(|before| hits.get_mut(before..=at)) {
            if key(a) <= key(b) {
                break;
            }
            std::mem::swap(a, b);
            at -= 1;
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

    use super::{Owner, Owners, Prefilter};

    proptest! {
        #[test]
        fn every_literal_is_found_everywhere(
            literals in prop::collection::vec("[abé]{2,6}", 1..12),
            text in prop_oneof!["[abABé]{0,40}", "[abAé]{250,600}"],
        ) {
            let literals: Vec<_> = literals.into_iter().filter(|literal| literal.len() > 1).collect();
            let numbered = (0..).zip(&literals).map(|(number, literal)| (Owner::Secret, number, literal.clone())).collect();
            let mut found: Vec<_> = Prefilter::new(numbered).hits(&text, Owners::ALL).iter().map(|hit| (hit.start as usize, hit.literal)).collect();
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

        #[test]
        fn who_looks_alone_finds_what_is_theirs(
            secret in prop::collection::vec("[ab]{2,5}", 1..6),
            phrase in prop::collection::vec("[ab]{2,5}", 1..6),
            text in "[ab ]{0,300}",
        ) {
            let of = |owner, list: &Vec<String>| (0..).zip(list.clone()).map(|(number, literal)| (owner, number, literal)).collect::<Vec<_>>();
            let prefilter = Prefilter::new([of(Owner::Secret, &secret), of(Owner::Phrase, &phrase)].concat());
            let found = |owners, owner| {
                let hits = prefilter.hits(&text, owners);
                hits.iter().filter(|hit| hit.owner == owner).map(|hit| (hit.start, hit.end, hit.literal)).collect::<Vec<_>>()
            };
            for owner in [Owner::Secret, Owner::Phrase] {
                let alone = prefilter.hits(&text, Owners::one(owner));
                prop_assert!(alone.iter().all(|hit| hit.owner == owner));
                let (mut one, mut all) = (found(Owners::one(owner), owner), found(Owners::ALL, owner));
                one.sort_unstable();
                all.sort_unstable();
                prop_assert_eq!(one, all);
            }
        }
    }
}
