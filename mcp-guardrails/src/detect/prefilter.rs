//! One pass over a text for the literals of all detectors.

use std::fmt;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

use super::{command, injection, pii, poison, secret};

/// Whose literal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Secret,
    Pii,
    Phrase,
    Poison,
    Command,
}

/// A literal in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) owner: Owner,
    /// The number of the literal in its owner's list.
    pub(crate) literal: u16,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Hit {
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The literals of the detectors, whatever the case of their letters.
pub(crate) struct Prefilter {
    automaton: Option<AhoCorasick>,
    owners: Vec<(Owner, u16)>,
}

static SHARED: LazyLock<Prefilter> = LazyLock::new(|| {
    let mut literals = Vec::new();
    for (owner, list) in [
        (Owner::Secret, secret::literals()),
        (Owner::Pii, pii::literals()),
        (Owner::Phrase, injection::literals()),
        (Owner::Poison, poison::literals()),
        (Owner::Command, command::literals()),
    ] {
        literals.extend((0..).zip(list).map(|(number, literal)| ((owner, number), literal)));
    }
    Prefilter::new(literals)
});

impl Prefilter {
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    fn new(literals: Vec<((Owner, u16), String)>) -> Self {
        let (owners, literals): (Vec<_>, Vec<_>) = literals.into_iter().unzip();
        // Half the states of a full table would do, but a text is read at half the speed then.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .kind(Some(AhoCorasickKind::DFA))
            .build(literals)
            .ok();
        debug_assert!(automaton.is_some(), "the literals are far from any limit");
        Self { automaton, owners }
    }

    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let input = Input::new(text).anchored(Anchored::No);
        let Ok(matches) = automaton.try_find_overlapping_iter(input) else { return Vec::new() };
        matches
            .filter_map(|found| {
                let (owner, literal) = *self.owners.get(found.pattern().as_usize())?;
                let (start, end) = (u32::try_from(found.start()).ok()?, u32::try_from(found.end()).ok()?);
                Some(Hit { owner, literal, start, end })
            })
            .collect()
    }
}

impl fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefilter").field("literals", &self.owners.len()).finish_non_exhaustive()
    }
}
