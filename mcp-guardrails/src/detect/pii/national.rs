//! Numbers that states give to people, a pack for each country.

use super::checks::{decimal, luhn, verhoeff, weighted};

/// A country whose numbers are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "countries by their ISO 3166 codes")]
pub enum Locale {
    Us,
    Ca,
    Gb,
    De,
    Fr,
    Es,
    It,
    Nl,
    Pl,
    Se,
    Br,
    In,
    Cn,
    Au,
}

impl Locale {
    /// All that there are.
    pub const ALL: &[Self] = &[
        Self::Us,
        Self::Ca,
        Self::Gb,
        Self::De,
        Self::Fr,
        Self::Es,
        Self::It,
        Self::Nl,
        Self::Pl,
        Self::Se,
        Self::Br,
        Self::In,
        Self::Cn,
        Self::Au,
    ];
}

/// A format: its check, and whether it is so particular that no word beside it is needed.
struct Format {
    locale: Locale,
    kind: &'static str,
    alone: bool,
    check: fn(&str, &[u8]) -> bool,
}

const fn format(locale: Locale, kind: &'static str, alone: bool, check: fn(&str, &[u8]) -> bool) -> Format {
    Format { locale, kind, alone, check }
}

const FORMATS: &[Format] = &[
    format(Locale::Ca, "pii.ca-sin", false, |_, d| d.len() == 9 && luhn(d)),
    format(Locale::Gb, "pii.uk-nhs", false, |_, d| d.len() == 10 && nhs(d)),
    format(Locale::Gb, "pii.uk-nino", true, nino),
    format(Locale::De, "pii.de-tax-id", false, |_, d| d.len() == 11 && d.first() != Some(&0) && iso7064(d)),
    format(Locale::Fr, "pii.fr-nir", true, |_, d| {
        d.len() == 15 && matches!(d.first(), Some(1 | 2)) && nir(d)
    }),
    format(Locale::Es, "pii.es-dni", true, dni),
    format(Locale::It, "pii.it-fiscal-code", true, fiscal),
    format(Locale::Nl, "pii.nl-bsn", false, |_, d| {
        d.len() == 9 && weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0
    }),
    format(Locale::Pl, "pii.pl-pesel", false, |_, d| {
        d.len() == 11 && weighted(d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0
    }),
    format(Locale::Se, "pii.se-personnummer", false, |_, d| match d.len() {
        10 => luhn(d),
        12 => d.get(2..).is_some_and(luhn),
        _ => false,
    }),
    format(Locale::Br, "pii.br-cpf", false, |_, d| d.len() == 11 && cpf(d)),
    format(Locale::In, "pii.in-aadhaar", false, |_, d| {
        d.len() == 12 && matches!(d.first(), Some(2..=9)) && verhoeff(d)
    }),
    format(Locale::In, "pii.in-pan", false, |text, _| shaped(text, "AAAAA0000A")),
    format(Locale::Cn, "pii.cn-resident-id", true, resident),
    format(Locale::Au, "pii.au-tfn", false, |_, d| {
        d.len() == 9 && weighted(d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0
    }),
];

/// How many letters and digits the shortest and the longest of the formats have.
const SHORTEST: usize = 9;
const LONGEST: usize = 18;

/// The kind of the number that a token is, its separators taken out, given whether a word near it speaks of one.
pub(super) fn recognise(token: &str, spoken_of: bool, locales: &[Locale]) -> Option<(&'static str, f32)> {
    if !(SHORTEST..=LONGEST).contains(&token.len()) {
        return None;
    }
    let mut digits = [0; LONGEST];
    digits.iter_mut().zip(token.bytes()).for_each(|(digit, byte)| *digit = byte.wrapping_sub(b'0'));
    let digits = digits.get(..token.len()).filter(|digits| digits.iter().all(|digit| *digit < 10));
    FORMATS
        .iter()
        .filter(|format| locales.contains(&format.locale) && (format.alone || spoken_of))
        .find(|format| (format.check)(token, digits.unwrap_or(&[])))
        .map(|format| (format.kind, if spoken_of { 0.9 } else { 0.6 }))
}

/// Whether letters stand where the shape has `A` and digits where it has `0`.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, kind)| if kind == b'A' { byte.is_ascii_uppercase() } else { byte.is_ascii_digit() })
}

fn nhs(digits: &[u8]) -> bool {
    let check = 11 - weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    digits.last().is_some_and(|last| i32::from(*last) == check % 11 && check != 10)
}

fn nino(text: &str, _: &[u8]) -> bool {
    let letters = text.get(..2).unwrap_or("");
    shaped(text, "AA000000A")
        && text.ends_with(['A', 'B', 'C', 'D'])
        && !letters.contains(['D', 'F', 'I', 'Q', 'U', 'V'])
        && !letters.ends_with('O')
        && !matches!(letters, "BG" | "GB" | "KN" | "NK" | "NT" | "TN" | "ZZ")
}

/// ISO 7064 MOD 11,10.
fn iso7064(digits: &[u8]) -> bool {
    let (Some((last, rest)), mut product) = (digits.split_last(), 10u8) else { return false };
    for digit in rest {
        let sum = (digit + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    (11 - product) % 10 == *last
}

fn nir(digits: &[u8]) -> bool {
    let (head, key) = digits.split_at_checked(13).unwrap_or((digits, &[]));
    97 - decimal(head) % 97 == decimal(key)
}

fn dni(text: &str, _: &[u8]) -> bool {
    if text.len() != 9 {
        return false;
    }
    let number = match text.as_bytes().first() {
        Some(b'X') => format!("0{}", text.get(1..8).unwrap_or("")),
        Some(b'Y') => format!("1{}", text.get(1..8).unwrap_or("")),
        Some(b'Z') => format!("2{}", text.get(1..8).unwrap_or("")),
        _ => text.get(..8).unwrap_or("").to_owned(),
    };
    let expected =
        number.parse::<usize>().ok().and_then(|number| b"TRWAGMYFPDXBNJZSQVHLCKE".get(number % 23));
    number.bytes().all(|byte| byte.is_ascii_digit())
        && text.as_bytes().last() == expected
        && expected.is_some()
}

fn fiscal(text: &str, _: &[u8]) -> bool {
    const ODD: [u8; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let value = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
    shaped(text, "AAAAAA00A00A000A") && {
        let bytes = text.as_bytes();
        let sum: u32 = bytes
            .iter()
            .take(15)
            .enumerate()
            .map(|(at, byte)| {
                let value = value(*byte);
                u32::from(if at % 2 == 0 { ODD.get(usize::from(value)).copied().unwrap_or(0) } else { value })
            })
            .sum();
        bytes.last().is_some_and(|last| u32::from(last - b'A') == sum % 26)
    }
}

fn cpf(digits: &[u8]) -> bool {
    let check = |weights: &[i32]| weighted(digits, weights) * 10 % 11 % 10;
    let same = digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let at = |place: usize| digits.get(place).map(|digit| i32::from(*digit));
    !same
        && at(9) == Some(check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]))
        && at(10) == Some(check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]))
}

fn resident(text: &str, _: &[u8]) -> bool {
    let Some(head) = text.as_bytes().first_chunk::<17>() else { return false };
    let head = head.map(|byte| byte.wrapping_sub(b'0'));
    let sum = weighted(&head, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let check = usize::try_from(sum % 11).ok().and_then(|at| b"10X98765432".get(at));
    let year = text.get(6..10).and_then(|year| year.parse::<u16>().ok());
    text.len() == 18
        && head.iter().all(|digit| *digit < 10)
        && year.is_some_and(|year| (1900..2100).contains(&year))
        && text.as_bytes().last().map(u8::to_ascii_uppercase).as_ref() == check
}

#[cfg(test)]
mod tests {
    use super::{Locale, recognise};

    #[test]
    fn numbers_with_right_check_digits_are_known_and_others_not() {
        // Numbers from the documents that define them, or made up with right check digits.
        for (token, kind) in [
            ("AB123456C", "pii.uk-nino"),
            ("12345678Z", "pii.es-dni"),
            ("X1234567L", "pii.es-dni"),
            ("RSSMRA85T10A562S", "pii.it-fiscal-code"),
            ("9434765919", "pii.uk-nhs"),
            ("86095742719", "pii.de-tax-id"),
            ("111222333", "pii.nl-bsn"),
            ("44051401359", "pii.pl-pesel"),
            ("52998224725", "pii.br-cpf"),
            ("11010519491231002X", "pii.cn-resident-id"),
            ("ABCPE1234F", "pii.in-pan"),
        ] {
            let locales: Vec<Locale> = Locale::ALL.to_vec();
            let found = recognise(token, true, &locales).map(|(kind, _)| kind);
            assert_eq!(found, Some(kind), "{token}");
        }
        assert_eq!(recognise("12345678A", true, Locale::ALL), None);
        assert_eq!(recognise("86095742719", false, Locale::ALL), None);
        assert_eq!(recognise("AB123456C", true, &[Locale::De]), None);
    }
}
