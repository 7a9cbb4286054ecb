//! A model as bytes, to be kept.

use std::collections::HashMap;

use super::fit::{Fit, SIGNS};
use super::likeness::{Accepted, Kept, Wording};
use super::model::{Feature, Model};
use super::refused::Refused;
use super::trust::Trust;
use super::weights::{Weight, Weights};
use crate::text::ByNumber;

/// Changes whenever the format does, or what the numbers mean: older snapshots are computed anew.
pub(crate) const VERSION: i64 = 3;

/// How many bytes a part has, about.
const PART: usize = 64 * 1024;

/// Hands over a model part by part.
pub(crate) fn write<E>(model: &Model, part: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut out = Out { bytes: Vec::with_capacity(PART), part, failed: None };
    out.number(model.items.len() as u64);
    model.items.iter().for_each(|item| out.number(*item));
    out.real(model.requests);
    out.short(model.hour);
    out.number(model.features.len() as u64);
    for (number, feature) in &model.features {
        out.number(*number);
        out.real(feature.seen);
        out.number(feature.weights.len() as u64);
        for weight in feature.weights.iter() {
            out.short(weight.item);
            out.short(u32::from(weight.value as u16) << 16 | u32::from(weight.squares));
        }
    }
    for (value, squares) in model.fit.signs {
        out.real(value);
        out.real(squares);
    }
    out.number(model.fit.words.len() as u64);
    for (number, (value, squares)) in &model.fit.words {
        out.number(*number);
        out.real(*value);
        out.real(*squares);
    }
    out.number(model.trust.len() as u64);
    for (principal, trust) in &model.trust {
        out.number(*principal);
        out.real(trust.sum);
        out.real(trust.variance);
        out.real(trust.many);
        out.short(trust.day);
        out.short(trust.today);
    }
    accepted(&mut out, &model.accepted);
    out.end()
}

fn accepted<E>(out: &mut Out<'_, E>, accepted: &Accepted) {
    out.number(accepted.kept.len() as u64);
    for kept in &accepted.kept {
        out.short(kept.item);
        out.real(kept.length);
        out.real(kept.score);
        wording(out, &kept.wording);
    }
    out.shorts(accepted.references.iter().copied());
    out.shorts(accepted.others.iter().copied());
    out.short(accepted.turns.0);
    out.short(accepted.turns.1);
    out.number(accepted.refused.kept().len() as u64);
    accepted.refused.kept().for_each(|refused| wording(out, refused));
}

fn wording<E>(out: &mut Out<'_, E>, wording: &Wording) {
    let (words, about) = wording.parts();
    out.number(about as u64);
    out.shorts(words.iter().copied());
}

/// None if it is not whole.
pub(crate) fn read(bytes: &[u8]) -> Option<Model> {
    let mut from = In(bytes);
    let items: Vec<u64> = (0..from.many(8)?).map(|_| from.number()).collect::<Option<_>>()?;
    let by_number = items.iter().enumerate().map(|(at, number)| (*number, at as u32)).collect();
    let requests = from.real()?;
    let hour = from.short()?;
    let mut features = ByNumber::default();
    for _ in 0..from.many(20)? {
        let number = from.number()?;
        let seen = from.real()?;
        let mut weights = Vec::new();
        for _ in 0..from.many(8)? {
            let (item, of) = (from.short()?, from.short()?);
            let squares = of as u16;
            // Neither negative nor infinite.
            weights.push((squares < 0x7f80).then_some(Weight {
                item,
                value: (of >> 16) as u16 as i16,
                squares,
            })?);
        }
        features.insert(number, Feature { seen, weights: Weights::read(weights.into_iter())? });
    }
    let mut signs = [(0.0, 0.0); SIGNS];
    for slope in &mut signs {
        *slope = (from.real()?, from.real()?);
    }
    let mut words = ByNumber::default();
    for _ in 0..from.many(16)? {
        words.insert(from.number()?, (from.real()?, from.real()?));
    }
    let mut trust = HashMap::new();
    for _ in 0..from.many(28)? {
        let principal = from.number()?;
        let (sum, variance, many) = (from.real()?, from.real()?, from.real()?);
        let (day, today) = (from.short()?, from.short()?);
        trust.insert(principal, Trust { sum, variance, many, day, today });
    }
    let mut kept = Vec::new();
    for _ in 0..from.many(28)? {
        let (item, length, score) = (from.short()?, from.real()?, from.real()?);
        kept.push(Kept { wording: from.wording()?, item, length, score });
    }
    let (references, others) = (from.shorts()?, from.shorts()?);
    let turns = (from.short()?, from.short()?);
    let refused = (0..from.many(16)?).map(|_| from.wording()).collect::<Option<_>>()?;
    let accepted = Accepted::read(kept, references, others, turns, Refused::read(refused)?)?;
    let model =
        Model { items, by_number, features, requests, hour, fit: Fit { signs, words }, trust, accepted };
    from.0.is_empty().then_some(model)
}

struct Out<'a, E> {
    bytes: Vec<u8>,
    part: &'a mut dyn FnMut(&[u8]) -> Result<(), E>,
    /// Nothing is written after the first failure.
    failed: Option<E>,
}

impl<E> Out<'_, E> {
    fn put(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > PART {
            self.hand_over();
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn hand_over(&mut self) {
        if self.failed.is_none() {
            self.failed = (self.part)(&self.bytes).err();
        }
        self.bytes.clear();
    }

    fn end(mut self) -> Result<(), E> {
        self.hand_over();
        self.failed.map_or(Ok(()), Err)
    }

    fn number(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn short(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn shorts(&mut self, values: impl ExactSizeIterator<Item = u32>) {
        self.number(values.len() as u64);
        values.for_each(|value| self.short(value));
    }

    fn real(&mut self, value: f32) {
        self.put(&value.to_le_bytes());
    }
}

struct In<'a>(&'a [u8]);

impl In<'_> {
    fn number(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    fn short(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn real(&mut self) -> Option<f32> {
        self.short().map(f32::from_bits).filter(|value| value.is_finite())
    }

    fn shorts<T: FromIterator<u32>>(&mut self) -> Option<T> {
        (0..self.many(4)?).map(|_| self.short()).collect()
    }

    fn wording(&mut self) -> Option<Wording> {
        let about = usize::try_from(self.number()?).ok()?;
        Wording::kept(self.shorts()?, about)
    }

    /// How many of at least `size` bytes follow.
    fn many(&mut self, size: usize) -> Option<usize> {
        let many = usize::try_from(self.number()?).ok()?;
        (many.checked_mul(size)? <= self.0.len()).then_some(many)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::learn::model::{Lesson, Pace};

    proptest! {
        #[test]
        fn models_come_back_as_they_were_and_broken_bytes_are_refused(
            lessons in prop::collection::vec((0u64..9, any::<bool>(), 0u32..99, prop::collection::vec((0u64..30, 0.1f32..1.0), 0..5)), 0..20),
            cut in 0usize..40,
            noise in any::<u8>(),
        ) {
            let mut model = Model::default();
            for (about, wanted, hour, features) in &lessons {
                model.see(features);
                let candidates: Vec<(u64, f32)> = (0..6).map(|number| (number, number as f32 / 3.0)).collect();
                let lesson = Lesson { features, candidates: &candidates, about: *about, wanted: *wanted, weight: 1.0, hour: *hour };
                model.learn(&lesson, &Pace { rate: 1.0, half_life: Some(10.0) });
                model.accepted.accept(Wording::of(features.iter().map(|(word, _)| *word), &[5, 70]), *hour, *wanted);
                if !wanted {
                    model.accepted.refuse(Wording::of(features.iter().map(|(word, _)| *word), &[5]));
                }
                model.fit.learn(0.1, &[0.5; SIGNS], features, *wanted, 1.0);
                model.trust.entry(*about).or_default().note(*hour, 0.4, *wanted);
            }
            let mut bytes = Vec::new();
            let written: Result<(), ()> = write(&model, &mut |part| {
                bytes.extend_from_slice(part);
                Ok(())
            });
            prop_assert!(written.is_ok());
            let back = read(&bytes);
            prop_assert_eq!(back.as_ref(), Some(&model));
            if cut > 0 {
                prop_assert!(read(&bytes[..bytes.len().saturating_sub(cut)]).is_none());
            }
            let mut broken = bytes.clone();
            if let Some(byte) = broken.get_mut(cut) {
                *byte = noise;
            }
            // Whatever it says, it is read or refused.
            let _ = read(&broken);
        }
    }
}
