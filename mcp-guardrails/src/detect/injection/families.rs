//! Words of several classes close to each other: what an instruction is after.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::super::Kind;
use super::super::prefilter::Owner;
use super::phrases::{CLASSES, Class, entries};
use crate::text::{View, compacted, fold_word};

/// Words of classes that have to be near each other. What stands first is what the others are counted from.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) kind: Kind,
    classes: &'static [Class],
    /// Whether it is enough by itself, outside of quotes and discussions.
    pub(super) strong: bool,
}

const fn family(kind: &'static str, classes: &'static [Class], strong: bool) -> Family {
    Family { kind: Kind::new(kind), classes, strong }
}

pub(super) const FAMILIES: &[Family] = &[
    family("injection.override", &[Class::Ignore, Class::Prior, Class::Rule], true),
    family("injection.override", &[Class::Ignore, Class::Rule], false),
    family("injection.prompt-leak", &[Class::Reveal, Class::Hidden], false),
    family("injection.prompt-leak", &[Class::Reveal, Class::Prior, Class::Rule], false),
    family("injection.prompt-leak", &[Class::Reveal, Class::Prompt], true),
    family("injection.jailbreak", &[Class::Role, Class::Free], false),
    family("injection.jailbreak", &[Class::Role, Class::Rule, Class::Free], true),
    family("injection.exfiltration", &[Class::Send, Class::Sensitive, Class::Where], true),
    family("injection.exfiltration", &[Class::Send, Class::Sensitive], false),
    family("injection.tool-abuse", &[Class::Approve, Class::Tool, Class::Conceal], true),
    family("injection.tool-abuse", &[Class::Approve, Class::Tool], false),
    family("injection.concealment", &[Class::Conceal, Class::Send], false),
    family("injection.authority", &[Class::Authority, Class::Ignore], true),
    family("injection.authority", &[Class::Authority, Class::Reveal, Class::Hidden], true),
    family("injection.authority", &[Class::Authority, Class::Approve, Class::Tool], true),
    family("injection.authority", &[Class::Marker, Class::Compel], false),
    family("injection.authority", &[Class::Marker, Class::Reveal, Class::Hidden], true),
    family("injection.memory", &[Class::Keep, Class::Privilege], false),
    family("injection.override", &[Class::Ignore, Class::Prior, Class::Output], true),
    family("injection.override", &[Class::Ignore, Class::Output], false),
    family("injection.jailbreak", &[Class::Role, Class::Output], false),
];

/// Bytes from the first to the last word of a family.
pub(super) const REACH: usize = 90;

/// A word in a view.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) class: Class,
    pub(super) range: Range<usize>,
}

/// The words of a view, one place each.
pub(super) fn words(view: &View<'_>) -> Vec<Word> {
    static CLASS: LazyLock<Vec<Class>> = LazyLock::new(|| entries().map(|(class, _)| class).collect());
    let bytes = view.as_str().as_bytes();
    let whole = |start: usize| {
        let (before, first) = (start.checked_sub(1).and_then(|before| bytes.get(before)), bytes.get(start));
        !before.is_some_and(u8::is_ascii_alphanumeric) || !first.is_some_and(u8::is_ascii_alphanumeric)
    };
    view.hits(Owner::Phrase)
        .filter(|hit| whole(hit.start as usize))
        .filter_map(|hit| Some(Word { class: *CLASS.get(usize::from(hit.literal))?, range: hit.range() }))
        .collect()
}

pub(crate) fn literals() -> Vec<String> {
    entries().map(|(_, word)| fold_word(word)).collect()
}

/// The words of a compact view: literals without spaces, none of them short.
pub(super) fn compact_words(view: &View<'_>) -> Vec<Word> {
    static AUTOMATON: LazyLock<Option<(AhoCorasick, Vec<Class>)>> = LazyLock::new(|| {
        let known: HashMap<String, Class> = entries()
            .filter(|(class, _)| !matches!(class, Class::Discuss | Class::Marker | Class::Keep))
            .map(|(class, word)| (compacted(&fold_word(word)), class))
            .filter(|(word, _)| word.len() >= if word.is_ascii() { 4 } else { 6 })
            .collect();
        let (words, classes): (Vec<_>, Vec<_>) = known.into_iter().unzip();
        AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(words)
            .ok()
            .map(|automaton| (automaton, classes))
    });
    let Some((automaton, classes)) = &*AUTOMATON else { return Vec::new() };
    automaton
        .find_overlapping_iter(view.as_str())
        .filter_map(|found| {
            Some(Word { class: *classes.get(found.pattern().as_usize())?, range: found.range() })
        })
        .collect()
}

/// The families of which all words are near each other, each once, with the narrowest place.
pub(super) fn families(words: &[Word], reach: usize) -> Vec<(usize, Range<usize>)> {
    let mut places: [Vec<&Range<usize>>; CLASSES] = std::array::from_fn(|_| Vec::new());
    for word in words {
        if let Some(of) = places.get_mut(word.class as usize) {
            // An adversary may repeat a word endlessly; the first ones say enough.
            if of.len() < 64 {
                of.push(&word.range);
            }
        }
    }
    let of = |class: Class| places.get(class as usize).map_or(&[][..], Vec::as_slice);
    let mut found = Vec::new();
    for (number, family) in FAMILIES.iter().enumerate() {
        let Some((first, others)) = family.classes.split_first() else { continue };
        let narrowest = of(*first)
            .iter()
            .filter_map(|anchor| {
                let mut span = (*anchor).clone();
                for class in others {
                    let near = of(*class)
                        .iter()
                        .filter(|place| place.end <= anchor.start || anchor.end <= place.start);
                    let best = near.min_by_key(|place| {
                        place.start.max(span.start).saturating_sub(span.end.min(place.end))
                    })?;
                    span = span.start.min(best.start)..span.end.max(best.end);
                }
                (span.len() <= reach).then_some(span)
            })
            .min_by_key(Range::len);
        found.extend(narrowest.map(|span| (number, span)));
    }
    found
}
