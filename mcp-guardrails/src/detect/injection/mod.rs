//! Instructions to a model in texts of others.
//!
//! [`Injection`] looks for whoever takes a model over: words that instructions are made of, close to each other (`families`), and a
//! linear scorer over words and those cues (`model`). It undoes what hides them: look-alikes, escapes, encodings, letters pulled apart,
//! digits for letters, rot13. [`EmbeddedRequests`] looks for requests that do not belong to the text they stand in, as they come
//! back from tools.

mod embedded;
mod families;
mod model;
mod phrases;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

pub use self::embedded::EmbeddedRequests;
pub(crate) use self::families::literals;
use self::families::{FAMILIES, REACH, Word, compact_words, families};
use self::model::Sink;
pub use self::model::{BUCKETS, CUES, Features, Model, sigmoid};
use self::phrases::Class;
use self::words::hash;
pub(crate) use self::words::{Token, tokens};
use super::{Detector, Finding, Kind};
use crate::text::{Text, View};

/// What a family that is enough by itself counts at least.
const STRONG: f32 = 0.8;
/// What somebody who pulls letters apart to say it counts.
const HIDDEN: f32 = 0.9;
/// Letters of a word that is rather a sentence.
const LONG_WORD: usize = 30;
/// Bytes from the first to the last word of a family where there are letters alone.
const COMPACT_REACH: usize = 60;
/// What a quotation counts at most.
const QUOTED: f32 = 0.45;

/// Cues after those of classes.
mod cue {
    pub(super) const FAMILY: u8 = 32;
    pub(super) const QUOTED: u8 = 64;
    pub(super) const DISCUSSED: u8 = 65;
    pub(super) const DISCUSSED_OFTEN: u8 = 66;
    pub(super) const SHORT: u8 = 67;
    pub(super) const LONG: u8 = 68;
    pub(super) const STRONG: u8 = 69;
    pub(super) const COMMENT: u8 = 70;
}

/// Finds attempts to take a model over: overrides of its instructions, jailbreaks, leaks of its prompt, orders to send data away or to
/// use tools unasked.
#[derive(Debug, Clone)]
pub struct Injection {
    model: Model,
}

impl Default for Injection {
    fn default() -> Self {
        Self::with_model(Model::direct().clone())
    }
}

impl Injection {
    /// Scores with another model.
    pub fn with_model(model: Model) -> Self {
        Self { model }
    }

    /// What a model learns from a text.
    pub fn features(text: &Text<'_>) -> Features {
        let mut features = Features::default();
        Reading::of(text.folded(), &mut features);
        features
    }

    fn read(&self, view: &View<'_>) -> Reading {
        let mut tally = self.model.tally();
        let mut reading = Reading::of(view, &mut tally);
        reading.learned = tally.score();
        reading
    }

    fn judge(reading: &Reading) -> f32 {
        let learned = reading.learned;
        match reading {
            _ if reading.strong => learned.max(STRONG),
            // Whoever speaks about attacks quotes them. An attack may be quoted too: it is still reported, if not as one.
            _ if reading.all_quoted => learned.min(QUOTED),
            _ => learned,
        }
    }
}

impl Detector for Injection {
    fn name(&self) -> &str {
        "injection"
    }

    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let view = text.folded();
        let reading = self.read(view);
        let mut report = |view: &View<'_>, families: &[(usize, Range<usize>)], score: f32| {
            if score >= 0.3 {
                // The surest family says what it is and where; a score without one is about all of the text.
                let best = families.iter().max_by_key(|(family, span)| {
                    (FAMILIES.get(*family).is_some_and(|family| family.strong), std::cmp::Reverse(span.len()))
                });
                let (kind, span) = best
                    .and_then(|(family, span)| Some((FAMILIES.get(*family)?.kind, span.clone())))
                    .unwrap_or((Kind::new("injection.likely"), 0..view.as_str().len()));
                found.push(Finding::at(kind, view, span, score));
            }
        };
        // Single letters are no words: nothing was learned of them.
        let apart = reading.words >= 10 && reading.single * 2 > reading.words;
        report(view, &reading.families, if apart && !reading.strong { 0.0 } else { Self::judge(&reading) });
        if apart || reading.is_scrambled() {
            let compact = view.compact();
            let families = families(&compact_words(compact), COMPACT_REACH);
            let told = families.iter().any(|(family, _)| {
                FAMILIES.get(*family).is_some_and(|family| family.kind.as_str() != "injection.memory")
            });
            report(compact, &families, if told { HIDDEN } else { 0.0 });
        }
        if reading.is_rotated {
            let plain: String = view.as_str().chars().map(rotate).collect();
            let plain = Text::new(&plain);
            let inner = self.read(plain.raw());
            // Letters were replaced one by one, so that places are the same.
            report(
                view,
                &inner.families,
                if inner.families.is_empty() { 0.0 } else { HIDDEN.max(Self::judge(&inner)) },
            );
        }
        for decoded in text.decoded() {
            let inner = self.read(decoded.folded());
            if inner.words >= 2 {
                // Nobody has a reason to encode what belongs to a family.
                let least = if inner.families.is_empty() { 0.0 } else { HIDDEN };
                report(decoded.folded(), &inner.families, Self::judge(&inner).max(least));
            }
        }
    }
}

fn rotate(c: char) -> char {
    let turn = |first: u8| char::from(first + (c as u8 - first + 13) % 26);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        _ => c,
    }
}

/// What a view says, read once.
#[derive(Debug)]
struct Reading {
    /// What the model makes of it.
    learned: f32,
    families: Vec<(usize, Range<usize>)>,
    /// Whether a family that is enough by itself is neither quoted nor spoken about.
    strong: bool,
    /// Whether there are families, all of them within quotations.
    all_quoted: bool,
    words: usize,
    single: usize,
    mixed: usize,
    run_together: bool,
    is_rotated: bool,
}

impl Reading {
    fn of(view: &View<'_>, features: &mut impl Sink) -> Self {
        let text = view.as_str();
        let words = families::words(view);
        let families = families(&words, REACH);
        let mut reading = Self {
            learned: 0.0,
            strong: false,
            all_quoted: false,
            words: 0,
            single: 0,
            mixed: 0,
            run_together: false,
            is_rotated: false,
            families,
        };
        reading.count(view, features);
        reading.cues(text, &words, features);
        reading
    }

    fn count(&mut self, view: &View<'_>, features: &mut impl Sink) {
        let text = view.as_str();
        // The commonest words and those of instructions, turned by thirteen letters.
        const TURNED: [u32; 9] = [
            hash("gur"),
            hash("naq"),
            hash("flfgrz"),
            hash("cebzcg"),
            hash("vtaber"),
            hash("vafgehpgvbaf"),
            hash("erirny"),
            hash("guvf"),
            hash("lbhe"),
        ];
        let (mut before, mut turned) = (0, 0);
        for token in view.tokens() {
            self.words += 1;
            let length = token.end - token.start;
            // A checksum is long, and no sentence.
            if length >= LONG_WORD
                && !text
                    .as_bytes()
                    .get(token.start..token.end)
                    .is_some_and(|word| word.iter().all(u8::is_ascii_hexdigit))
            {
                self.run_together = true;
            }
            if length == 1 {
                self.single += 1;
            } else if token.letters > 0 && token.digits > 0 {
                self.mixed += 1;
            }
            turned += usize::from(TURNED.contains(&token.hash));
            features.word(token.hash);
            features.word(token.stem ^ 0x5555_5555);
            features.word(token.hash.wrapping_mul(31).wrapping_add(before));
            before = token.hash;
        }
        self.is_rotated = turned >= 2;
    }

    fn cues(&mut self, text: &str, words: &[Word], features: &mut impl Sink) {
        let mut seen = [0u8; phrases::CLASSES];
        for word in words {
            if let Some(count) = seen.get_mut(word.class as usize) {
                *count = count.saturating_add(1);
            }
        }
        for (class, count) in (0..).zip(seen) {
            if count > 0 {
                features.cue(class, 1.0);
            }
        }
        let discussed = seen.get(Class::Discuss as usize).copied().unwrap_or(0);
        let quotations: Vec<&Range<usize>> =
            self.families.iter().map(|(_, span)| span).filter(|span| is_quoted(text, span)).collect();
        let quoted = !quotations.is_empty();
        let mut unquoted = false;
        for (family, span) in &self.families {
            // What reaches into a quotation has its words from there.
            let in_quotes = quotations.iter().any(|of| of.start < span.end && span.start < of.end);
            unquoted |= !in_quotes;
            features.cue(cue::FAMILY + u8::try_from(*family).unwrap_or(0), 1.0);
            self.strong |=
                FAMILIES.get(*family).is_some_and(|family| family.strong) && !in_quotes && discussed == 0;
        }
        self.all_quoted = quoted && !unquoted;
        for (cue, holds) in [
            (cue::QUOTED, quoted),
            (cue::DISCUSSED, discussed > 0),
            (cue::DISCUSSED_OFTEN, discussed > 2),
            (cue::SHORT, self.words <= 12),
            (cue::LONG, self.words > 150),
            (cue::STRONG, self.strong),
            (cue::COMMENT, text.contains("<!--")),
        ] {
            if holds {
                features.cue(cue, 1.0);
            }
        }
    }

    /// Whether letters are run together or written with digits.
    fn is_scrambled(&self) -> bool {
        self.mixed >= 3 && self.mixed * 4 >= self.words || self.run_together
    }
}

/// Whether a place is within a short quotation on one line.
fn is_quoted(text: &str, span: &Range<usize>) -> bool {
    const NEAR: usize = 48;
    const OPENING: [char; 7] = ['"', '\'', '`', '“', '‘', '«', '「'];
    const CLOSING: [char; 7] = ['"', '\'', '`', '”', '’', '»', '」'];
    let line = |c: char| c == '\n';
    let from = text.floor_char_boundary(span.start.saturating_sub(NEAR));
    let to = text.floor_char_boundary(span.end.saturating_add(NEAR));
    let before = text.get(from..span.start).unwrap_or("").rsplit(line).next().unwrap_or("");
    let after = text.get(span.end..to).unwrap_or("").split(line).next().unwrap_or("");
    // An apostrophe within a word is none.
    let bound = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    let opens = before.char_indices().rev().find(|(at, c)| {
        let head = before.get(..*at).unwrap_or("");
        OPENING.contains(c) && !head.ends_with(char::is_alphanumeric)
    });
    let closes = after
        .char_indices()
        .any(|(at, c)| CLOSING.contains(&c) && bound(after.get(at + c.len_utf8()..).unwrap_or("")));
    // What closes before the place does not enclose it.
    let enclosed = opens.is_some_and(|(at, c)| {
        let between = before.get(at + c.len_utf8()..).unwrap_or("");
        !between
            .char_indices()
            .any(|(at, c)| CLOSING.contains(&c) && bound(between.get(at + c.len_utf8()..).unwrap_or("")))
    });
    enclosed && closes
}
