//! Paths that stay below a folder.

use super::Truth;
use super::text::{is_plain, look};

/// A folder.
#[derive(Debug)]
pub(super) struct Root {
    absolute: bool,
    segments: Box<[Box<str>]>,
}

impl Root {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some((absolute, segments)) = canonical(text) else {
            return Err(format!(
                "`{text}` is no canonical path: no `..`, `.`, `//`, `\\`, `%`, `:` or odd characters"
            ));
        };
        Ok(Self { absolute, segments: segments.into_iter().map(Into::into).collect() })
    }

    fn holds(&self, segments: &[&str]) -> bool {
        segments.len() >= self.segments.len() && self.segments.iter().zip(segments).all(|(a, b)| **a == **b)
    }

    fn looks_like_it_holds(&self, segments: &[&str]) -> bool {
        segments.len() >= self.segments.len()
            && self.segments.iter().zip(segments).all(|(a, b)| look(a) == look(b))
    }
}

/// Whether a path is one of the folders or below it. It is not followed: links are for the tool to refuse.
pub(super) fn within(path: &str, roots: &[Root]) -> Truth {
    let Some((absolute, segments)) = canonical(path) else { return Truth::Unsure };
    Truth::any(roots.iter().map(|root| {
        if root.absolute != absolute {
            // It depends on where the tool runs.
            Truth::Unsure
        } else if root.holds(&segments) {
            Truth::True
        } else if root.looks_like_it_holds(&segments) {
            // The same folder where names are compared without case, or nearly so.
            Truth::Unsure
        } else {
            Truth::False
        }
    }))
}

/// The segments of a path that every reader reads alike; nothing for any other.
fn canonical(path: &str) -> Option<(bool, Vec<&str>)> {
    let odd = |c: char| matches!(c, '\\' | '%' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '$' | '`');
    if path.is_empty() || !is_plain(path) || path.contains(odd) || path.starts_with('~') {
        return None;
    }
    let absolute = path.starts_with('/');
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return (path == "/").then(|| (true, Vec::new()));
    }
    let segments: Vec<&str> = inner.split('/').collect();
    segments.iter().all(|segment| is_segment(segment)).then_some((absolute, segments))
}

fn is_segment(segment: &str) -> bool {
    // Windows ignores dots and spaces at the end.
    !segment.is_empty()
        && !segment.ends_with(['.', ' '])
        && !segment.starts_with(' ')
        && !segment.chars().any(looks_like_punctuation)
}

/// Characters that some readers take for a slash or a dot.
const fn looks_like_punctuation(c: char) -> bool {
    matches!(
        c,
        '\u{2024}'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{29f9}'
            | '\u{fe52}'
            | '\u{fe68}'
            | '\u{ff0e}'
            | '\u{ff0f}'
            | '\u{ff3c}'
            | '\u{3002}'
            | '\u{ff61}'
            | '\u{2571}'
            | '\u{27cb}'
            | '\u{2f03}'
            | '\u{31d3}'
            | '\u{4e3f}'
            | '\u{1735}'
            | '\u{0660}'
            | '\u{06f0}'
            | '\u{0701}'
            | '\u{0702}'
            | '\u{a4f8}'
            | '\u{10a50}'
            | '\u{1d16d}'
    )
}
