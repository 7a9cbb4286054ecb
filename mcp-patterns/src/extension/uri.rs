//! URIs of skills and their files.

use std::fmt::Write as _;

/// A path as part of a URI: what may not stand there is escaped.
pub(super) fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A part of a URI as it was before it was escaped; nothing where it is no text.
pub(super) fn unescape(part: &str) -> Option<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// The path of a file below the directory of a skill, unless it leads out of it.
pub(super) fn within<'u>(root: &str, uri: &'u str) -> Option<&'u str> {
    let path = uri.strip_prefix(root)?.strip_prefix('/')?;
    let is_plain = |part: &str| {
        unescape(part).is_some_and(|part| {
            !matches!(part.as_str(), "" | "." | "..")
                && !part.contains(['/', '\\'])
                && !part.chars().any(char::is_control)
        })
    };
    (!path.contains(['?', '#']) && path.split('/').all(is_plain)).then_some(path)
}

/// The name of a skill by the URI of its `SKILL.md`, and nothing for any other URI.
pub(super) fn name(uri: &str) -> Option<String> {
    let (scheme, path) = uri.split_once("://")?;
    let path = path.strip_suffix("/SKILL.md")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    within("", &format!("/{path}"))?;
    is_scheme.then(|| unescape(path.rsplit('/').next()?))?
}
