//! Regular expressions that say what a request means: all those of a catalogue at once, in time linear in the request.

use std::sync::Arc;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::Entry;

/// How large a compiled expression may be, and all of them together.
const LARGEST: usize = 256 << 10;
const MOST: usize = 32 << 20;
/// How much of a request is looked at.
const LONGEST: usize = 8192;

/// One expression, as sources check it.
pub(crate) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).case_insensitive(true).size_limit(LARGEST).build()
}

/// The expressions of a catalogue, and the places of their entries.
#[derive(Debug, Default)]
pub(crate) struct Intents {
    set: RegexSet,
    places: Vec<u32>,
}

impl Intents {
    /// Those of some entries; or why they are not used.
    pub(crate) fn new(entries: &[Arc<Entry>]) -> Result<Self, String> {
        let (mut patterns, mut places) = (Vec::new(), Vec::new());
        for (place, entry) in entries.iter().enumerate() {
            for pattern in entry.triggers.patterns.iter().filter(|pattern| compile(pattern).is_ok()) {
                patterns.push(pattern.as_str());
                places.push(place as u32);
            }
        }
        let set = RegexSetBuilder::new(&patterns).case_insensitive(true).size_limit(MOST).build();
        let many = patterns.len();
        set.map(|set| Self { set, places }).map_err(|error| {
            format!("the {many} patterns of all entries are not used, entries are found by their words only: {error}; use fewer")
        })
    }

    /// The places of entries that a request means, each once, in order.
    pub(crate) fn meant(&self, request: &str) -> Vec<u32> {
        if self.places.is_empty() {
            return Vec::new();
        }
        let end = (0..=LONGEST.min(request.len())).rev().find(|end| request.is_char_boundary(*end));
        let request = request.get(..end.unwrap_or_default()).unwrap_or_default();
        let mut meant: Vec<u32> =
            self.set.matches(request).into_iter().filter_map(|at| self.places.get(at).copied()).collect();
        // Expressions of an entry stand together.
        meant.dedup();
        meant
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn what_matches_is_meant_once_and_what_is_broken_never() {
        let with = |name: &str, patterns: &[&str]| {
            let mut entry = Entry::new(Kind::Rule, name, "", "", "test");
            entry.triggers.patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            Arc::new(entry)
        };
        let entries = [
            with("a", &["(?=look)", "("]),
            with("b", &["(create|add).*?button", "button"]),
            with("c", &["^no"]),
        ];
        let intents = Intents::new(&entries).unwrap();
        assert_eq!(intents.meant("Please ADD a blue Button"), [1]);
        assert!(intents.meant("").is_empty());
        // The end of a long request is not looked at, and no character is cut.
        assert!(intents.meant(&format!("{}button", "é".repeat(LONGEST))).is_empty());
    }
}
