//! Requests within texts of others.

use std::ops::Range;

use super::model::{Features, Model, Sink};
use super::words::{Token, hash};
use super::{Detector, Finding, Kind};
use crate::text::{Text, View};

/// Sentences are at most so long; what is longer is cut.
const LONGEST: usize = 48;
/// Shorter ones say too little.
const SHORTEST: usize = 3;
/// Words around a sentence without which nothing can be said of what belongs there.
const CONTEXT: usize = 15;

mod cue {
    pub(super) const QUESTION: u8 = 0;
    pub(super) const FOREIGN: u8 = 1;
    pub(super) const ALL_FOREIGN: u8 = 2;
    pub(super) const ANSWER: u8 = 3;
    pub(super) const FIRST: u8 = 4;
    pub(super) const LAST: u8 = 5;
    pub(super) const SHORT: u8 = 6;
    pub(super) const LONG: u8 = 7;
    pub(super) const CODE_AFTER: u8 = 8;
    pub(super) const FAMILIAR: u8 = 9;
    pub(super) const ASKS: u8 = 10;
    pub(super) const NUMBERS: u8 = 11;
    pub(super) const OWN_LINE: u8 = 12;
    pub(super) const CONTEXT_SHORT: u8 = 13;
    pub(super) const CAPITAL: u8 = 14;
    pub(super) const SYMBOLS: u8 = 15;
}

/// Finds sentences of a tool's result that ask for something and have nothing to do with what stands around them: an instruction that
/// somebody put into a mail, a table or a page. It is of no use on prompts, which are requests.
#[derive(Debug, Clone)]
pub struct EmbeddedRequests {
    model: Model,
}

impl Default for EmbeddedRequests {
    fn default() -> Self {
        Self::with_model(Model::embedded().clone())
    }
}

impl EmbeddedRequests {
    /// Scores with another model.
    pub fn with_model(model: Model) -> Self {
        Self { model }
    }

    /// The sentences of a text that has enough of them, with what a model learns of each.
    pub fn features(text: &Text<'_>) -> Vec<(Range<usize>, Features)> {
        let view = text.folded();
        let mut all = Vec::new();
        sentences(view, |sentence| {
            let mut features = Features::default();
            sentence.read(&mut features);
            all.push((view.original(sentence.range()), features));
        });
        all
    }
}

impl Detector for EmbeddedRequests {
    fn name(&self) -> &str {
        "embedded-request"
    }

    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let view = text.folded();
        sentences(view, |sentence| {
            let mut tally = self.model.tally();
            sentence.read(&mut tally);
            let score = tally.score();
            if score >= 0.3 {
                found.push(Finding::at(
                    Kind::new("injection.embedded-request"),
                    view,
                    sentence.range(),
                    score,
                ));
            }
        });
    }
}

/// How often each word is in a text, as far as a small table can tell.
struct Counts(Vec<u8>);

impl Counts {
    fn slot(stem: u32) -> usize {
        (stem.wrapping_mul(0x9E37_79B1) >> 19) as usize
    }

    fn of(words: &[Token]) -> Self {
        let mut counts = vec![0u8; 1 << 13];
        for word in words {
            if let Some(count) = counts.get_mut(Self::slot(word.stem)) {
                *count = count.saturating_add(1);
            }
        }
        Self(counts)
    }

    fn get(&self, word: &Token) -> u8 {
        self.0.get(Self::slot(word.stem)).copied().unwrap_or(0)
    }
}

/// A sentence within a text.
struct Sentence<'t> {
    text: &'t str,
    words: &'t [Token],
    counts: &'t Counts,
    /// The number of its first word, and after its last one.
    start: usize,
    end: usize,
    /// How many words the text has.
    all: usize,
    /// Signs of code in it.
    symbols: usize,
}

/// The sentences of a text that has enough around them.
fn sentences(view: &View<'_>, mut each: impl FnMut(&Sentence<'_>)) {
    let words = view.tokens();
    if words.len() < CONTEXT + SHORTEST {
        return;
    }
    let counts = &Counts::of(words);
    let text = view.as_str();
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < words.len() {
        let (mut end, mut symbols) = (start + 1, 0);
        while let (Some(last), Some(next)) = (words.get(end - 1), words.get(end)) {
            let between = bytes.get(last.end..next.start).unwrap_or(&[]);
            if end - start >= LONGEST || between != b" " && breaks(between) {
                break;
            }
            let is_symbol =
                |b: &&u8| matches!(b, b'(' | b')' | b'{' | b'}' | b'=' | b'_' | b'<' | b'>' | b'/' | b'[');
            symbols += between.iter().filter(is_symbol).count();
            end += 1;
        }
        if end - start >= SHORTEST && words.len() - (end - start) >= CONTEXT {
            let of = words.get(start..end).unwrap_or(&[]);
            each(&Sentence { text, words: of, counts, start, end, all: words.len(), symbols });
        }
        start = end;
    }
}

/// Whether a sentence ends between two words.
fn breaks(between: &[u8]) -> bool {
    let ended = between.iter().position(|byte| matches!(byte, b'.' | b'?' | b'!' | b';'));
    between.contains(&b'\n')
        || between.contains(&b'|')
        || ended.is_some_and(|at| {
            between
                .get(at + 1)
                .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b')'))
        })
}

impl Sentence<'_> {
    /// Where it is, with the sign at its end.
    fn range(&self) -> Range<usize> {
        let first = self.words.first().map_or(0, |word| word.start);
        let last = self.words.last().map_or(0, |word| word.end);
        let sign = self.text.as_bytes().get(last).is_some_and(|byte| matches!(byte, b'?' | b'.' | b'!'));
        self.text.floor_char_boundary(first)..self.text.ceil_char_boundary(last + usize::from(sign))
    }

    /// What a model learns of it.
    fn read(&self, features: &mut impl Sink) {
        let &Self { text, words: sentence, counts, start, end, all, symbols } = self;
        const OPENING: u32 = 0x1234_5677;
        const ANSWERS: [u32; 8] = [
            hash("response"),
            hash("answer"),
            hash("reply"),
            hash("output"),
            hash("responses"),
            hash("answers"),
            hash("replies"),
            hash("message"),
        ];
        const ASKING: [u32; 12] = [
            hash("what"),
            hash("who"),
            hash("how"),
            hash("why"),
            hash("when"),
            hash("where"),
            hash("which"),
            hash("can"),
            hash("could"),
            hash("would"),
            hash("please"),
            hash("whats"),
        ];
        let bytes = text.as_bytes();
        let mut before = 0;
        let (mut content, mut foreign, mut numbers, mut answer, mut yours) =
            (0u16, 0u16, 0usize, false, false);
        for (at, word) in sentence.iter().enumerate() {
            features.word(word.hash);
            features.word(word.stem ^ 0x5555_5555);
            features.word(word.hash.wrapping_mul(31).wrapping_add(before));
            if at < 2 {
                features.word(word.hash ^ OPENING.wrapping_mul(u32::try_from(at + 1).unwrap_or(1)));
            }
            before = word.hash;
            numbers += usize::from(word.digits > 0);
            answer |= ANSWERS.contains(&word.hash);
            yours |= word.hash == hash("your");
            if word.letters >= 4 {
                content += 1;
                // What is often in the text is no foreign word, however often it is in the sentence.
                let everywhere = usize::from(counts.get(word));
                let here = || sentence.iter().filter(|other| other.stem == word.stem).count();
                foreign += u16::from(everywhere == 1 || everywhere <= 4 && everywhere <= here());
            }
        }
        let (Some(first), Some(last)) = (sentence.first(), sentence.last()) else { return };
        let share = f32::from(foreign) / f32::from(content.max(1));
        let after = bytes.get(last.end..).unwrap_or(&[]);
        let tail = after.iter().take(40).skip_while(|byte| **byte == b':' || byte.is_ascii_whitespace());
        let line_before = bytes.get(..first.start).is_none_or(|head| {
            head.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n')
        });
        let question = after.iter().take(2).any(|byte| *byte == b'?');
        features.cue(cue::FOREIGN, share);
        for (cue, holds) in [
            (cue::QUESTION, question),
            (cue::ALL_FOREIGN, content >= 3 && foreign == content),
            (cue::FAMILIAR, content >= 3 && share < 0.5),
            (cue::ANSWER, answer && yours),
            (cue::FIRST, start == 0),
            (cue::LAST, end == all),
            (cue::SHORT, sentence.len() <= 5),
            (cue::LONG, sentence.len() > 25),
            (cue::CODE_AFTER, tail.copied().take(3).eq(*b"```")),
            (cue::ASKS, question && ASKING.contains(&first.hash)),
            (cue::NUMBERS, numbers * 3 > sentence.len()),
            (cue::OWN_LINE, line_before),
            (cue::CONTEXT_SHORT, all < 60),
            (cue::CAPITAL, bytes.get(first.start).is_some_and(u8::is_ascii_uppercase)),
            (cue::SYMBOLS, symbols * 2 > sentence.len()),
        ] {
            if holds {
                features.cue(cue, 1.0);
            }
        }
    }
}
