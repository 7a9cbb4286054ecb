//! Texts that are what they look like.

use unicode_normalization::is_nfkc;
use unicode_security::confusable_detection::skeleton;

use super::Truth;

/// Whether a text has no characters that are invisible, reorder others, or have another spelling.
pub(super) fn is_plain(text: &str) -> bool {
    if text.is_ascii() {
        return !text.bytes().any(|byte| byte.is_ascii_control());
    }
    is_nfkc(text) && !text.chars().any(is_odd)
}

fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// What a text looks like, whatever its case and alphabet.
pub(super) fn look(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.is_ascii() { fold_ascii(&lower) } else { skeleton(&lower).collect::<String>().to_lowercase() }
}

/// The skeleton of ASCII text differs from it in a few letters only; they have to fold alike.
fn fold_ascii(lower: &str) -> String {
    skeleton(lower).collect::<String>().to_lowercase()
}

/// Compares a text with patterns: as it stands, and unsure where it only looks like what fits.
pub(super) fn compared<P: Fits>(text: &str, patterns: &[P], fits: impl Fn(&P, &str) -> bool) -> Truth {
    if !is_plain(text) {
        return Truth::Unsure;
    }
    if patterns.iter().any(|pattern| fits(pattern, text)) {
        return Truth::True;
    }
    let looks = look(text);
    if patterns.iter().any(|pattern| pattern.folded(&looks)) { Truth::Unsure } else { Truth::False }
}

/// A pattern that can be compared with what a text looks like.
pub(super) trait Fits {
    /// Whether a folded text fits the folded pattern.
    fn folded(&self, look_of_text: &str) -> bool;
}

impl Fits for String {
    fn folded(&self, look_of_text: &str) -> bool {
        look_of_text.starts_with(&look(self))
    }
}

impl Fits for crate::policy::Glob {
    fn folded(&self, look_of_text: &str) -> bool {
        Self::name(&look(self.as_str())).is_ok_and(|glob| glob.matches(look_of_text))
    }
}
