//! A tenant's model while it follows the log.

use std::collections::VecDeque;
use std::sync::Arc;

use super::exposure::{Exposure, Outcome};
use super::fit::sigmoid;
use super::model::{Lesson, Model};
use super::store::{Event, Store};
use super::{Settings, codec};
use crate::PatternError;
use crate::recommend::features::phrased;
use crate::text::{ByNumber, number};

/// How many exposures are at hand when feedback comes.
const RECENT: usize = 256;
/// How much an answer has to count that a request is taken for one that something fits.
const BELIEVED: f32 = 0.5;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) model: Model,
    /// The last event that was applied.
    seq: i64,
    kept: i64,
    applied: u32,
    recent: VecDeque<Arc<Exposure>>,
    /// How much the last feedback counted.
    pub(super) last_weight: f32,
    /// Where items stand in a snapshot of the catalogue: its generation, and the place by item.
    slots: (u64, Vec<u32>),
}

type Find<'a> = &'a mut dyn FnMut(i64) -> Result<Option<Arc<Exposure>>, PatternError>;

impl State {
    pub(super) const fn of(model: Model, seq: i64) -> Self {
        Self {
            model,
            seq,
            kept: seq,
            applied: 0,
            recent: VecDeque::new(),
            last_weight: 0.0,
            slots: (0, Vec::new()),
        }
    }

    pub(super) fn load(store: &Store, tenant: &str) -> Result<Self, PatternError> {
        let kept = store.snapshot(tenant, codec::VERSION)?;
        let read = kept.and_then(|(seq, bytes)| Some((seq, codec::read(&bytes)?)));
        Ok(read.map_or_else(|| Self::of(Model::default(), 0), |(seq, model)| Self::of(model, seq)))
    }

    /// Applies what happened since; from the beginning if something was taken back.
    pub(super) fn follow(
        &mut self,
        since: impl Fn(i64, &mut dyn FnMut(i64, Event)) -> Result<(), PatternError>,
        mut find: impl FnMut(i64) -> Result<Option<Arc<Exposure>>, PatternError>,
        settings: &Settings,
    ) -> Result<(), PatternError> {
        for from_the_beginning in [false, true] {
            let mut result = Ok(());
            let mut undone = false;
            since(self.seq, &mut |seq, event| {
                undone |= matches!(event, Event::Undo) && !from_the_beginning;
                if !undone && result.is_ok() {
                    result = self.apply(seq, event, &mut find, settings);
                }
            })?;
            result?;
            if !undone {
                break;
            }
            *self = Self::of(Model::default(), 0);
        }
        Ok(())
    }

    pub(super) fn apply(
        &mut self,
        seq: i64,
        event: Event,
        find: Find<'_>,
        settings: &Settings,
    ) -> Result<(), PatternError> {
        match event {
            Event::Exposure(exposure) => {
                self.model.see(&exposure.features);
                if self.recent.len() >= RECENT {
                    self.recent.pop_front();
                }
                self.recent.push_back(exposure);
            }
            Event::Feedback { exposure, entry, principal, outcome, at } => {
                let known = match self.recent(exposure) {
                    Some(exposure) => Some(exposure),
                    None => find(exposure)?,
                };
                if let Some(exposure) = known {
                    self.learn(&exposure, &entry, &principal, outcome, at, settings);
                }
            }
            Event::Undo => {}
        }
        self.seq = self.seq.max(seq);
        self.applied += 1;
        Ok(())
    }

    /// An exposure, if it is at hand.
    pub(super) fn recent(&self, exposure: i64) -> Option<Arc<Exposure>> {
        let at = self.recent.binary_search_by_key(&exposure, |recent| recent.id).ok()?;
        self.recent.get(at).cloned()
    }

    fn learn(
        &mut self,
        exposure: &Exposure,
        entry: &str,
        principal: &str,
        outcome: Outcome,
        at: i64,
        settings: &Settings,
    ) {
        let hour = hour(at);
        let (wanted, says) = outcome.says();
        let principal = number(principal);
        let trust = self.model.trust.get(&principal).copied().unwrap_or_default();
        let everybody = self.model.trust.get(&super::trust::EVERYBODY).copied().unwrap_or_default();
        let weight = says * trust.weight(&everybody, hour, settings.answers_a_day, settings.damp);
        self.last_weight = weight;
        if outcome == Outcome::NothingFits {
            self.nothing_fits(exposure, principal, weight, hour);
            return;
        }
        let candidates: Vec<(u64, f32)> =
            exposure.candidates.iter().map(|candidate| (number(&candidate.entry), candidate.base)).collect();
        let about = number(entry);
        let lesson =
            Lesson { features: &exposure.features, candidates: &candidates, about, wanted, weight, hour };
        let expected = self.model.learn(&lesson, &settings.pace());
        if outcome != Outcome::Ignored {
            for who in [principal, super::trust::EVERYBODY] {
                self.model.trust.entry(who).or_default().note(hour, expected, wanted);
            }
        }
        if wanted && weight >= BELIEVED && exposure.words > 0 {
            let item = self.model.item(about);
            self.model.accepted.accept(exposure.wording(), item, exposure.open);
        }
        if exposure.shown.first().is_some_and(|first| first == entry) {
            let words = phrased(&exposure.features, &exposure.phrasing);
            self.model.fit.learn(exposure.fit, &exposure.signs, &words, wanted, weight);
        }
    }

    /// Learns that a request is one that no entry fits. It says nothing of how well entries fit compared with each other.
    fn nothing_fits(&mut self, exposure: &Exposure, principal: u64, weight: f32, hour: u32) {
        let words = phrased(&exposure.features, &exposure.phrasing);
        let expected = sigmoid(exposure.fit + self.model.fit.learned(&exposure.signs, &words).0);
        for who in [principal, super::trust::EVERYBODY] {
            self.model.trust.entry(who).or_default().note(hour, expected, false);
        }
        if weight >= BELIEVED && exposure.words > 0 {
            self.model.accepted.refuse(exposure.wording());
        }
        self.model.fit.learn(exposure.fit, &exposure.signs, &words, false, weight);
    }

    /// Keeps a snapshot once enough has happened.
    pub(super) fn keep(
        &mut self,
        store: &mut Store,
        tenant: &str,
        settings: &Settings,
    ) -> Result<(), PatternError> {
        if self.applied >= settings.snapshot_every.max(1) && self.seq > self.kept {
            store.keep(tenant, codec::VERSION, self.seq, |part| codec::write(&self.model, part))?;
            (self.kept, self.applied) = (self.seq, 0);
        }
        Ok(())
    }

    /// Where items stand in a snapshot of the catalogue.
    pub(crate) fn slots(&mut self, generation: u64, places: &ByNumber<u32>) -> &[u32] {
        if self.slots.0 != generation || self.slots.1.len() != self.model.items.len() {
            let place = |number: &u64| places.get(number).copied().unwrap_or(u32::MAX);
            self.slots = (generation, self.model.items.iter().map(place).collect());
        }
        &self.slots.1
    }
}

/// Hours since 1970.
pub(crate) fn hour(at: i64) -> u32 {
    u32::try_from(at.div_euclid(3600)).unwrap_or(0)
}
