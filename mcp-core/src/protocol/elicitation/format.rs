//! The four text formats that forms know.

/// Whether `text` has the format; a format that is not known accepts everything.
pub(super) fn matches(format: &str, text: &str) -> bool {
    match format {
        "email" => is_email(text),
        "uri" => is_uri(text),
        "date" => is_date(text),
        "date-time" => is_date_time(text),
        _ => true,
    }
}

/// A dotted local part and a domain of labels; no quoted parts, comments or address literals.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_letter_beyond(c);
    let is_label_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_letter_beyond(c);
    let atoms = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
    let labels = domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.chars().all(is_label_char)
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    local.len() <= 64 && text.len() <= 254 && atoms && labels
}

fn is_letter_beyond(c: char) -> bool {
    !c.is_ascii() && c.is_alphanumeric()
}

/// A scheme, a colon, and only characters that RFC 3986 lets a URI hold.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'%' => {
                let mut digit = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                digit() && digit()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !good {
            return false;
        }
    }
    is_scheme && !rest.is_empty() && rest.matches('#').count() <= 1
}

fn is_date(text: &str) -> bool {
    let Some((year, month, day)) = three(text, '-', 4) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    let Some(split) = time.find(['Z', 'z', '+', '-']) else {
        return false;
    };
    let (clock, offset) = time.split_at(split);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let in_day = three(clock, ':', 2).is_some_and(|(h, m, s)| h < 24 && m < 60 && s <= 60);
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    let is_offset = match offset {
        "Z" | "z" => true,
        _ => offset.get(1..).and_then(|rest| rest.split_once(':')).is_some_and(|(h, m)| {
            digits(h, 2).is_some_and(|h| h < 24) && digits(m, 2).is_some_and(|m| m < 60)
        }),
    };
    is_date(date) && in_day && is_fraction && is_offset
}

/// Three numbers of `first`, two and two digits.
fn three(text: &str, separator: char, first: usize) -> Option<(u32, u32, u32)> {
    let mut parts = text.split(separator);
    let numbers = (digits(parts.next()?, first)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    parts.next().is_none().then_some(numbers)
}

fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn formats() {
        let check = |format: &str, good: &[&str], bad: &[&str]| {
            for text in good {
                assert!(matches(format, text), "{format} {text}");
            }
            for text in bad {
                assert!(!matches(format, text), "{format} {text}");
            }
        };
        check(
            "email",
            &["a@b.c", "first.last+tag@sub.example.org", "a@localhost", "jürgen@müller.de"],
            &["", "a", "@b", "a@", "a b@c.d", "a..b@c.d", ".a@c.d", "a@-b.c", "a@b..c", "a@b c", "a\n@b.c"],
        );
        check(
            "uri",
            &["https://a.b/c?d=e#f", "mailto:a@b.c", "urn:isbn:1", "file:///a%20b", "x-y+z.1:q"],
            &[
                "",
                "a",
                "/a/b",
                "1http://a",
                "https://a b",
                "https://a/%zz",
                "https://a/%2",
                "http:",
                "a:b#c#d",
                "https://é",
            ],
        );
        check(
            "date",
            &["2026-07-28", "2024-02-29", "2000-02-29"],
            &[
                "2026-02-29",
                "1900-02-29",
                "2026-13-01",
                "2026-00-01",
                "2026-01-32",
                "2026-1-01",
                "20260728",
                "2026-07-28x",
                "+026-07-28",
            ],
        );
        check(
            "date-time",
            &[
                "2026-07-28T09:00:00Z",
                "2026-07-28t09:00:00.123z",
                "2026-07-28T23:59:60+05:30",
                "2026-07-28T00:00:00-00:00",
            ],
            &[
                "2026-07-28",
                "2026-07-28T09:00:00",
                "2026-07-28 09:00:00Z",
                "2026-07-28T24:00:00Z",
                "2026-07-28T09:60:00Z",
                "2026-07-28T09:00Z",
                "2026-07-28T09:00:00.Z",
                "2026-07-28T09:00:00+5:30",
                "2026-07-28T09:00:00Zx",
                "2026-07-28T09:00:00é+00:00",
            ],
        );
        check("credit-card", &["anything"], &[]);
    }
}
