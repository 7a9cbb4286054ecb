//! From bytes to text.

use super::IngestError;

/// Bytes that tell what the others are.
const HEAD: usize = 8 * 1024;

/// The text of bytes: UTF-8 or UTF-16 by its mark, with what is neither replaced. Lines end with `\n`.
pub(super) fn text(bytes: &[u8]) -> Result<String, IngestError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ if is_binary(bytes) => return Err(IngestError::Binary),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    Ok(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
}

/// Whether the first bytes are those of no text.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    !marked && bytes.get(..HEAD).unwrap_or(bytes).contains(&0)
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| read(*pair));
    let mut text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_by_their_mark_and_never_refused_for_a_wrong_one() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(text(bytes).unwrap(), expect, "{bytes:?}");
        check(b"a\r\nb\rc", "a\nb\nc");
        check(b"\xef\xbb\xbfa", "a");
        check(b"\xff\xfea\0\xac\x20", "a€");
        check(b"\xfe\xff\0a\x20\xac", "a€");
        check(b"\xff\xfe\x00\xd8a", "\u{fffd}\u{fffd}");
        check(b"caf\xe9", "caf\u{fffd}");
        assert!(matches!(text(b"a\0b"), Err(IngestError::Binary)));
    }
}
