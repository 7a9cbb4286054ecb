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
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f32::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

/// Whether the bytes follow each other as in `abcdef`, a dozen of them or, where `aaaa` counts too, most.
pub(super) fn is_counting(value: &str) -> bool {
    let (mut steps, mut run, mut longest) = (0, 0, 0);
    for pair in value.as_bytes().windows(2) {
        let follows = matches!(pair, [a, b] if a == b || a.checked_add(1) == Some(*b));
        run = if follows && matches!(pair, [a, b] if a != b) { run + 1 } else { 0 };
        steps += usize::from(follows);
        longest = longest.max(run);
    }
    longest >= 12 || steps * 10 > value.len() * 8
}

/// How often a letter follows another in English and in identifiers, from 0 (never) to 9, a row for each first letter.
/// Made by `scripts/letter-pairs` from prose and source code.
const PAIRS: &str = include_str!("pairs.txt");

/// How much the letters of a value follow each other as in words, from 0 to 9; none if it has too few to tell.
pub(super) fn wordiness(value: &str) -> Option<f32> {
    let (mean, count) = pairs(value);
    (count >= 4).then_some(mean)
}

/// Whether a value that looks like a token by its beginning or its name is made of words all the same.
pub(super) fn is_wordy(value: &str) -> bool {
    let (mean, count) = pairs(value);
    count >= 14 && count * 5 >= value.len() * 3 && mean >= 5.6
}

/// How common four bytes are in words, from 0 to 27: spaces and signs are commoner than rare pairs of letters.
pub(in crate::detect) fn commonness(four: &[u8; 4]) -> u32 {
    let digit = |a: u8, b: u8| {
        let letters = a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
        let row = usize::from(a.to_ascii_lowercase().wrapping_sub(b'a')) * 27
            + usize::from(b.to_ascii_lowercase().wrapping_sub(b'a'));
        let spaced = (a == b' ') != (b == b' ') && (a.is_ascii_alphabetic() || b.is_ascii_alphabetic());
        let of =
            PAIRS.as_bytes().get(row).filter(|_| letters).map(|digit| u32::from(digit.saturating_sub(b'0')));
        of.unwrap_or(if spaced { 8 } else { 1 })
    };
    let [a, b, c, d] = *four;
    digit(a, b) + digit(b, c) + digit(c, d)
}

/// The mean over pairs of letters, and how many there are.
fn pairs(value: &str) -> (f32, usize) {
    let pairs = PAIRS.as_bytes();
    let (mut sum, mut count) = (0u32, 0usize);
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
    (sum as f32 / count.max(1) as f32, count)
}

/// Values that documentation of their makers shows to everybody, by their hashes (FNV-1a of 64 bits), in order.
const PUBLISHED: &[u64] = &[
    0x08B5_4596_2ADC_7D8B,
    0x1211_3C2E_6979_F447,
    0x1A3E_1C90_EE66_98A0,
    0x294C_63F8_344D_5DF1,
    0x29A3_36C7_244F_48DD,
    0x4155_0317_7A5C_10E1,
    0x515C_B771_A423_8032,
    0x6835_E0F2_8883_2A40,
    0x6ACB_D824_BD32_BBD4,
    0x816C_D10F_DB11_EAD0,
    0x8288_18F8_3325_7868,
    0x99B2_7263_46A1_E92A,
    0xADBD_04E3_FE1B_6D49,
    0xC73F_1E61_952E_6987,
    0xC800_BF21_00A2_1C67,
    0xD8E1_3CDE_D253_33C6,
    0xDB94_22F1_DD33_2DCC,
    0xE754_678E_A2B1_4EF1,
    0xE766_6DBB_286C_6C2E,
];

/// Whether a value is a published sample.
pub(super) fn is_published(value: &str) -> bool {
    let hash = value
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    PUBLISHED.binary_search(&hash).is_ok()
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
