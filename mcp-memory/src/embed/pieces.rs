//! Texts to word pieces, as BERT (uncased) does it: Devlin and others, "BERT: Pre-training of Deep Bidirectional Transformers", 2018.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Longer words are unknown.
const LONGEST: usize = 100;

/// Finds pieces by their text; those within a word begin with `##`.
#[derive(Debug)]
pub(super) struct Pieces<K = &'static str> {
    numbers: HashMap<K, u32>,
    unknown: u32,
}

impl<K: Borrow<str> + Eq + Hash> Pieces<K> {
    /// Pieces with their numbers.
    pub(super) fn new(numbered: impl IntoIterator<Item = (K, u32)>) -> Self {
        let mut pieces = Self { numbers: numbered.into_iter().collect(), unknown: 0 };
        pieces.unknown = pieces.number("[UNK]").unwrap_or_default();
        pieces
    }

    /// The number of a piece.
    pub(super) fn number(&self, piece: &str) -> Option<u32> {
        self.numbers.get(piece).copied()
    }

    /// Visits the pieces of a text in order.
    pub(super) fn each(&self, text: &str, mut visit: impl FnMut(u32)) {
        let mut word = String::new();
        let mut end = |word: &mut String| {
            if !word.is_empty() {
                self.split(word, &mut visit);
                word.clear();
            }
        };
        // Most texts are ASCII, which has nothing to decompose.
        let plain = text.is_ascii().then(|| text.chars().map(|c| c.to_ascii_lowercase()));
        let other = (!text.is_ascii())
            .then(|| text.chars().flat_map(char::to_lowercase).nfd().filter(|c| !is_accent(*c)));
        for c in plain.into_iter().flatten().chain(other.into_iter().flatten()) {
            match Kind::of(c) {
                Kind::Nothing => {}
                Kind::Space => end(&mut word),
                Kind::Alone => {
                    end(&mut word);
                    word.push(c);
                    end(&mut word);
                }
                Kind::Part => word.push(c),
            }
        }
        end(&mut word);
    }

    /// The longest pieces from the left; a word that cannot be split to its end is unknown as a whole.
    fn split(&self, word: &str, visit: &mut impl FnMut(u32)) {
        if word.chars().count() > LONGEST {
            return visit(self.unknown);
        }
        let (mut found, mut rest) = (Vec::new(), word);
        let mut spelled = String::new();
        while !rest.is_empty() {
            let longest = (1..=rest.len()).rev().filter(|end| rest.is_char_boundary(*end)).find_map(|end| {
                let piece = rest.get(..end)?;
                let number = if found.is_empty() {
                    self.number(piece)
                } else {
                    spelled.clear();
                    spelled.push_str("##");
                    spelled.push_str(piece);
                    self.number(&spelled)
                };
                Some((number?, end))
            });
            let Some((number, end)) = longest else { return visit(self.unknown) };
            found.push(number);
            rest = rest.get(end..).unwrap_or_default();
        }
        found.into_iter().for_each(visit);
    }
}

/// What a character does to the word that it stands in.
enum Kind {
    Nothing,
    Space,
    /// It is a word by itself.
    Alone,
    Part,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            ' ' | '\t' | '\n' | '\r' => Self::Space,
            '\0' | '\u{fffd}' => Self::Nothing,
            '!'..='~' if !c.is_ascii_alphanumeric() => Self::Alone,
            '!'..='~' => Self::Part,
            _ if is_ideograph(c) => Self::Alone,
            _ => match (c.general_category_group(), c.general_category()) {
                (GeneralCategoryGroup::Separator, _) => Self::Space,
                (GeneralCategoryGroup::Punctuation, _) => Self::Alone,
                // Unassigned code points are let through: which are depends on the version of Unicode.
                (_, GeneralCategory::Control | GeneralCategory::Format | GeneralCategory::PrivateUse) => {
                    Self::Nothing
                }
                _ => Self::Part,
            },
        }
    }
}

fn is_accent(c: char) -> bool {
    c.general_category() == GeneralCategory::NonspacingMark
}

/// The blocks of CJK ideographs that BERT splits.
const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}' | '\u{2b820}'..='\u{2ceaf}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}
