//! Text within text: base64 and hexadecimal.

use std::ops::Range;

/// Shorter runs are rather words, numbers or identifiers.
const SHORTEST: usize = 24;
const LONGEST: usize = 64 * 1024;
/// Of one text, so that nobody pays for a file of thousands of encoded parts.
const MOST: usize = 16;

/// The encoded parts of a text that decode to text, with their places.
pub(super) fn decoded(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut budget = LONGEST;
    for run in runs(text.as_bytes()) {
        let Some(encoded) = text.get(run.clone()) else { continue };
        if encoded.len() > budget || found.len() >= MOST {
            break;
        }
        if let Some(plain) = hexadecimal(encoded).or_else(|| base64(encoded)) {
            budget -= encoded.len();
            found.push((run, plain));
        }
    }
    found
}

fn symbol(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Which bytes are in the alphabet of base64.
const SYMBOLS: [bool; 256] = {
    let (mut symbols, mut byte) = ([false; 256], 0);
    while byte < 256 {
        #[cfg_attr(
            not(test),
            expect(clippy::indexing_slicing, reason = "within bounds, and constants have no iterators")
        )]
        {
            symbols[byte] =
                (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'+' | b'-' | b'/' | b'_');
        }
        byte += 1;
    }
    symbols
};

#[inline]
fn is_symbol(byte: u8) -> bool {
    SYMBOLS.get(usize::from(byte)).is_some_and(|is| *is)
}

/// Runs of the alphabet of base64. A run of `SHORTEST` bytes covers one of every `SHORTEST` bytes, so that only those are looked at.
fn runs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let place = at + SHORTEST - 1;
            let byte = *bytes.get(place)?;
            // Half of a run lies before the place, or half of it after.
            let half = |range: Range<usize>| {
                bytes
                    .get(range)
                    .is_some_and(|half| half.iter().fold(true, |all, byte| all & is_symbol(*byte)))
            };
            const HALF: usize = SHORTEST / 2;
            if !is_symbol(byte) || !(half(place - HALF..place) || half(place + 1..place + HALF)) {
                at = place + 1;
                continue;
            }
            let before = bytes.get(at..place)?.iter().rev().take_while(|byte| is_symbol(**byte)).count();
            let after = bytes.get(place..)?.iter().take_while(|byte| is_symbol(**byte)).count();
            let run = place - before..place + after;
            at = run.end;
            if run.len() >= SHORTEST {
                return Some(run);
            }
        }
    })
}

fn hexadecimal(text: &str) -> Option<String> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    readable(bytes?)
}

fn base64(text: &str) -> Option<String> {
    // A path or a word is no base64, whatever its alphabet: real text mixes cases and digits soon.
    let head = text.as_bytes().get(..SHORTEST)?;
    if !(head.iter().any(u8::is_ascii_uppercase) && head.iter().any(u8::is_ascii_lowercase)) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes() {
        bits = (bits << 6) | u32::from(symbol(byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
        // Most runs are no text: do not decode them to their end.
        if out.len() == 16 && !printable(&out) {
            return None;
        }
    }
    readable(out)
}

fn printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace())
}

fn readable(mut bytes: Vec<u8>) -> Option<String> {
    if let Err(error) = std::str::from_utf8(&bytes) {
        // An identifier without padding may end within a character.
        let valid = error.valid_up_to();
        if bytes.len() - valid > 3 {
            return None;
        }
        bytes.truncate(valid);
    }
    (printable(&bytes) && bytes.len() >= 12).then(|| String::from_utf8(bytes).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SHORTEST, is_symbol, runs, symbol};

    proptest! {
        #[test]
        fn every_long_run_is_found(text in "[a-zA-Z0-9+/_-]{0,60}( [a-zA-Z0-9+/_-]{0,60}){0,6}") {
            let mut expect = Vec::new();
            let mut start = 0;
            for part in text.split(' ') {
                if part.len() >= SHORTEST {
                    expect.push(start..start + part.len());
                }
                start += part.len() + 1;
            }
            prop_assert_eq!(runs(text.as_bytes()).collect::<Vec<_>>(), expect);
            prop_assert!((0..=255).all(|byte| symbol(byte).is_some() == is_symbol(byte)));
        }
    }
}
