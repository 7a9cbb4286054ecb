//! Saying nothing when nothing fits.

use super::features::{cold, phrased};
use super::{Asked, Ranked};
use crate::catalog::Snapshot;
use crate::learn::fit::{Signs, sigmoid};
use crate::learn::{Dice, State};
use crate::text::number;

/// When nothing is recommended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Abstention {
    /// Below this chance to be accepted nothing is recommended; 0 never abstains.
    pub below: f32,
    /// How many deviations of what was learned are added to the chance: what is uncertain is shown, and learned from.
    pub optimism: f32,
    /// Once enough was accepted, nothing is recommended for requests that are unlike it. This share of them is answered all the same: by
    /// what becomes of that, the line between like and unlike is drawn.
    pub curiosity: f32,
}

impl Default for Abstention {
    fn default() -> Self {
        Self { below: 0.2, optimism: 0.5, curiosity: 1.0 / 64.0 }
    }
}

/// Once likeness is looked at, the chance to be accepted may be lower by this: it mixes "wrong one" with "nothing fits".
const LENIENT: f32 = 0.25;
/// An entry that so few requests were accepted for is not judged by likeness where its own words say enough.
const KNOWN: usize = 4;
/// This share of what a request says is enough.
const ENOUGH: f32 = 0.6;

/// What is judged.
pub(super) struct Ranking<'a> {
    pub(super) asked: &'a Asked<'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) ranked: &'a [Ranked],
    pub(super) signs: &'a Signs,
    pub(super) features: &'a [(u64, f32)],
}

/// Whether anything fits.
pub(super) struct Judged {
    /// How likely the best is accepted.
    pub(super) confidence: f32,
    pub(super) nothing_fits: bool,
    /// Whether it would be shown however unlike the request is to others.
    pub(super) open: bool,
    /// What a model without feedback thinks.
    pub(super) fit: f32,
}

impl Abstention {
    pub(super) fn judge(
        &self,
        ranking: &Ranking<'_>,
        [own, shared]: [&State; 2],
        dice: Option<&mut Dice>,
    ) -> Judged {
        let Ranking { asked, ranked, signs, features, .. } = ranking;
        let fit = cold(signs);
        let words = phrased(features, &asked.words.phrasing);
        let (learned, deviation) = own.model.fit.learned(signs, &words);
        let optimism = if dice.is_some() { self.optimism * deviation } else { 0.0 };
        let confidence = sigmoid(fit + learned + optimism);
        let wording = asked.wording();
        let above = own.model.accepted.above(&wording).or_else(|| shared.model.accepted.above(&wording));
        let open =
            above.is_none() || self.below <= 0.0 || dice.is_some_and(|dice| dice.roll() < self.curiosity);
        let judged_by_likeness = above.filter(|_| self.below > 0.0);
        let unlike = judged_by_likeness.is_some_and(|above| above < 0.0) && !open;
        let below = if judged_by_likeness.is_some() { self.below * LENIENT } else { self.below };
        let nothing = ranked.first().is_none_or(Ranked::says_nothing);
        let nothing_fits = nothing || confidence < below || unlike && !ranking.says_enough(own);
        Judged { confidence, nothing_fits, open, fit }
    }
}

impl Ranking<'_> {
    /// Whether the best entry speaks for itself: nothing much was accepted for it yet, and it has what the request says, or is triggered.
    fn says_enough(&self, own: &State) -> bool {
        let Some(best) = self.ranked.first() else { return false };
        if self.asked.triggered.contains(&(best.place as u32)) {
            return true;
        }
        let entry = self.snapshot.entries.get(best.place);
        let item = entry.and_then(|entry| own.model.by_number.get(&number(&entry.id)));
        let known = item.map_or(0, |item| own.model.accepted.accepted_for(*item));
        known < KNOWN && self.signs[2] >= ENOUGH
    }
}
