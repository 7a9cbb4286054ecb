//! `name = "value"` in any of the languages and formats that have it.

use std::ops::Range;

/// A value with the name it is given to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: Range<usize>,
    /// From the first byte of the value to the end of its line.
    pub(super) value: usize,
}

fn at(bytes: &[u8], place: usize) -> u8 {
    bytes.get(place).copied().unwrap_or(0)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// How many bytes from `from` on, at most `most`, are of a kind.
fn span(bytes: &[u8], from: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(from).take(most).take_while(|byte| is(**byte)).count()
}

/// The assignment to the name of which `part` is a part.
pub(super) fn assignment(text: &str, part: &Range<usize>) -> Option<Assignment> {
    let bytes = text.as_bytes();
    let mut place =
        part.end + span(bytes, part.end, 20, |byte| is_name(byte) || matches!(byte, b' ' | b'\t'));
    let quote = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    place += span(bytes, place, 3, quote);
    place += operator(bytes, place)?;
    place += span(bytes, place, 5, |byte| quote(byte) || matches!(byte, b'=' | b'`'));
    let before = bytes.get(..part.start)?.iter().rev().take(50).take_while(|byte| is_name(**byte)).count();
    let after = span(bytes, part.end, 50, is_name);
    (place < bytes.len()).then_some(Assignment { name: part.start - before..part.end + after, value: place })
}

fn operator(bytes: &[u8], place: usize) -> Option<usize> {
    let length = span(bytes, place, 4, |byte| matches!(byte, b'=' | b'>' | b':' | b'|' | b'?' | b','));
    let ok = match (at(bytes, place), length) {
        (_, 0) => false,
        (b'|', _) => at(bytes, place + 1) == b'|',
        (b'?', _) => at(bytes, place + 1) == b'=',
        _ => true,
    };
    ok.then_some(length)
}

/// Whether a value may end before `place`.
pub(super) fn ends(text: &str, place: usize) -> bool {
    let bytes = text.as_bytes();
    match bytes.get(place) {
        None => true,
        Some(b'\\') => matches!(at(bytes, place + 1), b'n' | b'r' | b't' | b'"' | b'\''),
        Some(byte) => {
            byte.is_ascii_whitespace()
                || matches!(byte, b'"' | b'\'' | b'`' | b';' | b',' | b')' | b'<' | b'&')
        }
    }
}

/// The words of a name, which may be `snake_case`, `camelCase` or have dots.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        while start < bytes.len() {
            let mut end = start;
            while end < bytes.len() && at(bytes, end).is_ascii_alphanumeric() {
                let (this, next, after) = (at(bytes, end), at(bytes, end + 1), at(bytes, end + 2));
                end += 1;
                let hump = this.is_ascii_lowercase() && next.is_ascii_uppercase();
                let acronym =
                    this.is_ascii_uppercase() && next.is_ascii_uppercase() && after.is_ascii_lowercase();
                if hump || acronym {
                    break;
                }
            }
            let word = name.get(start..end).unwrap_or("");
            start = if end == start { start + 1 } else { end };
            if !word.is_empty() {
                return Some(word);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::{assignment, words};

    #[test]
    fn values_are_found_in_many_languages() {
        for text in [
            "apiToken=VALUE",
            "apiToken = \"VALUE\"",
            "\"apiToken\": \"VALUE\"",
            "apiToken: VALUE",
            "var apiToken string = \"VALUE\"",
            "apiToken := `VALUE`",
            "$apiToken .= \"VALUE\"",
            "f(\"apiToken\", \"VALUE\")",
            "apiToken ?= \"VALUE\"",
            "apiToken :::= \"VALUE\"",
            "<apiToken>\n    VALUE",
            "\"apiToken\" => \"VALUE\"",
        ] {
            let part = text.find("Token").map(|at| at..at + 5).unwrap();
            let found = assignment(text, &part).expect(text);
            assert_eq!(&text[found.name], "apiToken", "{text}");
            assert!(text[found.value..].starts_with("VALUE"), "{text}");
        }
        assert_eq!(assignment("the token is nice", &(4..9)), None);
    }

    #[test]
    fn names_fall_into_words() {
        let check = |name: &str, expect: &[&str]| assert_eq!(words(name).collect::<Vec<_>>(), expect);
        check("SN_keyMeshing", &["SN", "key", "Meshing"]);
        check("HTTPApiKey.name-2", &["HTTP", "Api", "Key", "name", "2"]);
    }
}
