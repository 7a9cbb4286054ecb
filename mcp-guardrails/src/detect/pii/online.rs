//! Mail addresses and links.

use std::ops::Range;

use super::context::{Topic, Words};
use super::number::Recognised;

/// Mail addresses, from their signs.
pub(super) fn mail(text: &str) -> impl Iterator<Item = Recognised> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'@', bytes).filter_map(move |sign| {
        let local =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
        let before = bytes.get(..sign)?.iter().rev().take(64).take_while(local).count();
        let name = text.get(sign - before..sign)?.trim_start_matches(['.', '-', '%']);
        let domain = domain(text, sign + 1)?;
        (!name.is_empty() && name != "git").then_some(("pii.email", sign - name.len()..domain.end, 0.95))
    })
}

/// A domain that begins at `start`: labels, the last of two letters or more.
fn domain(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(start..)?;
    let length = rest
        .iter()
        .take(253)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        .count();
    let name = text.get(start..start + length)?.trim_end_matches(['.', '-']);
    let (first, last) = name.rsplit_once('.')?;
    let labels =
        first.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && label.len() < 64);
    (labels && last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then_some(start..start + name.len())
}

/// Links with a scheme, and hosts that begin with `www.`.
pub(super) fn links(text: &str, words: &Words) -> impl Iterator<Item = Recognised> {
    words.places(Topic::Link).filter_map(move |sign| {
        let bytes = text.as_bytes();
        let scheme = if at_scheme(text, sign) {
            bytes
                .get(..sign.start)?
                .iter()
                .rev()
                .take(10)
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count()
        } else if text.get(sign.clone()).is_some_and(|sign| sign.starts_with(['w', 'W'])) {
            let before = sign.start.checked_sub(1).and_then(|before| bytes.get(before));
            if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.')) {
                return None;
            }
            0
        } else {
            return None;
        };
        let host = if scheme > 0 { sign.end } else { sign.start };
        domain(text, host)?;
        let is_end = |c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '^' | '{' | '}')
        };
        let rest = text.get(host..)?;
        let length = rest.find(is_end).unwrap_or(rest.len());
        let link = rest.get(..length)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
        Some(("pii.url", sign.start - scheme..host + link.len(), 0.6))
    })
}

fn at_scheme(text: &str, sign: &Range<usize>) -> bool {
    text.get(sign.clone()) == Some("://")
        && sign
            .start
            .checked_sub(1)
            .and_then(|before| text.as_bytes().get(before))
            .is_some_and(u8::is_ascii_alphabetic)
}
