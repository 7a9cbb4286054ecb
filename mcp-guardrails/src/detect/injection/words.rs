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

pub(super) const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte.to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193)
}

/// The hash of a word that is known beforehand.
pub(super) const fn hash(word: &str) -> u32 {
    let (bytes, mut at, mut hash) = (word.as_bytes(), 0, SEED);
    while at < bytes.len() {
        #[cfg_attr(
            not(test),
            expect(clippy::indexing_slicing, reason = "within bounds, and constants have no iterators")
        )]
        let byte = bytes[at];
        hash = step(hash, byte);
        at += 1;
    }
    hash
}

/// The words of a text: runs of letters and digits; scripts without spaces fall into overlapping pairs of letters.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let byte = *bytes.get(at)?;
            if byte >= 0x80 || byte.is_ascii_alphanumeric() {
                break;
            }
            at += 1;
        }
        let start = at;
        let (mut hash, mut stem, mut letters, mut digits) = (SEED, SEED, 0u16, 0u16);
        while let Some(byte) = bytes.get(at) {
            if *byte < 0x80 && !byte.is_ascii_alphanumeric() {
                break;
            }
            // Three bytes for each character of scripts without spaces: two of them make a word.
            if *byte >= 0xE3 && at >= start + 6 {
                break;
            }
            hash = step(hash, *byte);
            if at < start + 5 {
                stem = hash;
            }
            if byte.is_ascii_digit() {
                digits = digits.saturating_add(1)
            } else {
                letters = letters.saturating_add(1)
            }
            at += 1;
        }
        let end = at;
        if at >= start + 6 && bytes.get(at).is_some_and(|byte| *byte >= 0xE3) {
            at = start + 3;
        }
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
