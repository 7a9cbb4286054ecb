//! An inverted index in memory, for what is in no index on disk.

use std::collections::HashMap;

/// BM25 after Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with Lucene's idf, which is never
/// negative.
const K1: f32 = 1.2;
const B: f32 = 0.75;

#[derive(Debug, Clone, Copy)]
struct Posting {
    slot: u32,
    frequency: u32,
}

#[derive(Debug, Default)]
struct List {
    postings: Vec<Posting>,
    /// Memories that still count.
    live: u32,
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
    lists: HashMap<Box<str>, List>,
    lengths: Vec<u32>,
    live: u64,
    length: u64,
}

impl Postings {
    /// Adds the terms of the memory in the next slot.
    pub(crate) fn add(&mut self, each: impl FnOnce(&mut dyn FnMut(&str))) -> u32 {
        let slot = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let (lists, mut length) = (&mut self.lists, 0);
        each(&mut |term| {
            length += 1;
            let list = match lists.get_mut(term) {
                Some(list) => list,
                None => lists.entry(term.into()).or_default(),
            };
            match list.postings.last_mut() {
                Some(last) if last.slot == slot => last.frequency += 1,
                _ => {
                    list.postings.push(Posting { slot, frequency: 1 });
                    list.live += 1;
                }
            }
        });
        self.lengths.push(length);
        self.live += 1;
        self.length += u64::from(length);
        slot
    }

    /// Takes the memory of a slot out of all counts; `each` are the terms that it was added with.
    pub(crate) fn remove(&mut self, slot: u32, each: impl FnOnce(&mut dyn FnMut(&str))) {
        let Some(length) = self.lengths.get(slot as usize) else { return };
        self.live -= 1;
        self.length -= u64::from(*length);
        let mut seen = std::collections::HashSet::new();
        let lists = &mut self.lists;
        each(&mut |term| {
            if seen.insert(Box::<str>::from(term))
                && let Some(list) = lists.get_mut(term)
            {
                list.live = list.live.saturating_sub(1);
                if list.live == 0 {
                    lists.remove(term);
                }
            }
        });
    }

    /// Adds what is here to the statistics of some terms.
    pub(crate) fn count(&self, terms: &[String], into: &mut Statistics) {
        into.memories += self.live;
        into.length += self.length;
        into.with_term.resize(terms.len(), 0);
        for (term, with) in terms.iter().zip(&mut into.with_term) {
            *with += u64::from(self.lists.get(term.as_str()).map_or(0, |list| list.live));
        }
    }

    /// Adds the scores of all memories that have any of the terms to `scores`, by slot. Those that were removed get some too.
    pub(crate) fn score(&self, terms: &[String], statistics: &Statistics, scores: &mut [f32]) {
        let average = statistics.average();
        for (number, term) in terms.iter().enumerate() {
            let Some(list) = self.lists.get(term.as_str()) else { continue };
            let weight = statistics.weight(number);
            for posting in &list.postings {
                let at = posting.slot as usize;
                let (Some(length), Some(score)) = (self.lengths.get(at), scores.get_mut(at)) else {
                    continue;
                };
                let frequency = posting.frequency as f32;
                let norm = K1 * (1.0 - B + B * *length as f32 / average);
                *score += weight * frequency * (K1 + 1.0) / (frequency + norm);
            }
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
            for slot in removed.into_iter().filter(|slot| *slot < texts.len()) {
                postings.remove(slot as u32, words(&texts[slot]));
                left[slot] = None;
            }
            let terms: Vec<String> = (0..13).map(|word| format!("w{word}")).collect();
            let mut statistics = Statistics::default();
            postings.count(&terms, &mut statistics);
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
        postings.remove(0, words(&[1, 1, 2]));
        let mut statistics = Statistics::default();
        postings.count(&["w1".into()], &mut statistics);
        assert_eq!(statistics, Statistics { memories: 0, length: 0, with_term: vec![0] });
        assert!(postings.lists.is_empty());
    }
}
