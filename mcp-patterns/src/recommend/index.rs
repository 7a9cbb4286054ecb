//! The texts of a catalogue: BM25 over weighted fields after Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009),
//! with Lucene's idf, which is never negative. Entries do not change, so what a term is worth in an entry is computed once.

use std::sync::Arc;

use crate::Entry;
use crate::recommend::{Embedder, dot};
use crate::text::{Analyzer, ByNumber};

const K1: f32 = 1.2;

/// What a field weighs, and how much its length counts.
const NAME: (f32, f32) = (2.0, 0.5);
const TRIGGERS: (f32, f32) = (1.5, 0.75);
const DESCRIPTION: (f32, f32) = (1.0, 0.75);
const BODY: (f32, f32) = (0.35, 0.75);
const FIELDS: [(f32, f32); 4] = [NAME, TRIGGERS, DESCRIPTION, BODY];

/// Where a term stands.
#[derive(Debug, Clone, Copy)]
struct Posting {
    entry: u32,
    worth: f32,
}

/// How much an entry has of a term, by field.
struct Count {
    term: u64,
    entry: u32,
    fields: [u8; 4],
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    /// From where to where in `postings` the entries with a term are.
    places: ByNumber<(u32, u32)>,
    postings: Vec<Posting>,
    vectors: Vec<f32>,
    dimension: usize,
    pub(crate) entries: usize,
}

impl Index {
    pub(crate) fn new(entries: &[Arc<Entry>], analyzer: &Analyzer, embedder: Option<&dyn Embedder>) -> Self {
        let half = entries.len().div_ceil(2).max(1);
        let mut counted: Vec<(Vec<Count>, Vec<[u32; 4]>)> = Vec::new();
        // Both halves at once where there is much.
        if entries.len() > 500 {
            std::thread::scope(|scope| {
                let (first, second) = entries.split_at(half);
                let other = scope.spawn(|| count(second, half, analyzer));
                counted.push(count(first, 0, analyzer));
                // A thread that died left nothing: the entries are counted here instead.
                counted.push(other.join().unwrap_or_else(|_| count(second, half, analyzer)));
            });
        } else {
            counted.push(count(entries, 0, analyzer));
        }
        let (counts, lengths): (Vec<Vec<Count>>, Vec<Vec<[u32; 4]>>) = counted.into_iter().unzip();
        let lengths = lengths.concat();
        let mut averages = [0f32; 4];
        for (field, average) in averages.iter_mut().enumerate() {
            *average = (lengths.iter().map(|length| length[field]).sum::<u32>() as f32
                / entries.len().max(1) as f32)
                .max(1.0);
        }
        let mut index = Self { entries: entries.len(), ..Self::default() };
        index.fill(&counts, &lengths, &averages);
        if let Some(embedder) = embedder {
            index.embed(entries, embedder);
        }
        index
    }

    fn fill(&mut self, counts: &[Vec<Count>], lengths: &[[u32; 4]], averages: &[f32; 4]) {
        for count in counts.iter().flatten() {
            self.places.entry(count.term).or_default().1 += 1;
        }
        let mut at = 0;
        for (from, many) in self.places.values_mut() {
            *from = at;
            at += *many;
            *many = *from;
        }
        self.postings = vec![Posting { entry: 0, worth: 0.0 }; counts.iter().map(Vec::len).sum()];
        for count in counts.iter().flatten() {
            let (Some((_, next)), Some(length)) =
                (self.places.get_mut(&count.term), lengths.get(count.entry as usize))
            else {
                continue;
            };
            let mut frequency = 0.0;
            for (field, (weight, b)) in FIELDS.iter().enumerate() {
                let norm = 1.0 - b + b * length[field] as f32 / averages[field];
                frequency += weight * f32::from(count.fields[field]) / norm;
            }
            if let Some(posting) = self.postings.get_mut(*next as usize) {
                *posting = Posting { entry: count.entry, worth: frequency * (K1 + 1.0) / (frequency + K1) };
            }
            *next += 1;
        }
        let all = self.entries as f32;
        for (from, to) in self.places.values() {
            let idf = telling(all, (to - from) as f32);
            for posting in self.postings.get_mut(*from as usize..*to as usize).into_iter().flatten() {
                posting.worth *= idf;
            }
        }
    }

    fn embed(&mut self, entries: &[Arc<Entry>], embedder: &dyn Embedder) {
        for chunk in entries.chunks(256) {
            let texts: Vec<String> =
                chunk.iter().map(|entry| format!("{} {}", spaced(&entry.name), entry.description)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let Some(vectors) = embedder.embed(&texts).filter(|vectors| vectors.len() == texts.len()) else {
                self.vectors.clear();
                return;
            };
            for vector in vectors {
                self.dimension = vector.len();
                self.vectors.extend(vector);
            }
        }
        if self.vectors.len() != self.dimension * self.entries {
            self.vectors.clear();
        }
    }

    fn of(&self, term: u64) -> &[Posting] {
        let place = self.places.get(&term);
        place.and_then(|(from, to)| self.postings.get(*from as usize..*to as usize)).unwrap_or_default()
    }

    /// In how many entries a term is.
    pub(crate) fn with(&self, term: u64) -> usize {
        self.of(term).len()
    }

    /// How telling a term is in the catalogue.
    pub(crate) fn telling(&self, term: u64) -> f32 {
        telling(self.entries as f32, self.with(term) as f32)
    }

    /// Adds what each entry is worth for some terms to `scores`, by entry.
    pub(crate) fn score(&self, terms: &[u64], scores: &mut [f32]) {
        for term in terms {
            for posting in self.of(*term) {
                if let Some(score) = scores.get_mut(posting.entry as usize) {
                    *score += posting.worth;
                }
            }
        }
    }

    /// What a term is worth in an entry; zero where it is not there.
    pub(crate) fn worth(&self, term: u64, entry: usize) -> f32 {
        let postings = self.of(term);
        let at = postings.binary_search_by_key(&entry, |posting| posting.entry as usize);
        at.ok().and_then(|at| postings.get(at)).map_or(0.0, |posting| posting.worth)
    }

    /// How near an entry is to a vector: the cosine; zero without vectors.
    pub(crate) fn cosine(&self, vector: &[f32], entry: usize) -> f32 {
        let from = entry * self.dimension;
        self.vectors.get(from..from + self.dimension).map_or(0.0, |of| dot(of, vector))
    }

    /// How near each entry is to a vector, added to `scores` times `weight`.
    pub(crate) fn near(&self, vector: &[f32], weight: f32, scores: &mut [f32]) {
        if self.vectors.is_empty() || vector.len() != self.dimension {
            return;
        }
        for (score, of) in scores.iter_mut().zip(self.vectors.chunks_exact(self.dimension)) {
            *score += weight * dot(of, vector);
        }
    }
}

fn telling(all: f32, with: f32) -> f32 {
    (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln()
}

/// A name with spaces where words begin.
fn spaced(name: &str) -> String {
    let mut spaced = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    spaced
}

fn count(entries: &[Arc<Entry>], first: usize, analyzer: &Analyzer) -> (Vec<Count>, Vec<[u32; 4]>) {
    let mut reader = analyzer.reader();
    let (mut counts, mut lengths) = (Vec::new(), Vec::new());
    let mut terms: Vec<(u64, u8)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        terms.clear();
        reader.each(&entry.name, |term| terms.push((term, 0)));
        for text in entry.triggers.keywords.iter().chain(&entry.triggers.requests).chain(&entry.tags) {
            reader.each(text, |term| terms.push((term, 1)));
        }
        reader.each(&entry.description, |term| terms.push((term, 2)));
        reader.each(&entry.body, |term| terms.push((term, 3)));
        terms.sort_unstable();
        let mut length = [0u32; 4];
        for same in terms.chunk_by(|a, b| a.0 == b.0) {
            let mut fields = [0u8; 4];
            for (_, field) in same {
                let field = usize::from(*field);
                fields[field] = fields[field].saturating_add(1);
                length[field] += 1;
            }
            if let Some((term, _)) = same.first() {
                counts.push(Count { term: *term, entry: (first + at) as u32, fields });
            }
        }
        lengths.push(length);
    }
    (counts, lengths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Kind;

    fn entries(texts: &[(String, String, String)]) -> Vec<Arc<Entry>> {
        let entry = |(name, description, body): &(String, String, String)| {
            Arc::new(Entry::new(Kind::Skill, name, description, body, "test"))
        };
        texts.iter().map(entry).collect()
    }

    /// The same by the book, slowly.
    fn naive(entries: &[Arc<Entry>], request: &str, analyzer: &Analyzer) -> Vec<f32> {
        let terms = |text: &str| {
            let mut terms = Vec::new();
            analyzer.reader().each(text, |term| terms.push(term));
            terms
        };
        let fields =
            |entry: &Entry| [terms(&entry.name), Vec::new(), terms(&entry.description), terms(&entry.body)];
        let all: Vec<[Vec<u64>; 4]> = entries.iter().map(|entry| fields(entry)).collect();
        let average = |field: usize| {
            (all.iter().map(|of| of[field].len()).sum::<usize>() as f32 / all.len() as f32).max(1.0)
        };
        let frequency = |of: &[Vec<u64>; 4], term: u64| {
            let part = |field: usize| {
                let (weight, b) = FIELDS[field];
                let many = of[field].iter().filter(|known| **known == term).count() as f32;
                weight * many / (1.0 - b + b * of[field].len() as f32 / average(field))
            };
            (0..4).map(part).sum::<f32>()
        };
        let score = |of: &[Vec<u64>; 4]| {
            let worth = |term: &u64| {
                let with = all.iter().filter(|of| frequency(of, *term) > 0.0).count() as f32;
                let tf = frequency(of, *term);
                telling(all.len() as f32, with) * tf * (K1 + 1.0) / (tf + K1)
            };
            analyzer.request(request).terms.iter().map(|(term, _)| worth(term)).sum()
        };
        all.iter().map(score).collect()
    }

    proptest! {
        #[test]
        fn scores_are_those_of_the_book(
            texts in prop::collection::vec(("[a-d]{1,2}( [a-d]{1,2}){0,2}", "([a-d]{1,2} ){0,6}", "([a-d]{1,2} ){0,9}"), 1..12),
            request in "([a-d]{1,2} ){1,4}",
        ) {
            let analyzer = Analyzer::new();
            let entries = entries(&texts);
            let index = Index::new(&entries, &analyzer, None);
            let mut scores = vec![0.0; entries.len()];
            let terms: Vec<u64> = analyzer.request(&request).terms.into_iter().map(|(term, _)| term).collect();
            index.score(&terms, &mut scores);
            // A request of stop words only is looked up by them, and entries do not hold them.
            for (at, (score, expect)) in scores.iter().zip(naive(&entries, &request, &analyzer)).enumerate() {
                prop_assert!((score - expect).abs() < 1e-3, "{score} {expect}");
                let parts: f32 = terms.iter().map(|term| index.worth(*term, at)).sum();
                prop_assert!((score - parts).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn many_entries_are_counted_in_two_halves() {
        let texts: Vec<_> =
            (0..1001).map(|at| (format!("entry{at}"), "thing".to_owned(), String::new())).collect();
        let analyzer = Analyzer::new();
        let index = Index::new(&entries(&texts), &analyzer, None);
        for at in [0usize, 500, 501, 1000] {
            let mut scores = vec![0.0; 1001];
            let terms = analyzer.request(&format!("entry{at}")).terms;
            index.score(&[terms[0].0], &mut scores);
            let found: Vec<usize> = (0..1001).filter(|at| scores[*at] > 0.0).collect();
            assert_eq!(found, [at]);
        }
    }
}
