//! What memories have in a field, by slot. Slots are filled in order, and a field that nobody uses takes no room.

use std::borrow::Cow;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value};

use super::Bits;
use crate::filter::Found;
use crate::filter::node::Test;

/// A slot without a text.
const NONE: u32 = u32::MAX;

/// Texts that occur, each once.
#[derive(Debug, Default)]
pub(crate) struct Symbols(pub(super) IndexSet<Box<str>>);

impl Symbols {
    fn number(&mut self, text: &str) -> u32 {
        let known = self.0.get_index_of(text);
        let number = known.unwrap_or_else(|| self.0.insert_full(text.into()).0);
        u32::try_from(number).unwrap_or(NONE)
    }

    fn get(&self, number: u32) -> Option<&str> {
        self.0.get_index(number as usize).map(AsRef::as_ref)
    }

    /// Those that pass a test, by number.
    fn passing(&self, test: &Test) -> Bits {
        let mut passing = Bits::none(self.0.len());
        if let Test::Any(values) = test {
            let numbers = values.iter().filter_map(|value| self.0.get_index_of(value.as_str()?));
            numbers.for_each(|number| passing.set(number));
            return passing;
        }
        for (number, text) in self.0.iter().enumerate() {
            if test.holds(&Found::Text(Cow::Borrowed(text))) {
                passing.set(number);
            }
        }
        passing
    }
}

/// At most one text for each slot.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(super) symbols: Symbols,
    pub(super) of: Vec<u32>,
}

impl Names {
    pub(super) fn push(&mut self, slot: usize, text: Option<&str>) {
        let Some(text) = text else { return };
        self.of.resize(slot, NONE);
        self.of.push(self.symbols.number(text));
    }

    pub(super) fn text(&self, slot: usize) -> Option<&str> {
        self.symbols.get(self.number(slot)?)
    }

    /// The number of a slot's text: equal where the texts are.
    pub(crate) fn number(&self, slot: usize) -> Option<u32> {
        self.of.get(slot).copied().filter(|number| *number != NONE)
    }

    pub(super) fn select(&self, test: &Test, within: &Bits) -> Bits {
        // `NONE` is in no set.
        within.numbered(&self.of, &self.symbols.passing(test))
    }
}

/// Any number of texts for each slot, and the slots of each text.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(super) symbols: Symbols,
    /// Where the texts of a slot end.
    pub(super) ends: Vec<u32>,
    pub(super) items: Vec<u32>,
    /// The slots of each text, in order.
    slots: Vec<Vec<u32>>,
}

impl Lists {
    pub(super) fn push(&mut self, slot: usize, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        let end = |items: &[u32]| u32::try_from(items.len()).unwrap_or(u32::MAX);
        self.ends.resize(slot, end(&self.items));
        for text in texts {
            let number = self.symbols.number(text);
            self.items.push(number);
            self.note(number, slot);
        }
        self.ends.push(end(&self.items));
    }

    /// As it was before it was written.
    pub(super) fn of(symbols: Symbols, ends: Vec<u32>, items: Vec<u32>) -> Self {
        let mut lists = Self { symbols, slots: Vec::new(), ends: Vec::new(), items: Vec::new() };
        let mut start = 0;
        for (slot, end) in ends.iter().enumerate() {
            let texts = items.get(start..*end as usize).unwrap_or_default();
            texts.iter().for_each(|number| lists.note(*number, slot));
            start = *end as usize;
        }
        Self { ends, items, ..lists }
    }

    fn note(&mut self, number: u32, slot: usize) {
        let at = number as usize;
        // A number that there is no text for is damage, and must not cost room.
        if at >= self.slots.len() && at < self.symbols.0.len() {
            self.slots.resize_with(self.symbols.0.len(), Vec::new);
        }
        if let (Some(slots), Ok(slot)) = (self.slots.get_mut(at), u32::try_from(slot)) {
            slots.push(slot);
        }
    }

    fn at(&self, slot: usize) -> &[u32] {
        let Some(end) = self.ends.get(slot) else { return &[] };
        let before = slot.checked_sub(1).and_then(|slot| self.ends.get(slot));
        self.items.get(before.map_or(0, |end| *end as usize)..*end as usize).unwrap_or_default()
    }

    pub(super) fn texts(&self, slot: usize) -> impl Iterator<Item = &str> {
        self.at(slot).iter().filter_map(|number| self.symbols.get(*number))
    }

    pub(super) fn select(&self, test: &Test, within: &Bits) -> Bits {
        match test {
            Test::Exists => within.those(|slot| !self.at(slot).is_empty()),
            Test::Every(values) => {
                let wanted: Vec<u32> = values
                    .iter()
                    .map(|value| value.as_str().and_then(|text| self.symbols.0.get_index_of(text)))
                    .map(|number| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(NONE))
                    .collect();
                within.those(|slot| {
                    let has = self.at(slot);
                    !has.is_empty() && wanted.iter().all(|number| has.contains(number))
                })
            }
            // Of a list that contains a text, one is that text.
            Test::Contains(text) => {
                self.having(&self.symbols.passing(&Test::Any(vec![text.as_str().into()])), within)
            }
            test => self.having(&self.symbols.passing(test), within),
        }
    }

    fn having(&self, passing: &Bits, within: &Bits) -> Bits {
        if passing.is_empty() {
            return Bits::default();
        }
        let mut having = Bits::none(self.ends.len());
        let slots = passing.iter().filter_map(|number| self.slots.get(number)).flatten();
        slots.map(|slot| *slot as usize).for_each(|slot| having.set(slot));
        having.keep(within);
        having
    }
}

/// A value for few of the slots.
#[derive(Debug)]
pub(crate) struct Sparse<T> {
    pub(super) slots: Vec<u32>,
    pub(super) values: Vec<T>,
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), values: Vec::new() }
    }
}

impl<T: Copy> Sparse<T> {
    pub(super) fn push(&mut self, slot: usize, value: Option<T>) {
        if let (Some(value), Ok(slot)) = (value, u32::try_from(slot)) {
            self.slots.push(slot);
            self.values.push(value);
        }
    }

    pub(super) fn at(&self, slot: usize) -> Option<T> {
        let slot = u32::try_from(slot).ok()?;
        let place = self.slots.binary_search(&slot).ok()?;
        self.values.get(place).copied()
    }

    pub(super) fn each(&self) -> impl Iterator<Item = (usize, T)> {
        self.slots.iter().zip(&self.values).map(|(slot, value)| (*slot as usize, *value))
    }

    /// The values by slot, where every slot has one.
    fn dense(&self) -> Option<&[T]> {
        let last = self.slots.last().map_or(0, |slot| *slot as usize + 1);
        (last == self.values.len()).then_some(&self.values)
    }

    pub(super) fn select(&self, within: &Bits, holds: impl Fn(T) -> bool) -> Bits {
        if let Some(values) = self.dense() {
            return within.masked(values, holds);
        }
        let mut those = Bits::default();
        let passing = self.each().filter(|(slot, value)| holds(*value) && within.has(*slot));
        passing.for_each(|(slot, _)| those.set(slot));
        those
    }
}

/// What stands under one name of the metadata.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// As JSON.
    pub(super) symbols: Symbols,
    pub(super) of: Sparse<u32>,
}

impl Values {
    fn select(&self, path: &[String], test: &Test, within: &Bits) -> Bits {
        let mut passing = Bits::none(self.symbols.0.len());
        for (number, text) in self.symbols.0.iter().enumerate() {
            let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
            let end = path.iter().try_fold(&value, |value, name| value.get(name));
            if end.is_some_and(|end| test.holds(&Found::Json(end))) {
                passing.set(number);
            }
        }
        match self.of.dense() {
            Some(numbers) => within.numbered(numbers, &passing),
            None => self.of.select(within, |number| passing.has(number as usize)),
        }
    }
}

/// The metadata, by the names at its top.
#[derive(Debug, Default)]
pub(crate) struct Metadata(pub(super) IndexMap<Box<str>, Values>);

impl Metadata {
    pub(super) fn push(&mut self, slot: usize, metadata: &Map<String, Value>) {
        for (name, value) in metadata {
            let values = match self.0.get_mut(name.as_str()) {
                Some(values) => values,
                None => self.0.entry(name.as_str().into()).or_default(),
            };
            let number = values.symbols.number(&value.to_string());
            values.of.push(slot, Some(number));
        }
    }

    pub(super) fn select(&self, path: &[String], test: &Test, within: &Bits) -> Bits {
        let at = path.split_first().and_then(|(first, rest)| Some((self.0.get(first.as_str())?, rest)));
        at.map_or_else(Bits::default, |(values, rest)| values.select(rest, test, within))
    }
}
