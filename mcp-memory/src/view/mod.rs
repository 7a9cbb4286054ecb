//! A namespace as it is searched: derived from the store, and brought up to date before each search. What memories say is not kept.

mod bits;
mod columns;
mod saved;
mod select;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

pub(crate) use bits::Bits;

use crate::store::Vector;
use crate::tenant::ScopeStats;
use crate::text::{Analyzer, Postings, Statistics};
use crate::vector::{Query, Vectors};
use crate::{Id, Record, State};
use columns::{Lists, Metadata, Names, Sparse};

/// An ordinal without a slot.
const NONE: u32 = u32::MAX;

/// Memories of a conversation that are gone through one by one.
const SHORT: usize = 64;

/// A memory to be put into a view, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) record: Record,
    pub(crate) vector: Option<Vector>,
    /// Who it is to be erased with.
    pub(crate) subject: [u8; 16],
}

/// The memories of a namespace, each in a slot. One that changes gets a new slot.
#[derive(Debug)]
pub(crate) struct View {
    analyzer: Arc<Analyzer>,
    ids: Vec<[u8; 16]>,
    ordinals: Vec<u32>,
    /// By ordinal.
    slots: Vec<u32>,
    /// Those that are there.
    there: Bits,
    /// Those that nobody superseded.
    live: Bits,
    created: Vec<i64>,
    /// Where it is another time than `created`.
    updated: Sparse<i64>,
    valid_from: Sparse<i64>,
    valid_to: Sparse<i64>,
    expires: Sparse<i64>,
    importance: Sparse<f32>,
    kinds: Names,
    authors: Names,
    sessions: Names,
    speakers: Names,
    sources: Names,
    agents: Names,
    runs: Names,
    tags: Lists,
    metadata: Metadata,
    /// Places in conversations; a slot behind the end has none.
    sequences: Vec<i64>,
    /// The slots of each session, in the order of their places.
    turns: Vec<Vec<u32>>,
    postings: Postings,
    vectors: Vectors,
    /// Of whom there is something here, or was.
    subjects: HashSet<[u8; 16]>,
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
            analyzer,
            ids: Vec::new(),
            ordinals: Vec::new(),
            slots: Vec::new(),
            there: Bits::default(),
            live: Bits::default(),
            created: Vec::new(),
            updated: Sparse::default(),
            valid_from: Sparse::default(),
            valid_to: Sparse::default(),
            expires: Sparse::default(),
            importance: Sparse::default(),
            kinds: Names::default(),
            authors: Names::default(),
            sessions: Names::default(),
            speakers: Names::default(),
            sources: Names::default(),
            agents: Names::default(),
            runs: Names::default(),
            tags: Lists::default(),
            metadata: Metadata::default(),
            sequences: Vec::new(),
            turns: Vec::new(),
            postings: Postings::default(),
            vectors: Vectors::new(dimension),
            subjects: HashSet::new(),
        }
    }

    /// Puts a memory in its place, as it is now; takes it away if it is gone.
    pub(crate) fn put(&mut self, ordinal: u32, now: Option<Opened>) {
        if let Some(slot) = self.slot(ordinal) {
            self.take(slot);
        }
        let Some(Opened { record, vector, subject }) = now else { return };
        let analyzer = Arc::clone(&self.analyzer);
        let number = self.postings.add(|visit| each_term(&analyzer, &record, visit));
        let slot = number as usize;
        self.subjects.insert(subject);
        self.ids.push(record.id.0);
        self.ordinals.push(ordinal);
        self.created.push(record.created);
        self.updated.push(slot, Some(record.updated).filter(|updated| *updated != record.created));
        self.valid_from.push(slot, record.valid_from);
        self.valid_to.push(slot, record.valid_to);
        self.expires.push(slot, record.expires);
        self.importance.push(slot, record.importance);
        self.kinds.push(slot, Some(&record.kind));
        self.authors.push(slot, Some(&record.author));
        self.sessions.push(slot, record.session.as_deref());
        self.speakers.push(slot, record.speaker.as_deref());
        self.sources.push(slot, record.source.as_deref());
        self.agents.push(slot, record.agent.as_deref());
        self.runs.push(slot, record.run.as_deref());
        self.tags.push(slot, &record.tags);
        self.metadata.push(slot, &record.metadata);
        self.vectors.push(vector);
        self.there.set(slot);
        if record.state == State::Live {
            self.live.set(slot);
        }
        let at = ordinal as usize;
        if at >= self.slots.len() {
            self.slots.resize(at + 1, NONE);
        }
        if let Some(place) = self.slots.get_mut(at) {
            *place = number;
        }
        if let Some(session) = self.sessions.number(slot) {
            self.sequences.resize(slot, 0);
            self.sequences.push(record.sequence.unwrap_or_default());
            self.take_turn(session as usize, number);
        }
    }

    pub(crate) fn slot(&self, ordinal: u32) -> Option<usize> {
        let slot = self.slots.get(ordinal as usize).copied()?;
        (slot != NONE).then_some(slot as usize)
    }

    /// Where a memory stands in its conversation.
    fn place(&self, slot: u32) -> (i64, u32) {
        let at = slot as usize;
        (
            self.sequences.get(at).copied().unwrap_or_default(),
            self.ordinals.get(at).copied().unwrap_or_default(),
        )
    }

    fn take_turn(&mut self, session: usize, slot: u32) {
        if session >= self.turns.len() {
            self.turns.resize(session + 1, Vec::new());
        }
        let place = self.place(slot);
        let of_session = self.turns.get(session).map_or(&[][..], Vec::as_slice);
        let at = of_session.partition_point(|other| self.place(*other) < place);
        if let Some(turns) = self.turns.get_mut(session) {
            turns.insert(at, slot);
        }
    }

    fn take(&mut self, slot: usize) {
        let Some(ordinal) = self.ordinals.get(slot).copied().filter(|_| self.there.has(slot)) else { return };
        if let Some(place) = self.slots.get_mut(ordinal as usize) {
            *place = NONE;
        }
        self.there.clear(slot);
        self.live.clear(slot);
        let Ok(number) = u32::try_from(slot) else { return };
        self.postings.remove(number);
        self.vectors.clear(slot);
        let Some(session) = self.sessions.number(slot) else { return };
        let place = self.place(number);
        let of_session = self.turns.get(session as usize).map_or(&[][..], Vec::as_slice);
        let at = of_session.partition_point(|other| self.place(*other) < place);
        if of_session.get(at) == Some(&number)
            && let Some(turns) = self.turns.get_mut(session as usize)
        {
            turns.remove(at);
        }
    }

    /// Whether more slots are empty than not: then it is time to make the view anew.
    pub(crate) fn is_worn(&self) -> bool {
        self.ids.len() > 1_000 && self.len() * 2 < self.ids.len()
    }

    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.postings.live).unwrap_or(usize::MAX)
    }

    pub(crate) fn id(&self, slot: usize) -> Option<Id> {
        self.ids.get(slot).copied().map(Id)
    }

    pub(crate) fn created(&self, slot: usize) -> i64 {
        self.created.get(slot).copied().unwrap_or_default()
    }

    pub(crate) fn importance(&self, slot: usize) -> Option<f32> {
        self.importance.at(slot)
    }

    pub(crate) fn ordinal(&self, slot: usize) -> Option<u32> {
        self.ordinals.get(slot).copied()
    }

    /// What there is, of those that count now.
    pub(crate) fn stats(&self, now: i64) -> ScopeStats {
        let (counting, all) = (self.counting(false, now), self.counting(true, now));
        let mut stats = ScopeStats { memories: counting.count(), ..ScopeStats::default() };
        stats.superseded = all.count() - stats.memories;
        let mut sessions = HashSet::new();
        for slot in counting.iter() {
            if let Some(kind) = self.kinds.text(slot) {
                *stats.types.entry(kind.to_owned()).or_default() += 1;
            }
            for tag in self.tags.texts(slot) {
                *stats.tags.entry(tag.to_owned()).or_default() += 1;
            }
            sessions.extend(self.session(slot));
            stats.vectors += usize::from(self.vectors.is_there(slot));
            let created = self.created(slot);
            stats.oldest = Some(stats.oldest.map_or(created, |oldest| oldest.min(created)));
            stats.newest = Some(stats.newest.map_or(created, |newest| newest.max(created)));
        }
        stats.sessions = sessions.len();
        stats
    }

    /// Of whom there is something in the view, or was.
    pub(crate) fn subjects(&self) -> Vec<[u8; 16]> {
        self.subjects.iter().copied().collect()
    }

    pub(crate) fn count(&self, terms: &[String], into: &mut Statistics) {
        self.postings.count(terms, &self.there, into);
    }

    /// Scores by words, by slot.
    pub(crate) fn text_scores(&self, terms: &[String], statistics: &Statistics) -> Vec<f32> {
        let mut scores = vec![0.0; self.ids.len()];
        self.postings.score(terms, statistics, &mut scores);
        scores
    }

    /// The slots of a set that may be near a query.
    pub(crate) fn near(&self, query: &Query, within: &Bits) -> Vec<usize> {
        self.vectors.near(query, within)
    }

    /// How near some memories are to a query, from 0 to 1; nothing where one has no vector of the model.
    pub(crate) fn nearness(&self, query: &Query, slots: &[usize]) -> Vec<f32> {
        let cosines = self.vectors.cosines(query, slots);
        cosines.into_iter().map(|cosine| cosine.unwrap_or_default().max(0.0)).collect()
    }

    /// The memories that count now.
    pub(crate) fn counting(&self, superseded: bool, now: i64) -> Bits {
        let mut counting = if superseded { self.there.clone() } else { self.live.clone() };
        for (slot, expires) in self.expires.each() {
            if expires <= now {
                counting.clear(slot);
            }
        }
        counting
    }

    /// The conversation of a memory, by a number.
    pub(crate) fn session(&self, slot: usize) -> Option<u32> {
        self.sessions.number(slot)
    }

    /// The memories of a conversation, in their order.
    pub(crate) fn turns(&self, session: u32) -> &[u32] {
        self.turns.get(session as usize).map_or(&[], Vec::as_slice)
    }

    /// Visits what was said around a memory of a conversation, with the distance from 0: those that count, up to so many on each side.
    pub(crate) fn around(
        &self,
        turns: &[u32],
        slot: usize,
        many: usize,
        mut visit: impl FnMut(usize, usize),
    ) {
        let Ok(number) = u32::try_from(slot) else { return };
        // A short conversation lies together in memory; what each of it is the place of does not.
        let at = if turns.len() <= SHORT {
            turns.iter().position(|other| *other == number)
        } else {
            let place = self.place(number);
            Some(turns.partition_point(|other| self.place(*other) < place))
        };
        let Some(at) = at else { return };
        let (before, rest) = turns.split_at_checked(at).unwrap_or_default();
        let live = |slot: &usize| self.live.has(*slot);
        let before = before.iter().rev().map(|slot| *slot as usize).filter(live);
        let behind = rest.iter().skip(1).map(|slot| *slot as usize).filter(live);
        for (distance, slot) in before.take(many).enumerate().chain(behind.take(many).enumerate()) {
            visit(distance, slot);
        }
    }
}
