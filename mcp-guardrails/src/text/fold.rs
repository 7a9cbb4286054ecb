//! One spelling for what looks or reads the same: letters of other scripts, full-width and styled forms, accents, invisible characters, and
//! escapes of HTML, URLs and JSON.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

use super::map::Writer;

/// Whether a text has anything to fold but letters' case.
pub(super) fn differs(text: &str) -> bool {
    !text.is_ascii() || escapes(text).next().is_some()
}

/// Folds a text. Only what `differs` needs it.
pub(super) fn fold(text: &str) -> Writer {
    let mut out = Writer::with_capacity(text.len());
    let mut at = 0;
    for (range, decoded) in escapes(text) {
        plain(text, at..range.start, &mut out);
        let mut one = String::new();
        letter(decoded, &mut one);
        out.replace(&one, range.clone());
        at = range.end;
    }
    plain(text, at..text.len(), &mut out);
    out
}

/// Whether characters that need no escape are escaped, or there are invisible ones between others.
pub(super) fn hides(text: &str) -> bool {
    let is_needless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    (!text.is_ascii() && text.chars().any(is_invisible)) || escapes(text).any(|(_, c)| is_needless(c))
}

/// Undoes what `hides` tells of, in the case that letters have: for what is told apart by case.
pub(super) fn unhide(text: &str) -> Writer {
    let mut out = Writer::with_capacity(text.len());
    let mut at = 0;
    for (range, decoded) in escapes(text) {
        visible(text, at..range.start, &mut out);
        if !is_invisible(decoded) {
            out.replace(decoded.encode_utf8(&mut [0; 4]), range.clone());
        }
        at = range.end;
    }
    visible(text, at..text.len(), &mut out);
    out
}

fn visible(text: &str, range: Range<usize>, out: &mut Writer) {
    let Some(part) = text.get(range.clone()) else { return };
    for piece in part.split_inclusive(is_invisible) {
        let shown = piece.trim_end_matches(is_invisible);
        let start = range.start + (piece.as_ptr() as usize - part.as_ptr() as usize);
        if !shown.is_empty() {
            out.copy(shown, start..start + shown.len());
        }
    }
}

/// A letter as it is compared, for who folds phrases in the same way.
pub(crate) fn fold_word(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    word.chars().for_each(|c| letter(c, &mut out));
    out
}

fn plain(text: &str, range: Range<usize>, out: &mut Writer) {
    let Some(part) = text.get(range.clone()) else { return };
    let mut folded = String::new();
    let mut rest = part;
    let mut at = range.start;
    while let Some(c) = rest.chars().next() {
        let ascii = rest.bytes().take_while(u8::is_ascii).count();
        if ascii > 0 {
            let (same, after) = rest.split_at_checked(ascii).unwrap_or((rest, ""));
            out.copy(&same.to_ascii_lowercase(), at..at + ascii);
            (rest, at) = (after, at + ascii);
            continue;
        }
        let end = at + c.len_utf8();
        folded.clear();
        letter(c, &mut folded);
        out.replace(&folded, at..end);
        (rest, at) = (rest.get(c.len_utf8()..).unwrap_or(""), end);
    }
}

fn letter(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    if let Some(tagged) = tag(c) {
        out.push(tagged.to_ascii_lowercase());
        return;
    }
    if is_invisible(c) {
        return;
    }
    if c.is_whitespace() {
        out.push(' ');
        return;
    }
    let mut buffer = [0; 4];
    for part in c.encode_utf8(&mut buffer).nfkd().flat_map(char::to_lowercase) {
        if part.is_ascii() {
            out.push(part);
        } else if !is_accent(part) {
            confusable(part, out);
        }
    }
}

/// The letter of the Latin script that a letter is mistaken for, or itself.
fn confusable(c: char, out: &mut String) {
    // Scripts without letters that are mistaken for Latin ones are not worth the look-up.
    if u32::from(c) >= 0x3000 {
        out.push(c);
        return;
    }
    let mut buffer = [0; 4];
    let mut seen = skeleton(c.encode_utf8(&mut buffer));
    match (seen.next(), seen.next()) {
        (Some('r'), Some('n')) => out.push('m'),
        (Some(first), None) if first.is_ascii() => out.push(first.to_ascii_lowercase()),
        _ => out.push(c),
    }
}

fn is_accent(c: char) -> bool {
    is_combining_mark(c)
        && matches!(u32::from(c), 0x300..=0x36F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Characters of the tag block spell ASCII that nobody sees.
pub(crate) fn tag(c: char) -> Option<char> {
    let code = u32::from(c).checked_sub(0xE0000)?;
    (0x20..0x7F).contains(&code).then(|| char::from_u32(code)).flatten()
}

/// Characters that take no place on a screen, or turn the direction of what follows.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
        | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF)
}

/// Places where a character is written by its number or name, in order.
fn escapes(text: &str) -> impl Iterator<Item = (Range<usize>, char)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'%', b'&', b'\\', rest)) {
            let start = at + found;
            let rest = text.get(start..)?;
            if let Some((c, length)) = escape(rest) {
                at = start + length;
                return Some((start..at, c));
            }
            at = start + 1;
        }
        None
    })
}

fn escape(rest: &str) -> Option<(char, usize)> {
    match rest.as_bytes().first()? {
        b'%' => percent(rest),
        b'&' => entity(rest),
        _ => {
            let code = u32::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
            Some((char::from_u32(code)?, 6))
        }
    }
}

fn percent(rest: &str) -> Option<(char, usize)> {
    let byte = |at: usize| -> Option<u8> {
        let digits = rest.get(at * 3..at * 3 + 3)?.strip_prefix('%')?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
    };
    let first = byte(0)?;
    let length = match first {
        0x20..=0x7E | b'\n' | b'\t' => return Some((char::from(first), 3)),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let sequence: Option<Vec<u8>> = (0..length).map(byte).collect();
    let c = std::str::from_utf8(&sequence?).ok()?.chars().next()?;
    Some((c, length * 3))
}

fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.bytes().take(12).position(|byte| byte == b';')?;
    let name = rest.get(1..end)?;
    let c = if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        char::from_u32(code)?
    } else {
        match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            "colon" => ':',
            "sol" => '/',
            "shy" => '\u{AD}',
            "zwnj" => '\u{200C}',
            _ => return None,
        }
    };
    Some((c, end + 1))
}
