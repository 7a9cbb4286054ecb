//! How much words mean a time, and nothing else.

use super::phrase::{Read, Reading};

/// What has to stand before words so that they mean a time: they are told from others like them only when one is looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// More than a word: `now`, `second half`, `sun`.
    Doubtful,
    /// `in`, `since`, for what may be a number.
    Year,
    /// `in`, `since`, `by`, for what is longer than a day.
    In,
    /// `on`, too.
    On,
    /// Nothing.
    Certain,
}

/// What is counted in numbers that look like years, where it does not end with an `s`.
const COUNTED: [&str; 12] = ["ms", "px", "kb", "mb", "gb", "km", "rpm", "hz", "people", "percent", "or", "x"];

impl Reading<'_> {
    /// A word that is a month, and more often something else, or short for one.
    pub(super) fn month_weight(&self, at: usize, certain: Weight) -> Weight {
        let is_plain = self.word(at).len() > 3 && self.word(at) != "march";
        if is_plain || self.is_name(at) { certain } else { certain.min(Weight::In) }
    }

    /// A number that may be a year: of those that somebody remembers, and not of things.
    pub(super) fn year_weight(&self, at: usize, year: i16) -> Weight {
        let now = self.context.today().year();
        let behind = self.word(at + 1);
        let is_many = COUNTED.contains(&behind)
            || (behind.len() > 3 && behind.ends_with('s') && !behind.ends_with("ss"))
            || behind.starts_with(|c: char| c.is_ascii_digit());
        let is_near = (now.saturating_sub(60)..=now.saturating_add(1)).contains(&year);
        if is_near && !is_many { Weight::Year } else { Weight::Doubtful }
    }

    /// Words that are software and clothes: `spring boot`, `fall back`.
    pub(super) fn season_weight(&self, at: usize, certain: Weight) -> Weight {
        let is_else = matches!(
            self.word(at + 1),
            "boot"
                | "security"
                | "data"
                | "cloud"
                | "framework"
                | "batch"
                | "mvc"
                | "back"
                | "through"
                | "into"
                | "in"
                | "over"
                | "off"
                | "apart"
                | "asleep"
                | "behind"
                | "short"
        );
        match self.word(at) {
            "spring" | "fall" if is_else || certain < Weight::Certain => Weight::Doubtful,
            _ => certain,
        }
    }

    /// Whether what stands around words takes the time out of them: `every Friday`, `last week of May`, `recently used`.
    pub(super) fn is_something_else(&self, at: usize, end: usize) -> bool {
        let before = at.checked_sub(1).map_or("", |before| self.word(before));
        matches!(
            before,
            "every" | "each" | "any" | "least" | "most" | "black" | "good" | "cyber" | "casual" | "ash"
        ) || self.word(end) == "of"
            || (self.word(end).ends_with("ed")
                && end.checked_sub(1).is_some_and(|last| self.word(last) == "recently"))
    }
}

impl Read {
    /// The same behind a word that makes it more of a time.
    pub(super) fn said(mut self, before: &str) -> Self {
        let least = match before {
            "in" | "during" | "throughout" => Weight::Year,
            "on" | "at" => Weight::On,
            _ => return self,
        };
        if self.weight >= least {
            self.weight = Weight::Certain;
        }
        self
    }
}
