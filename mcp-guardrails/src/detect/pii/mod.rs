//! Personal data that has a form: cards, accounts, phones, addresses of mail and network, numbers of states, dates of birth, wallets.
//!
//! Names, places and the like have none and are not looked for.

mod checks;
mod context;
mod national;
mod number;
mod online;
#[cfg(test)]
mod tests;

use self::context::Words;
pub(crate) use self::context::literals;
pub use self::national::Locale;
use super::finding::settle;
use super::{Detector, Finding, Kind};
use crate::text::{Text, View};

/// Finds personal data that has a form. What could be any number counts only beside a word that speaks of it.
#[derive(Debug, Clone)]
pub struct PersonalData {
    locales: Vec<Locale>,
}

impl Default for PersonalData {
    fn default() -> Self {
        Self::of(Locale::ALL)
    }
}

impl PersonalData {
    /// Looks for the numbers of these countries, and for what is the same everywhere.
    pub fn of(locales: &[Locale]) -> Self {
        Self { locales: locales.to_vec() }
    }
}

impl Detector for PersonalData {
    fn name(&self) -> &str {
        "pii"
    }

    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        let from = found.len();
        self.scan_view(text.raw(), found);
        // Full-width digits, escaped signs and the like. Letters' case is lost there, so that the raw view goes first.
        if may_hide(text.as_str()) && signs(text.raw()) != signs(text.folded()) {
            self.scan_view(text.folded(), found);
        }
        settle(found, from);
    }
}

/// The next digit or colon. Most of a text has none, and is passed by sixteen bytes at once.
fn digit_or_colon(bytes: &[u8], from: usize) -> Option<usize> {
    // The colon stands right after the nine.
    let is = |byte: u8| byte.wrapping_sub(b'0') <= 10;
    let (chunks, _) = bytes.get(from..)?.as_chunks::<16>();
    let none = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |any, byte| any | is(*byte));
    let passed = from + 16 * chunks.iter().take_while(none).count();
    Some(passed + bytes.get(passed..)?.iter().position(|byte| is(*byte))?)
}

/// Whether there is anything of which a digit or a sign of a mail address may be made. Quotes, dashes and the letters of many languages are
/// nothing of that kind, and most texts beyond ASCII need not be folded to see it.
fn may_hide(text: &str) -> bool {
    let escapes = memchr::memchr3(b'%', b'&', b'\\', text.as_bytes()).is_some();
    escapes || !text.is_ascii() && !text.chars().all(is_plain)
}

fn is_plain(c: char) -> bool {
    c.is_ascii()
        || matches!(u32::from(c), 0xA0 | 0xC0..=0xFF | 0x2010..=0x2027 | 0x3041..=0x30FF | 0x4E00..=0x9FFF)
}

/// How many digits and signs of mail addresses there are.
fn signs(view: &View<'_>) -> usize {
    view.as_str().bytes().filter(|byte| byte.is_ascii_digit() || *byte == b'@').count()
}

impl PersonalData {
    fn scan_view(&self, view: &View<'_>, found: &mut Vec<Finding>) {
        let text = view.as_str();
        let words = Words::of(view);
        let mut add = |(kind, range, score): number::Recognised| {
            found.push(Finding::at(Kind::new(kind), view, range, score))
        };
        online::mail(text).for_each(&mut add);
        online::links(text, &words).for_each(&mut add);
        let bytes = text.as_bytes();
        let mut place = 0;
        while let Some(next) = digit_or_colon(bytes, place) {
            place = next;
            if bytes.get(place) == Some(&b':') {
                let part =
                    |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':');
                if part(bytes.get(place + 1))
                    && part(place.checked_sub(1).and_then(|before| bytes.get(before)))
                {
                    number::address6(text, place).into_iter().for_each(&mut add);
                }
                place += 1;
                continue;
            }
            let before =
                bytes.iter().take(place).rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let after = bytes.iter().skip(place).take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let whole = place - before..place + after;
            let only_digits =
                bytes.get(whole.clone()).is_some_and(|word| word.iter().all(u8::is_ascii_digit));
            if only_digits
                || before == 0
                    && bytes.get(whole.clone()).is_some_and(|word| word.contains(&b'x'))
                    && whole.len() < 20
            {
                let (recognised, end) = number::number(text, place, &words, &self.locales);
                recognised.into_iter().for_each(&mut add);
                place = end;
            } else {
                number::token(text, &whole, &words, &self.locales).into_iter().for_each(&mut add);
                place = whole.end;
            }
        }
    }
}
