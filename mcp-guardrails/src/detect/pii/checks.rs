//! Check digits.

/// The sum of Luhn: cards, Swedish and Canadian numbers.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(*digit);
            if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// The number that digits write; the largest there is where they are too many.
pub(super) fn decimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(*digit)))
}

/// The sum of digits by weight.
pub(super) fn weighted(digits: &[u8], weights: &[i32]) -> i32 {
    digits.iter().zip(weights).map(|(digit, weight)| i32::from(*digit) * weight).sum()
}

/// ISO 7064 MOD 97-10 over an IBAN, its first four characters moved to its end.
pub(super) fn mod97(iban: &str) -> bool {
    let (head, rest) = iban.split_at_checked(4).unwrap_or((iban, ""));
    let mut remainder = 0u32;
    for c in rest.chars().chain(head.chars()) {
        let Some(value) = c.to_digit(36) else { return false };
        remainder = (if value > 9 { remainder * 100 } else { remainder * 10 } + value) % 97;
    }
    remainder == 1
}

/// The scheme of Verhoeff: Aadhaar.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    // The dihedral group of order ten: rotations below five, reflections from five on.
    let times = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let once = |digit: u8| [1, 5, 7, 6, 2, 8, 3, 0, 9, 4].get(usize::from(digit)).copied().unwrap_or(0);
    let mut check = 0;
    for (at, digit) in digits.iter().rev().enumerate() {
        let turned = (0..at % 8).fold(*digit, |digit, _| once(digit));
        check = times(check, turned);
    }
    check == 0
}

/// The checksum of Bech32 and Bech32m (BIP 173, BIP 350).
pub(super) fn bech32(address: &str) -> bool {
    const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let Some((prefix, data)) = address.rsplit_once('1') else { return false };
    let mut state = 1u32;
    let mut step = |value: u32| {
        let top = state >> 25;
        state = ((state & 0x01FF_FFFF) << 5) ^ value;
        for (bit, generator) in
            [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3].iter().enumerate()
        {
            if (top >> bit) & 1 == 1 {
                state ^= generator;
            }
        }
    };
    prefix.bytes().for_each(|byte| step(u32::from(byte) >> 5));
    step(0);
    prefix.bytes().for_each(|byte| step(u32::from(byte) & 31));
    for c in data.chars() {
        let Some(value) = ALPHABET.find(c) else { return false };
        step(u32::try_from(value).unwrap_or(0));
    }
    matches!(state, 1 | 0x2BC8_30A3)
}

#[cfg(test)]
mod tests {
    use super::{bech32, decimal, luhn, mod97, verhoeff};

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn published_examples_pass_and_neighbours_fail() {
        assert!(luhn(&digits("79927398713")) && !luhn(&digits("79927398710")));
        assert!(mod97("GB82WEST12345698765432") && !mod97("GB82WEST12345698765433"));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert_eq!((decimal(&digits("0042")), decimal(&[])), (42, 0));
        assert_eq!(decimal(&digits("184467440737095516150")), u64::MAX);
        assert!(bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(!bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
    }
}
