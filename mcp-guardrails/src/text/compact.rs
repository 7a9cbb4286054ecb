//! Letters alone, for words that were pulled apart, run together or written with digits.

use super::map::Writer;

/// The letter that a byte stands for among letters that were replaced by digits and signs.
fn letter(c: char) -> Option<char> {
    Some(match c.to_ascii_lowercase() {
        '0' => 'o',
        '1' | 'l' | '|' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c if c.is_alphabetic() => c,
        _ => return None,
    })
}

pub(super) fn compact(text: &str) -> Writer {
    let mut out = Writer::with_capacity(text.len());
    let mut buffer = [0; 4];
    for (at, c) in text.char_indices() {
        let range = at..at + c.len_utf8();
        if let Some(letter) = letter(c) {
            out.replace(letter.encode_utf8(&mut buffer), range);
        }
    }
    out
}

/// A phrase as it is written in such a view.
pub(crate) fn compacted(phrase: &str) -> String {
    phrase.chars().filter_map(letter).collect()
}
