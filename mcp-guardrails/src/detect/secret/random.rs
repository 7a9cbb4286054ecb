//! Whether a value is random, as secrets are, or made of words.

/// Shannon entropy in bits per byte.
pub(super) fn entropy(value: &str) -> f32 {
    let mut counts = [0u16; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    }
    let length = value.len() as f32;
    counts.iter().filter(|count| **count > 0).map(|count| f32::from(*count) / length).map(|share| -share * share.log2()).sum()
}

/// Whether most bytes follow the one before them, as in `abcdef` or `aaaa`.
pub(super) fn is_counting(value: &str) -> bool {
    let steps = value.as_bytes().windows(2).filter(|pair| {
        matches!(pair, [a, b] if a == b || a.checked_add(1) == Some(*b))
    });
    steps.count() * 2 > value.len()
}

/// How often a letter follows another in English and in identifiers, from 0 (never) to 9, a row for each first letter.
/// Made by `scripts/letter-pairs` from prose and source code.
const PAIRS: &str = include_str!("pairs.txt");

/// How much the letters of a value follow each other as in words, from 0 to 9; none if it has too few to tell.
pub(super) fn wordiness(value: &str) -> Option<f32> {
    let pairs = PAIRS.as_bytes();
    let (mut sum, mut count) = (0u32, 0u16);
    for pair in value.as_bytes().windows(2) {
        if let [a, b] = pair
            && a.is_ascii_alphabetic()
            && b.is_ascii_alphabetic()
        {
            // A row is 26 digits and the end of the line.
            let row = usize::from(a.to_ascii_lowercase() - b'a') * 27;
            let digit = pairs.get(row + usize::from(b.to_ascii_lowercase() - b'a'));
            sum += u32::from(digit.copied().unwrap_or(b'0').saturating_sub(b'0'));
            count += 1;
        }
    }
    (count >= 4).then(|| sum as f32 / f32::from(count))
}

#[cfg(test)]
mod tests {
    use super::{entropy, is_counting, wordiness};

    #[test]
    fn words_are_told_from_random_letters() {
        for words in ["example_api_key_name", "schemaDocumentVector", "internal-hermes-service"] {
            assert!(wordiness(words).unwrap() > 5.0, "{words} {:?}", wordiness(words));
        }
        for random in ["zf3d0lxcm3eimbgjpunnkrtofoueh", "9qkvj2xwzt7bmnrp"] {
            assert!(wordiness(random).unwrap() < 4.9, "{random} {:?}", wordiness(random));
        }
        assert_eq!(wordiness("1234567890"), None);
    }

    #[test]
    fn entropy_is_in_bits_per_byte() {
        assert!((entropy("abcd") - 2.0).abs() < 1e-6);
        assert!(entropy("aaaa") < 1e-6);
        assert!(is_counting("abcdefgh012345") && is_counting("xxxxxxxx") && !is_counting("q8fj2kd9"));
    }
}
