//! An inverted index in memory. Postings are kept as differences, in as few bytes as they need: mostly one or two.

use indexmap::IndexMap;

use crate::view::Bits;

/// BM25 after Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with Lucene's idf, which is never
/// negative.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Lengths of memories that parts of scores are computed for once.
const SHORT: usize = 128;

/// The memories that have a term.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) bytes: Vec<u8>,
    /// The slot of the last one.
    pub(crate) last: u32,
    pub(crate) many: u32,
}

impl List {
    fn push(&mut self, slot: u32, frequency: u32) {
        let step = u64::from(slot - self.last);
        self.last = slot;
        self.many += 1;
        put(&mut self.bytes, step << 1 | u64::from(frequency > 1));
        if frequency > 1 {
            put(&mut self.bytes, u64::from(frequency));
        }
    }

    /// Visits slots and how often each has the term.
    #[inline]
    fn each(&self, mut visit: impl FnMut(usize, u32)) {
        let (mut rest, mut slot) = (self.bytes.as_slice(), 0);
        while let Some(step) = next(&mut rest) {
            slot += step >> 1;
            let frequency = if step & 1 == 1 { next(&mut rest).unwrap_or(1) } else { 1 };
            visit(slot as usize, frequency as u32);
        }
    }
}

/// Seven bits a byte, the lowest first; the eighth says that there are more (LEB128).
fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[inline]
fn next(rest: &mut &[u8]) -> Option<u64> {
    let (first, behind) = rest.split_first()?;
    if *first < 0x80 {
        *rest = behind;
        return Some(u64::from(*first));
    }
    next_of_several(rest)
}

fn next_of_several(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
        shift = (shift + 7).min(63);
    }
}

/// How many memories there are, how long they are, and in how many each term of a query is. Summed over what a caller may read:
/// what others have must not show in a score.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) memories: u64,
    pub(crate) length: u64,
    pub(crate) with_term: Vec<u64>,
}

impl Statistics {
    /// How telling a term is.
    pub(crate) fn weight(&self, term: usize) -> f32 {
        let with = self.with_term.get(term).copied().unwrap_or_default() as f32;
        (1.0 + (self.memories as f32 - with + 0.5) / (with + 0.5)).ln()
    }

    fn average(&self) -> f32 {
        (self.length as f32 / self.memories.max(1) as f32).max(1.0)
    }
}

/// The terms of memories by slot.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    pub(crate) lists: IndexMap<Box<str>, List>,
    pub(crate) lengths: Vec<u32>,
    pub(crate) live: u64,
    pub(crate) length: u64,
    /// What the terms of the memory that is added are the numbers of.
    scratch: Vec<usize>,
}

impl Postings {
    pub(crate) fn of(lists: IndexMap<Box<str>, List>, lengths: Vec<u32>, live: u64, length: u64) -> Self {
        Self { lists, lengths, live, length, scratch: Vec::new() }
    }

    /// Adds the terms of the memory in the next slot.
    pub(crate) fn add(&mut self, each: impl FnOnce(&mut dyn FnMut(&str))) -> u32 {
        let slot = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let (lists, scratch) = (&mut self.lists, &mut self.scratch);
        scratch.clear();
        each(&mut |term| {
            let known = lists.get_index_of(term);
            scratch.push(known.unwrap_or_else(|| lists.insert_full(term.into(), List::default()).0));
        });
        scratch.sort_unstable();
        for same in scratch.chunk_by(|a, b| a == b) {
            let list = same.first().and_then(|number| lists.get_index_mut(*number));
            if let Some((_, list)) = list {
                list.push(slot, u32::try_from(same.len()).unwrap_or(u32::MAX));
            }
        }
        let length = u32::try_from(scratch.len()).unwrap_or(u32::MAX);
        self.lengths.push(length);
        self.live += 1;
        self.length += u64::from(length);
        slot
    }

    /// Takes the memory of a slot out of the counts.
    pub(crate) fn remove(&mut self, slot: u32) {
        let Some(length) = self.lengths.get(slot as usize) else { return };
        self.live -= 1;
        self.length -= u64::from(*length);
    }

    /// Adds what is here to the statistics of some terms; `there` are the slots that were not removed.
    pub(crate) fn count(&self, terms: &[String], there: &Bits, into: &mut Statistics) {
        into.memories += self.live;
        into.length += self.length;
        into.with_term.resize(terms.len(), 0);
        let all_there = self.live == self.lengths.len() as u64;
        for (term, with) in terms.iter().zip(&mut into.with_term) {
            let Some(list) = self.lists.get(term.as_str()) else { continue };
            if all_there {
                *with += u64::from(list.many);
            } else {
                list.each(|slot, _| *with += u64::from(there.has(slot)));
            }
        }
    }

    /// Adds the scores of all memories that have any of the terms to `scores`, by slot. Those that were removed get some too.
    pub(crate) fn score(&self, terms: &[String], statistics: &Statistics, scores: &mut [f32]) {
        let average = statistics.average();
        for (number, term) in terms.iter().enumerate() {
            let Some(list) = self.lists.get(term.as_str()) else { continue };
            let weight = statistics.weight(number);
            let part = |frequency: u32, length: u32| {
                let frequency = frequency as f32;
                let norm = K1 * (1.0 - B + B * length as f32 / average);
                weight * frequency * (K1 + 1.0) / (frequency + norm)
            };
            // Most have a term once and are short.
            let once: [f32; SHORT] = std::array::from_fn(|length| part(1, length as u32));
            list.each(|at, frequency| {
                let (Some(length), Some(score)) = (self.lengths.get(at), scores.get_mut(at)) else { return };
                *score += match once.get(*length as usize) {
                    Some(part) if frequency == 1 => *part,
                    _ => part(frequency, *length),
                };
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &[u8]) -> impl FnOnce(&mut dyn FnMut(&str)) {
        let words: Vec<String> = text.iter().map(|word| format!("w{}", word % 12)).collect();
        move |visit| words.iter().for_each(|word| visit(word))
    }

    /// BM25 by the book.
    fn naive(texts: &[Option<&Vec<u8>>], terms: &[String]) -> Vec<f32> {
        let live: Vec<_> = texts.iter().flatten().collect();
        let average =
            (live.iter().map(|text| text.len()).sum::<usize>() as f32 / live.len().max(1) as f32).max(1.0);
        let has = |text: &Vec<u8>, term: &str| {
            text.iter().filter(|word| format!("w{}", *word % 12) == term).count() as f32
        };
        let of_term = |text: &Vec<u8>, term: &String| {
            let with = live.iter().filter(|text| has(text, term) > 0.0).count() as f32;
            let idf = (1.0 + (live.len() as f32 - with + 0.5) / (with + 0.5)).ln();
            let tf = has(text, term);
            idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * text.len() as f32 / average))
        };
        let score = |text: &Vec<u8>| terms.iter().map(|term| of_term(text, term)).sum();
        texts.iter().map(|text| text.map_or(0.0, score)).collect()
    }

    proptest! {
        #[test]
        fn scores_are_those_of_the_book_also_after_removals(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..20),
            removed in prop::collection::hash_set(0usize..20, 0..10),
        ) {
            let mut postings = Postings::default();
            for text in &texts {
                postings.add(words(text));
            }
            let mut left: Vec<_> = texts.iter().map(Some).collect();
            let mut there = Bits::none(texts.len());
            (0..texts.len()).for_each(|slot| there.set(slot));
            for slot in removed.into_iter().filter(|slot| *slot < texts.len()) {
                postings.remove(slot as u32);
                there.clear(slot);
                left[slot] = None;
            }
            let terms: Vec<String> = (0..13).map(|word| format!("w{word}")).collect();
            let mut statistics = Statistics::default();
            postings.count(&terms, &there, &mut statistics);
            let mut scores = vec![0.0; texts.len()];
            postings.score(&terms, &statistics, &mut scores);
            for ((score, expect), text) in scores.iter().zip(naive(&left, &terms)).zip(&left) {
                if text.is_some() {
                    prop_assert!((score - expect).abs() < 1e-4, "{score} {expect}");
                }
            }
        }
    }

    #[test]
    fn what_is_removed_leaves_nothing_in_the_counts() {
        let mut postings = Postings::default();
        postings.add(words(&[1, 1, 2]));
        postings.remove(0);
        let mut statistics = Statistics::default();
        postings.count(&["w1".into()], &Bits::default(), &mut statistics);
        assert_eq!(statistics, Statistics { memories: 0, length: 0, with_term: vec![0] });
    }

    #[test]
    fn postings_far_apart_and_frequent_ones_are_read_as_they_were_put() {
        let put = [(0, 1), (1, 2), (127, 1), (128, 300), (100_000, 1), (u32::MAX - 1, 70_000)];
        let mut list = List::default();
        put.iter().for_each(|(slot, frequency)| list.push(*slot, *frequency));
        let mut read = Vec::new();
        list.each(|slot, frequency| read.push((slot as u32, frequency)));
        assert_eq!(read, put);
    }
}
