//! Whether a URI can be compared with a pattern as it stands.

/// Whether different readers of the URI would come to the same resource: no dot segments, no encoded dots, slashes or control
/// characters, nothing that looks like something else.
pub(super) fn is_canonical(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let scheme_ok =
        scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    let plain = uri.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    scheme_ok && plain && !scheme.is_empty() && encoded_is_harmless(rest) && segments_are_plain(rest)
}

fn encoded_is_harmless(rest: &str) -> bool {
    rest.split('%').skip(1).all(|part| {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        code.is_some_and(|code| code >= 0x20 && code != 0x7f && !b"./\\%".contains(&code))
    })
}

fn segments_are_plain(rest: &str) -> bool {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if (segment.is_empty() && !last) || (!segment.is_empty() && segment.bytes().all(|b| b == b'.')) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spellings_are_not_canonical() {
        for good in [
            "file:///srv/a.txt",
            "notes://list",
            "db://x/y%20z",
            "https://h:1/p?q=1#f",
            "memo:a/b",
            "file:///srv/",
        ] {
            assert!(is_canonical(good), "{good}");
        }
        for bad in [
            "file:///srv/../etc",
            "file:///srv/./x",
            "file:///srv//x",
            "file:///srv/%2e%2e/x",
            "file:///srv/%2Fx",
            "FILE:///srv",
            "file:///srv/a\0b",
            "file:///srv\\..\\x",
            "file:///srv/%00",
            "file:///srv/%zz",
            "no-scheme",
            "file:///srv/\u{ff0e}\u{ff0e}/x",
            "file:///srv/...",
            "file:///srv/a b",
            "",
            ":x",
            "file:///srv/%252e",
        ] {
            assert!(!is_canonical(bad), "{bad}");
        }
    }
}
