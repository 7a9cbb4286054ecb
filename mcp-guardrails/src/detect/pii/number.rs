//! What a number is: a card, a phone, an address, a date, a number of a state.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::checks::{bech32, decimal, luhn, mod97};
use super::context::{Topic, Words};
use super::national::{Locale, recognise};

/// With fewer digits nothing is recognised: `1.1.1.1`, `1/1/99`.
const FEWEST: usize = 4;

/// What was recognised, where, and how surely.
pub(super) type Recognised = (&'static str, Range<usize>, f32);

/// Bytes that a cluster may have.
const LONGEST: usize = 48;

/// A few bytes that need no memory of their own.
#[derive(Debug, Clone, Copy)]
struct Few {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Few {
    const fn new() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

impl std::ops::Deref for Few {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}

impl std::ops::DerefMut for Few {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or(&mut [])
    }
}

/// Digits with what separates them, as far as they may be one number.
#[derive(Debug)]
struct Cluster {
    range: Range<usize>,
    digits: Few,
    /// How many digits stand together, one by one.
    groups: Few,
    separators: Few,
}

fn at(bytes: &[u8], place: usize) -> u8 {
    bytes.get(place).copied().unwrap_or(0)
}

impl Cluster {
    /// The number that the digit at `place` begins, with the `+` or bracket before it.
    fn new(bytes: &[u8], place: usize) -> Self {
        let before = |n: usize| place.checked_sub(n).map_or(0, |before| at(bytes, before));
        let opening = match (before(2), before(1)) {
            (b'+', b'(') => 2,
            (_, b'+' | b'(') => 1,
            _ => 0,
        };
        let (mut digits, mut groups, mut separators) = (Few::new(), Few::new(), Few::new());
        let (mut end, mut next, mut open) = (place, place, 0);
        while next - place < LONGEST {
            let byte = at(bytes, next);
            if byte.is_ascii_digit() {
                if next > end || groups.is_empty() {
                    bytes.get(end..next).unwrap_or(&[]).iter().for_each(|byte| separators.push(*byte));
                    groups.push(0);
                }
                digits.push(byte - b'0');
                if let Some(group) = groups.last_mut() {
                    *group += 1;
                }
                (end, open) = (next + 1, 0);
            } else if matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b'x')
                && open < 3
                && byte != at(bytes, next + 1)
            {
                open += 1;
            } else {
                break;
            }
            next += 1;
        }
        Self { range: place - opening..end, digits, groups, separators }
    }

    fn is_separated_by(&self, allowed: &[u8]) -> bool {
        self.separators.iter().all(|separator| allowed.contains(separator))
    }

    fn card(&self, words: &Words) -> Option<Recognised> {
        let n = self.digits.len();
        let uniform = self.separators.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        let grouped =
            self.groups.len() == 1 || self.groups.first() == Some(&4) && (3..=5).contains(&self.groups.len());
        if !(12..=19).contains(&n)
            || !uniform
            || !grouped
            || !self.is_separated_by(b" -")
            || !luhn(&self.digits)
        {
            return None;
        }
        let head = |digits: usize| decimal(self.digits.get(..digits).unwrap_or_default());
        let issued = match (head(1), head(2), head(4)) {
            (4, ..) => matches!(n, 13 | 16 | 19),
            (_, 51..=55, _) | (_, _, 2221..=2720) => n == 16,
            (_, 34 | 37, _) => n == 15,
            (_, 36 | 38 | 39, _) | (_, _, 3000..=3059 | 3095) => n == 14 || n == 16 || n == 19,
            (_, 35 | 62, _) => n >= 15,
            (_, _, 1800 | 2131) => n == 15,
            (_, 50 | 56..=58 | 60 | 61 | 63..=69, _) => true,
            _ => false,
        };
        let near = words.near(Topic::Card, &self.range);
        let score = if near {
            0.98
        } else if n >= 14 {
            0.85
        } else {
            0.5
        };
        (issued || near).then(|| ("pii.credit-card", self.range.clone(), score))
    }

    fn social_security(&self, words: &Words) -> Option<Recognised> {
        let part = |from: usize, to: usize| self.digits.get(from..to).map(decimal);
        let (area, group, serial) = (part(0, 3), part(3, 5), part(5, 9));
        let given = self.digits.len() == 9 && !matches!(area?, 0 | 666) && group? != 0 && serial? != 0;
        let near = words.near(Topic::SocialSecurity, &self.range);
        let written = *self.groups == [3, 2, 4] && self.is_separated_by(b"- ");
        let score = match (written, near) {
            (true, true) => 0.95,
            (true, false) if area? < 900 => 0.7,
            (false, true) if self.groups.len() == 1 => 0.6,
            _ => return None,
        };
        given.then(|| ("pii.us-ssn", self.range.clone(), score))
    }

    fn date_of_birth(&self, words: &Words) -> Option<Recognised> {
        let date = matches!(&*self.groups, [1..=2, 1..=2, 2 | 4] | [4, 1..=2, 1..=2]);
        let parts = date && self.is_separated_by(b"/-. ") && self.is_calendar();
        (parts && words.near(Topic::Birth, &self.range))
            .then(|| ("pii.date-of-birth", self.range.clone(), 0.9))
    }

    /// Whether three groups may be a day, a month and a year.
    fn is_calendar(&self) -> bool {
        let &[first, second, third] = &*self.groups else { return false };
        let (first, second, third) = (usize::from(first), usize::from(second), usize::from(third));
        let value = |from: usize, length: usize| decimal(self.digits.get(from..from + length).unwrap_or(&[]));
        let values = [value(0, first), value(first, second), value(first + second, third)];
        let day = |a: u64, b: u64| {
            (1..=31).contains(&a) && (1..=12).contains(&b) || (1..=12).contains(&a) && (1..=31).contains(&b)
        };
        match values {
            [year, a, b] if year >= 1000 => (1850..2100).contains(&year) && day(a, b),
            [a, b, year] => day(a, b) && (year < 100 || (1850..2100).contains(&year)),
        }
    }

    fn phone(&self, bytes: &[u8], words: &Words) -> Option<Recognised> {
        let n = self.digits.len();
        let extension = self.separators.contains(&b'x');
        let digits = if extension { n - usize::from(*self.groups.last()?) } else { n };
        let spread = self.groups.iter().all(|group| *group <= 12);
        let date = self.groups.len() == 3 && self.is_calendar() && self.is_separated_by(b"/-.");
        let timed = at(bytes, self.range.end) == b':' && at(bytes, self.range.end + 1).is_ascii_digit();
        if !(7..=15).contains(&digits) || !spread || date || timed || self.groups.len() > 7 {
            return None;
        }
        let plus = at(bytes, self.range.start) == b'+';
        let bracket = at(bytes, self.range.start) == b'(';
        let american = matches!(&*self.groups, [3, 3, 4, ..] | [1 | 3, 3, 3, 4, ..]);
        let near = words.near(Topic::Phone, &self.range);
        let score = match () {
            () if near && (plus || american || bracket) => 0.9,
            () if plus && digits >= 8 => 0.8,
            () if near && !self.separators.contains(&b'/') => 0.7,
            () if american && self.groups.len() == 3 && self.separators.len() >= 2 => 0.6,
            () => return None,
        };
        Some(("pii.phone", self.range.clone(), score))
    }

    fn address(&self, text: &str) -> Option<Recognised> {
        let dotted =
            self.groups.len() >= 4 && self.separators.iter().take(3).all(|separator| *separator == b'.');
        if !dotted {
            return None;
        }
        let start = self.range.end
            - self.groups.iter().map(|group| usize::from(*group)).sum::<usize>()
            - self.separators.len();
        let end = start + self.groups.iter().take(4).map(|group| usize::from(*group)).sum::<usize>() + 3;
        let more = at(text.as_bytes(), end) == b'.' && at(text.as_bytes(), end + 1).is_ascii_digit();
        let address: Ipv4Addr = text.get(start..end)?.parse().ok()?;
        let score = if address.is_loopback() || address.is_unspecified() || address.is_broadcast() {
            0.2
        } else {
            0.75
        };
        (!more && !matches!(address.octets(), [0, ..])).then_some(("pii.ip-address", start..end, score))
    }
}

/// What begins with the digit at `place`, before which no letter or digit stands; and where to go on.
pub(super) fn number(
    text: &str,
    place: usize,
    words: &Words,
    locales: &[Locale],
) -> (Option<Recognised>, usize) {
    let bytes = text.as_bytes();
    let cluster = Cluster::new(bytes, place);
    let before = place.checked_sub(1).map_or(0, |before| at(bytes, before));
    let after = at(bytes, cluster.range.end);
    // Part of a decimal, a path, a version or an identifier.
    let part = matches!(before, b'.' | b'_' | b'/' | b'=' | b'%' | b'#')
        || before == b'-'
            && place.checked_sub(2).is_some_and(|before| at(bytes, before).is_ascii_alphanumeric())
        || after.is_ascii_alphabetic() && !(after == b'x' && cluster.groups.len() > 1)
        || after == b'_';
    let us = locales.contains(&Locale::Us);
    let found = (cluster.digits.len() >= FEWEST).then_some(()).and_then(|()| {
        cluster.address(text).filter(|_| before != b'.' && !before.is_ascii_alphabetic()).or_else(|| {
            if part && before != b'=' && before != b'#' {
                return None;
            }
            let mut compact = cluster.digits;
            compact.iter_mut().for_each(|digit| *digit += b'0');
            let compact = std::str::from_utf8(&compact).unwrap_or_default();
            cluster
                .card(words)
                .or_else(|| cluster.social_security(words).filter(|_| us))
                .or_else(|| cluster.date_of_birth(words))
                .or_else(|| {
                    license(compact, &cluster.range, words).filter(|_| us && cluster.groups.len() == 1)
                })
                .or_else(|| {
                    let (kind, score) =
                        recognise(compact, words.near(Topic::NationalId, &cluster.range), locales)?;
                    Some((kind, cluster.range.clone(), score))
                })
                .or_else(|| cluster.phone(bytes, words))
        })
    });
    let end = found.as_ref().map_or_else(
        || place + bytes.iter().skip(place).take_while(|byte| byte.is_ascii_digit()).count(),
        |(_, range, _)| range.end,
    );
    (found, end.max(place + 1))
}

fn license(token: &str, range: &Range<usize>, words: &Words) -> Option<Recognised> {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let shape = (5..=16).contains(&token.len()) && digits >= 5 && token.len() - digits <= 3;
    (shape && words.near(Topic::License, range)).then(|| ("pii.us-driver-license", range.clone(), 0.8))
}

/// What a word of letters and digits is; `range` is all of it.
pub(super) fn token(
    text: &str,
    range: &Range<usize>,
    words: &Words,
    locales: &[Locale],
) -> Option<Recognised> {
    let token = text.get(range.clone())?;
    let found = |kind, score| Some((kind, range.clone(), score));
    if let Some(iban) = iban(text, range.start) {
        return Some(("pii.iban", iban, 0.95));
    }
    if token.len() <= FEWEST {
        return None;
    }
    let crypto = || words.near(Topic::Crypto, range);
    let base58 = |token: &str| {
        token.bytes().all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l'))
    };
    match token.len() {
        42 if token.starts_with("0x") && token.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit()) => {
            return found("pii.crypto-address", if crypto() { 0.9 } else { 0.6 });
        }
        42..=62 if token.starts_with("bc1") && bech32(token) => return found("pii.crypto-address", 0.95),
        25..=35 if token.starts_with(['1', '3']) && crypto() && base58(token) => {
            return found("pii.crypto-address", 0.8);
        }
        _ => {}
    }
    if let Some((kind, score)) = recognise(token, words.near(Topic::NationalId, range), locales) {
        return found(kind, score);
    }
    license(token, range, words).filter(|_| locales.contains(&Locale::Us))
}

/// An IBAN that begins at `start`, with or without spaces.
fn iban(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let head = bytes.get(start..start + 4)?;
    let country =
        head.iter().take(2).all(u8::is_ascii_uppercase) && head.iter().skip(2).all(u8::is_ascii_digit);
    if !country {
        return None;
    }
    let mut compact = String::new();
    let mut ends = Vec::new();
    for (offset, byte) in bytes.iter().skip(start).take(44).enumerate() {
        match byte {
            b' ' | b'-'
                if compact.len().is_multiple_of(4)
                    && bytes.get(start + offset + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            byte if byte.is_ascii_digit() || byte.is_ascii_uppercase() => {
                compact.push(char::from(*byte));
                ends.push(start + offset + 1);
            }
            _ => break,
        }
    }
    // Spaces may be followed by other words in capitals: the longest that is right.
    (15..=compact.len().min(34)).rev().find_map(|length| {
        let end = *ends.get(length - 1)?;
        let whole = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        (whole && mod97(compact.get(..length)?)).then_some(start..end)
    })
}

/// An address of version 6 around the colon at `place`.
pub(super) fn address6(text: &str, place: usize) -> Option<Recognised> {
    let bytes = text.as_bytes();
    let is = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let before = bytes.get(..place)?.iter().rev().take(40).take_while(|byte| is(byte)).count();
    let after = bytes.iter().skip(place).take(40).take_while(|byte| is(byte)).count();
    let range = place - before..place + after;
    let address = text.get(range.clone())?;
    let colons = address.bytes().filter(|byte| *byte == b':').count();
    let alone = !at(bytes, range.end).is_ascii_alphanumeric()
        && !range.start.checked_sub(1).is_some_and(|before| at(bytes, before).is_ascii_alphanumeric());
    let plausible = colons >= 3 && alone && address.bytes().filter(u8::is_ascii_digit).count() >= 2;
    (plausible && address.parse::<Ipv6Addr>().is_ok()).then_some(("pii.ip-address", range, 0.8))
}
