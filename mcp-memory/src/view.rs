//! A namespace as it is searched: derived from the store, and brought up to date before each search.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::store::Vector;
use crate::text::{Analyzer, Postings, Statistics};
use crate::vector::{Query, Vectors};
use crate::{Record, State};

/// A memory in a view.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) ordinal: u32,
    pub(crate) record: Arc<Record>,
}

/// The memories of a namespace.
#[derive(Debug)]
pub(crate) struct View {
    entries: Vec<Option<Entry>>,
    slots: HashMap<u32, u32>,
    postings: Postings,
    vectors: Vectors,
    /// Of each slot what has to be known of many.
    marks: Vec<Mark>,
    sessions: HashMap<Box<str>, BTreeMap<(i64, u32), u32>>,
    analyzer: Arc<Analyzer>,
}

/// Whether and until when a memory counts.
#[derive(Debug, Clone, Copy)]
struct Mark {
    state: Option<State>,
    expires: i64,
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
            vectors: Vectors::new(dimension),
            marks: Vec::new(),
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
        self.marks.push(Mark { state: Some(record.state), expires: record.expires.unwrap_or(i64::MAX) });
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
        self.vectors.clear(slot as usize);
        if let Some(mark) = self.marks.get_mut(slot as usize) {
            mark.state = None;
        }
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

    /// The slots that may be near a query.
    pub(crate) fn near(&self, query: &Query) -> Vec<usize> {
        self.vectors.near(query)
    }

    /// How near a memory is to a query, from 0 to 1; nothing where it has no vector of the model.
    pub(crate) fn nearness(&self, query: &Query, slot: usize) -> f32 {
        self.vectors.cosine(query, slot).unwrap_or_default().max(0.0)
    }

    /// Whether the memory of a slot counts now.
    pub(crate) fn counts(&self, slot: usize, superseded: bool, now: i64) -> bool {
        self.marks.get(slot).is_some_and(|mark| {
            mark.expires > now && mark.state.is_some_and(|state| superseded || state == State::Live)
        })
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
