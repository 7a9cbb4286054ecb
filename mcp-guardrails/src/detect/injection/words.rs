//! Words of a text as numbers.

/// A word: its hash whatever the case, where it is, and what it is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) hash: u32,
    /// The hash of its first five letters: `instruct` and `instructions` share it.
    pub(crate) stem: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) letters: u16,
    pub(crate) digits: u16,
}

const SEED: u32 = 0x811C_9DC5;
/// Letters that words share whose stem is the same.
const STEM: usize = 5;
/// The case of ASCII letters does not count; what else falls together seldom does in words.
const FOLD: u64 = 0x2020_2020_2020_2020;

const fn step(hash: u32, eight: u64) -> u32 {
    let mixed = (hash as u64 ^ eight).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)) as u32
}

/// The first bytes of eight; the others are nothing.
const fn head(eight: u64, length: usize) -> u64 {
    if length >= 8 { eight } else { eight & ((1 << (8 * length)) - 1) }
}

/// The hash of a word that is known beforehand.
pub(super) const fn hash(word: &str) -> u32 {
    let (bytes, mut at, mut hash) = (word.as_bytes(), 0, SEED);
    while at < bytes.len() {
        let (mut eight, mut next) = (0, 0);
        while next < 8 && at + next < bytes.len() {
            #[cfg_attr(
                not(test),
                expect(clippy::indexing_slicing, reason = "within bounds, and constants have no iterators")
            )]
            let byte = bytes[at + next];
            eight |= (byte as u64) << (8 * next);
            next += 1;
        }
        hash = step(hash, head(eight | FOLD, next));
        at += 8;
    }
    hash
}

/// Eight bytes from a place on, with zeros where there are no more.
#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let chunk = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut chunk = [0; 8];
        chunk.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        chunk
    });
    u64::from_le_bytes(chunk) | FOLD
}

/// What bytes are: 0 between words, 1 a letter, 2 a digit, 3 the beginning of a character of more than two bytes as of scripts without spaces.
const CLASSES: [u8; 256] = {
    let (mut classes, mut byte) = ([0; 256], 0);
    while byte < 256 {
        #[cfg_attr(
            not(test),
            expect(clippy::indexing_slicing, reason = "within bounds, and constants have no iterators")
        )]
        {
            classes[byte] = match byte as u8 {
                b'0'..=b'9' => 2,
                b'a'..=b'z' | b'A'..=b'Z' | 0x80..=0xE2 => 1,
                0xE3.. => 3,
                _ => 0,
            };
        }
        byte += 1;
    }
    classes
};

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// The words of a text: runs of letters and digits; scripts without spaces fall into overlapping pairs of letters.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes.get(at..)?.iter().take_while(|byte| class(**byte) == 0).count();
        let start = at;
        bytes.get(start)?;
        let (mut digits, mut pair) = (0u16, false);
        while let Some(class) = bytes.get(at).map(|byte| class(*byte)) {
            // Three bytes for each character of scripts without spaces: two of them make a word.
            pair = class == 3 && at >= start + 6;
            if class == 0 || pair {
                break;
            }
            digits = digits.saturating_add(u16::from(class == 2));
            at += 1;
        }
        let end = at;
        if pair {
            at = start + 3;
        }
        let (mut hash, length) = (SEED, end - start);
        let first = eight(bytes, start);
        let stem = step(SEED, head(first, length.min(STEM)));
        for place in (start..end).step_by(8) {
            let part = if place == start { first } else { eight(bytes, place) };
            hash = step(hash, head(part, end - place));
        }
        let letters = u16::try_from(length).unwrap_or(u16::MAX).saturating_sub(digits);
        Some(Token { hash, stem, start, end, letters, digits })
    })
}

#[cfg(test)]
mod tests {
    use super::{hash, tokens};

    #[test]
    fn words_are_told_apart_whatever_their_case() {
        let words: Vec<_> = tokens("Ignore ALL, l33t!").collect();
        assert_eq!(
            words.iter().map(|word| word.hash).collect::<Vec<_>>(),
            [hash("ignore"), hash("all"), hash("l33t")]
        );
        assert_eq!((words[2].letters, words[2].digits), (2, 2));
        assert_eq!(&"Ignore ALL"[words[1].start..words[1].end], "ALL");
        assert_eq!(tokens("忽略之前").map(|word| word.end - word.start).collect::<Vec<_>>(), [6, 6, 6]);
    }
}
