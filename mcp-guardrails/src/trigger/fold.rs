//! Texts without case, as expressions with the flag `i` see them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The last character with a case.
const LAST: char = '\u{1e943}';

/// Characters beyond ASCII whose letter has another face, with the one that stands for all of them.
static FACES: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let cased = |c: &char| !(c.to_lowercase().eq([*c]) && c.to_uppercase().eq([*c]));
    ('\u{80}'..=LAST).filter(cased).map(|c| (c, representative(c))).filter(|(c, face)| c != face).collect()
});

/// All faces of a letter.
pub(super) fn faces(c: char) -> ClassUnicode {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    // Without tables of case there is only this face.
    drop(class.try_case_fold_simple());
    class
}

fn representative(c: char) -> char {
    let class = faces(c);
    let all = || class.iter().flat_map(|range| range.start()..=range.end());
    all().find(char::is_ascii).or_else(|| all().min()).unwrap_or(c).to_ascii_lowercase()
}

pub(super) fn fold_char(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { FACES.get(&c).copied().unwrap_or(c) }
}

/// The text with one face for each letter. Two texts are equal but for case if these are equal.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if upper { text.to_ascii_lowercase().into() } else { text.into() };
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !byte.is_ascii()) {
        // INVARIANT: what is not ASCII begins where a character begins.
        let (plain, odd) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut chars = odd.chars();
        out.extend(chars.next().map(fold_char));
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.make_ascii_lowercase();
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_one_face() {
        for c in '\0'..=char::MAX {
            assert_eq!(fold_char(c), representative(c), "{c:?}");
        }
        assert_eq!(fold("KELVIN \u{212a} \u{17f} \u{3a3}\u{3c2} ẞ"), "kelvin k s \u{3a3}\u{3a3} ß");
    }
}
