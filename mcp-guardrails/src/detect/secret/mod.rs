//! Credentials.
//!
//! Tokens are told by what they begin with; values like any other by the name they are given to. What is looked at is a few bytes around
//! a literal, and a pattern is compiled when its literal is first seen.

mod assignment;
#[cfg(feature = "gitleaks")]
pub mod gitleaks;
pub(super) mod random;
mod table;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use self::assignment::{Assignment, assignment, ends, words};
use self::table::{HARMLESS_WORDS, KEYED, Keyed, PLACED, Placed, SECRET_WORDS, Shape, TOKENS, Token};
use super::finding::settle;
use super::pattern::{Cell, compiled};
use super::prefilter::Owner;
use super::{Detector, Finding, Kind};
use crate::text::{Text, View};

/// What a literal belongs to.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Token(usize),
    Keyed(usize),
    Placed(usize),
    Word,
}

/// Every literal with what it belongs to, in the order of their numbers.
static ENTRIES: LazyLock<Vec<(&'static str, Entry)>> = LazyLock::new(|| {
    let tokens = TOKENS
        .iter()
        .enumerate()
        .flat_map(|(at, token)| token.literals.iter().map(move |l| (*l, Entry::Token(at))));
    let keyed = KEYED
        .iter()
        .enumerate()
        .flat_map(|(at, keyed)| keyed.names.iter().map(move |l| (*l, Entry::Keyed(at))));
    let placed = PLACED
        .iter()
        .enumerate()
        .flat_map(|(at, placed)| placed.literals.iter().map(move |l| (*l, Entry::Placed(at))));
    let words = SECRET_WORDS.iter().map(|word| (*word, Entry::Word));
    tokens.chain(keyed).chain(placed).chain(words).collect()
});

pub(super) fn literals() -> Vec<String> {
    ENTRIES.iter().map(|(literal, _)| (*literal).to_owned()).collect()
}

/// Finds credentials: tokens in published formats, private keys, passwords in addresses, and random values under names such as `api_key`.
#[derive(Debug, Clone, Default)]
pub struct Secrets(());

impl Detector for Secrets {
    fn name(&self) -> &str {
        "secrets"
    }

    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let from = found.len();
        scan_view(text.raw(), 1.0, found);
        if let Some(view) = text.unhidden() {
            scan_view(view, 0.95, found);
        }
        for view in text.decoded() {
            // Whoever encodes a token hides it or wraps a configuration; random bytes are rarer there than in plain text.
            scan_view(view, 0.9, found);
        }
        settle(found, from);
    }
}

fn scan_view(view: &View<'_>, weight: f32, found: &mut Vec<Finding>) {
    let text = view.as_str();
    for hit in view.hits(Owner::Secret) {
        let Some((literal, entry)) = ENTRIES.get(usize::from(hit.literal)) else { continue };
        let range = hit.range();
        let secret = match *entry {
            Entry::Token(at) => TOKENS
                .get(at)
                .and_then(|token| Some((token.kind, self::token(at, token, literal, text, &range)?, 0.95))),
            Entry::Keyed(at) => {
                KEYED.get(at).and_then(|keyed| Some((keyed.kind, self::keyed(keyed, text, &range)?, 0.8)))
            }
            Entry::Placed(at) => PLACED
                .get(at)
                .and_then(|placed| Some((placed.kind, self::placed(at, placed, text, &range)?, 0.85))),
            Entry::Word => word(text, &range).map(|value| ("secret.generic", value, 0.6)),
        };
        if let Some((kind, value, score)) = secret {
            found.push(Finding::at(Kind::new(kind), view, value, score * weight));
        }
    }
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn token(at: usize, token: &Token, literal: &str, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    static PATTERNS: [Cell; TOKENS.len()] = [const { Cell::new() }; TOKENS.len()];
    if text.get(range.clone()) != Some(literal) {
        return None;
    }
    let start = range.start.checked_sub(token.back)?;
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    // A literal that begins with a sign stands within something.
    let bound = bytes.get(start).is_some_and(u8::is_ascii_alphanumeric);
    if bound && (is_word(before) || before == Some(&b'.')) && !escaped(bytes, start) {
        return None;
    }
    let regex = compiled(PATTERNS.get(at)?, || {
        let literals: Vec<String> = token.literals.iter().map(|literal| regex::escape(literal)).collect();
        format!("^(?:{})", token.pattern.replacen('@', &format!("(?:{})", literals.join("|")), 1))
    })?;
    let end = start + regex.find(text.get(start..window(text, start, 1500))?)?.end();
    let value = text.get(start..end)?;
    let rest = text.get(range.end..end).unwrap_or("");
    let random = !value.contains("EXAMPLE")
        && random::entropy(value) >= token.entropy
        && !random::is_wordy(rest)
        && !random::is_published(value);
    (random && !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric)).then_some(start..end)
}

/// Whether what stands before is the letter of `\n` or the like, as in source code.
fn escaped(bytes: &[u8], start: usize) -> bool {
    start >= 2
        && bytes.get(start - 2) == Some(&b'\\')
        && matches!(bytes.get(start - 1), Some(b'n' | b'r' | b't'))
}

/// A place at most `length` bytes on, on the boundary of a character.
fn window(text: &str, start: usize, length: usize) -> usize {
    text.floor_char_boundary(start.saturating_add(length))
}

fn keyed(keyed: &Keyed, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    // `sumO` of `sumObject` is no name of anybody.
    let name = text.get(range.clone())?;
    let tail = name.get(1..).unwrap_or("");
    if tail.bytes().any(|byte| byte.is_ascii_uppercase())
        && name.bytes().any(|byte| byte.is_ascii_lowercase())
    {
        return None;
    }
    let Assignment { value, .. } = assignment(text, range)?;
    keyed.shapes.iter().find_map(|shape| {
        let length = shape.length(text.get(value..window(text, value, 400))?)?;
        let secret = text.get(value..value + length)?;
        let random = random::entropy(secret) >= 2.2
            && !random::is_wordy(secret)
            && (matches!(shape, Shape::Like(_) | Shape::Hex(_) | Shape::Uuid)
                || secret.bytes().any(|byte| byte.is_ascii_digit()));
        let plausible = matches!(shape, Shape::Digits(_))
            || random && !random::is_counting(secret) && !placeholder(secret);
        (plausible && ends(text, value + length)).then(|| value..value + length)
    })
}

impl Shape {
    /// How much of what the text begins with is of this shape.
    fn length(self, text: &str) -> Option<usize> {
        let run = |is: fn(&u8) -> bool| text.bytes().take_while(&is).count();
        let between =
            |length: usize, least: usize, most: usize| (least..=most).contains(&length).then_some(length);
        match self {
            Self::Digits(n) => between(run(u8::is_ascii_digit), n, n),
            Self::Hex(n) => between(run(u8::is_ascii_hexdigit), n, n),
            Self::Plain(n) => between(run(u8::is_ascii_alphanumeric), n, n),
            Self::Wide(least, most) => {
                between(run(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=')), least, most)
            }
            Self::Base64(least, most) => between(
                run(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'/')),
                least,
                most,
            ),
            Self::Uuid => is_uuid(text.get(..36)?).then_some(36),
            Self::Like(pattern) => like(pattern)?.find(text).map(|found| found.end()),
        }
    }
}

fn like(pattern: &'static str) -> Option<&'static Regex> {
    static PATTERNS: LazyLock<HashMap<&'static str, Cell>> = LazyLock::new(|| {
        let shapes = KEYED.iter().flat_map(|keyed| keyed.shapes);
        shapes
            .filter_map(|shape| match shape {
                Shape::Like(pattern) => Some((*pattern, Cell::new())),
                _ => None,
            })
            .collect()
    });
    compiled(PATTERNS.get(pattern)?, || format!("^(?:{pattern})"))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn placed(at: usize, placed: &Placed, text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    static PATTERNS: [Cell; PLACED.len()] = [const { Cell::new() }; PLACED.len()];
    let start = text.floor_char_boundary(range.start.saturating_sub(placed.before));
    let regex = compiled(PATTERNS.get(at)?, || placed.pattern.to_owned())?;
    let found = regex.captures(text.get(start..window(text, range.end, placed.after))?)?.name("s")?;
    let value = found.as_str();
    let random = placed.entropy == 0.0
        || random::entropy(value) >= placed.entropy && !placeholder(value) && !random::is_published(value);
    // A word after `Authorization:` is prose; a credential has more than letters of one case.
    let mixed = placed.kind != "secret.authorization"
        || value.bytes().any(|byte| byte.is_ascii_digit())
        || value.bytes().any(|byte| byte.is_ascii_uppercase())
            && random::wordiness(value).is_none_or(|words| words < 5.0);
    (random && mixed).then(|| start + found.start()..start + found.end())
}

/// A random value under a name that says it is secret.
fn word(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let Assignment { name, value } = assignment(text, range)?;
    let rest = text.get(value..window(text, value, 200))?;
    let length = [
        Shape::Wide(10, 150).length(rest).filter(|length| ends(text, value + length)),
        dotted(rest).filter(|length| ends(text, value + length)),
        Shape::Base64(12, 150).length(rest).filter(|length| ends(text, value + length)),
    ];
    let length = length.into_iter().flatten().next()?;
    let secret = text.get(value..value + length)?;
    let random = secret.bytes().any(|byte| byte.is_ascii_digit())
        && (random::entropy(secret) >= 3.5 || is_uuid(secret))
        && !random::is_counting(secret)
        && !placeholder(secret)
        && !random::is_published(secret)
        && !is_version(secret)
        && random::wordiness(secret).is_none_or(|words| words < 5.0);
    (random && names_a_secret(text.get(name)?)).then(|| value..value + length)
}

/// Letters, digits and `_.=-`, as many as 150.
fn dotted(text: &str) -> Option<usize> {
    let is = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'=' | b'-');
    let length = text.bytes().take_while(is).count();
    (10..=150).contains(&length).then_some(length)
}

/// Whether there is a version in it: `1.2.3`.
fn is_version(value: &str) -> bool {
    let parts = value.split(|c: char| !c.is_ascii_digit() && c != '.');
    parts
        .into_iter()
        .any(|part| part.split('.').filter(|number| !number.is_empty() && number.len() < 4).count() >= 3)
}

fn names_a_secret(name: &str) -> bool {
    let mut secret = false;
    for word in words(name) {
        let word = word.to_ascii_lowercase();
        if HARMLESS_WORDS.contains(&word.as_str()) {
            return false;
        }
        // `token`, `tokens`, `apikey` and `mysecret`, but not `monkey`.
        secret |= SECRET_WORDS.iter().any(|known| {
            word.starts_with(known) || known.len() >= 5 && word.contains(known) || word.ends_with("apikey")
        });
    }
    secret
}

/// What stands in documentation where a secret would be.
fn placeholder(value: &str) -> bool {
    const SIGNS: [&str; 16] = [
        "example",
        "sample",
        "dummy",
        "placeholder",
        "changeme",
        "redacted",
        "your-",
        "your_",
        "xxxx",
        "****",
        "${",
        "{{",
        "$(",
        "%s",
        "hunter2",
        "username:",
    ];
    const WORDS: [&str; 7] = ["password", "pass", "secret", "token", "pwd", "passwd", "key"];
    let lower = value.to_ascii_lowercase();
    let lower = lower.trim_matches(['"', '\'']);
    SIGNS.iter().any(|sign| lower.contains(sign))
        || WORDS.contains(&lower)
        || lower.starts_with(['$', '%'])
        || lower.starts_with('<')
}

#[cfg(test)]
mod tests;
