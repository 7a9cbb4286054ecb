//! A namespace as it is searched: derived from the store, and brought up to date before each search.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::store::Vector;
use crate::text::{Analyzer, Postings, Statistics};
use crate::{Record, State};

/// A memory in a view.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) ordinal: u32,
    pub(crate) record: Arc<Record>,
}

/// Vectors by slot, one behind the other.
#[derive(Debug, Default)]
struct Vectors {
    dimension: usize,
    cells: Vec<i8>,
    /// Zero where there is no vector.
    scales: Vec<f32>,
}

/// The memories of a namespace.
#[derive(Debug)]
pub(crate) struct View {
    entries: Vec<Option<Entry>>,
    slots: HashMap<u32, u32>,
    postings: Postings,
    vectors: Vectors,
    sessions: HashMap<Box<str>, BTreeMap<(i64, u32), u32>>,
    analyzer: Arc<Analyzer>,
}

/// The words of a memory.
fn each_term(analyzer: &Analyzer, record: &Record, visit: &mut dyn FnMut(&str)) {
    analyzer.memory(&record.content, &mut *visit);
    if let Some(speaker) = &record.speaker {
        analyzer.memory(speaker, &mut *visit);
    }
    for tag in &record.tags {
        analyzer.memory(tag, &mut *visit);
    }
}

impl View {
    pub(crate) fn new(analyzer: Arc<Analyzer>, dimension: usize) -> Self {
        Self {
            entries: Vec::new(),
            slots: HashMap::new(),
            postings: Postings::default(),
            vectors: Vectors { dimension, ..Vectors::default() },
            sessions: HashMap::new(),
            analyzer,
        }
    }

    /// Puts a memory in its place, as it is now; takes it away if it is gone.
    pub(crate) fn put(&mut self, ordinal: u32, now: Option<(Record, Option<Vector>)>) {
        if let Some(slot) = self.slots.remove(&ordinal) {
            self.take(slot);
        }
        let Some((record, vector)) = now else { return };
        let analyzer = Arc::clone(&self.analyzer);
        let slot = self.postings.add(|visit| each_term(&analyzer, &record, visit));
        if let Some(session) = &record.session {
            let of_session = self.sessions.entry(session.as_str().into()).or_default();
            of_session.insert((record.sequence.unwrap_or_default(), ordinal), slot);
        }
        self.vectors.push(vector);
        self.slots.insert(ordinal, slot);
        self.entries.push(Some(Entry { ordinal, record: Arc::new(record) }));
    }

    fn take(&mut self, slot: u32) {
        let Some(entry) = self.entries.get_mut(slot as usize).and_then(Option::take) else { return };
        let (analyzer, record) = (&self.analyzer, &entry.record);
        self.postings.remove(slot, |visit| each_term(analyzer, record, visit));
        if let Some(session) = &record.session
            && let Some(of_session) = self.sessions.get_mut(session.as_str())
        {
            of_session.remove(&(record.sequence.unwrap_or_default(), entry.ordinal));
            if of_session.is_empty() {
                self.sessions.remove(session.as_str());
            }
        }
        self.vectors.clear(slot);
    }

    /// Whether more slots are empty than not: then it is time to make the view anew.
    pub(crate) fn is_worn(&self) -> bool {
        self.entries.len() > 1_000 && self.slots.len() * 2 < self.entries.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn entry(&self, slot: usize) -> Option<&Entry> {
        self.entries.get(slot).and_then(Option::as_ref)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter_map(|(slot, entry)| entry.as_ref().map(|entry| (slot, entry)))
    }

    pub(crate) fn count(&self, terms: &[String], into: &mut Statistics) {
        self.postings.count(terms, into);
    }

    /// Scores by words, by slot.
    pub(crate) fn text_scores(&self, terms: &[String], statistics: &Statistics) -> Vec<f32> {
        let mut scores = vec![0.0; self.entries.len()];
        self.postings.score(terms, statistics, &mut scores);
        scores
    }

    /// Cosines with a query, by slot; none where a memory has no vector of the model.
    pub(crate) fn vector_scores(&self, query: &[f32]) -> Vec<Option<f32>> {
        self.vectors.scores(query)
    }

    /// Visits what was said around a memory, with the distance from 0: those that count, up to so many on each side.
    pub(crate) fn around(&self, slot: usize, many: usize, mut visit: impl FnMut(usize, usize)) {
        let Some(entry) = self.entry(slot) else { return };
        let Some(of_session) =
            entry.record.session.as_ref().and_then(|session| self.sessions.get(session.as_str()))
        else {
            return;
        };
        let place = (entry.record.sequence.unwrap_or_default(), entry.ordinal);
        let live = |slot: &usize| self.entry(*slot).is_some_and(|entry| entry.record.state == State::Live);
        let before = of_session.range(..place).rev().map(|(_, slot)| *slot as usize).filter(live);
        let behind = of_session.range(place..).skip(1).map(|(_, slot)| *slot as usize).filter(live);
        for (distance, slot) in before.take(many).enumerate().chain(behind.take(many).enumerate()) {
            visit(distance, slot);
        }
    }
}

impl Vectors {
    fn push(&mut self, vector: Option<Vector>) {
        let vector = vector.filter(|vector| vector.cells.len() == self.dimension);
        match vector {
            Some(vector) => {
                self.cells.extend_from_slice(&vector.cells);
                self.scales.push(vector.scale);
            }
            None => {
                self.cells.resize(self.cells.len() + self.dimension, 0);
                self.scales.push(0.0);
            }
        }
    }

    fn clear(&mut self, slot: u32) {
        if let Some(scale) = self.scales.get_mut(slot as usize) {
            *scale = 0.0;
        }
    }

    fn scores(&self, query: &[f32]) -> Vec<Option<f32>> {
        if self.dimension == 0 || query.len() != self.dimension {
            return vec![None; self.scales.len()];
        }
        let Vector { scale: query_scale, cells: query } = quantized(query);
        self.cells
            .chunks_exact(self.dimension)
            .zip(&self.scales)
            .map(|(cells, scale)| {
                (*scale != 0.0).then(|| {
                    let dot: i32 = cells.iter().zip(&query).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                    dot as f32 * scale * query_scale
                })
            })
            .collect()
    }
}

/// A vector with cells from -127 to 127.
pub(crate) fn quantized(vector: &[f32]) -> Vector {
    let largest = vector.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 && largest.is_finite() { largest / 127.0 } else { 1.0 };
    let cells = vector.iter().map(|value| (value / scale).round().clamp(-127.0, 127.0) as i8).collect();
    Vector { scale, cells }
}
