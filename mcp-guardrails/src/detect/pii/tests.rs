use super::{Locale, PersonalData};
use crate::detect::{Detector as _, Finding};
use crate::text::Text;

fn found(text: &str) -> Vec<(String, &str)> {
    let mut found: Vec<Finding> = Vec::new();
    PersonalData::default().scan(&Text::new(text), &mut found);
    found.iter().map(|finding| (finding.kind.to_string(), &text[finding.span.clone()])).collect()
}

#[test]
fn data_is_found_where_it_is() {
    for (text, kind, value) in [
        ("pay with 4111 1111 1111 1111 today", "pii.credit-card", "4111 1111 1111 1111"),
        ("card 378282246310005.", "pii.credit-card", "378282246310005"),
        ("to GB82 WEST 1234 5698 7654 32 now", "pii.iban", "GB82 WEST 1234 5698 7654 32"),
        ("write to ann.lee@mail.example.org, please", "pii.email", "ann.lee@mail.example.org"),
        ("call +49 (0)30 901820 then", "pii.phone", "+49 (0)30 901820"),
        ("Fax: 345-899-3560x4587", "pii.phone", "345-899-3560x4587"),
        ("(602)272-9781 is my number, call", "pii.phone", "(602)272-9781"),
        ("her SSN is 219-09-9999", "pii.us-ssn", "219-09-9999"),
        ("from 86.121.97.248:80", "pii.ip-address", "86.121.97.248"),
        ("at 2001:db8:85a3::8a2e:370:7334 today", "pii.ip-address", "2001:db8:85a3::8a2e:370:7334"),
        ("born on 8/5/1989 in", "pii.date-of-birth", "8/5/1989"),
        ("driver's license number is U6292878", "pii.us-driver-license", "U6292878"),
        ("see https://Example.com/a?b=c.", "pii.url", "https://Example.com/a?b=c"),
        (
            "send to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "pii.crypto-address",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        ("card ４１１１１１１１１１１１１１１１", "pii.credit-card", "４１１１１１１１１１１１１１１１"),
        ("BSN 111222333", "pii.nl-bsn", "111222333"),
    ] {
        let all = found(text);
        assert!(all.contains(&(kind.to_owned(), value)), "{text}: {all:?}");
    }
}

#[test]
fn other_numbers_are_left_alone() {
    for text in [
        "took 1234567890 ns",
        "of 18446744073709551615 1111 1111",
        "version 1.2.3",
        "at 2000-04-16 11:34:35",
        "0.4111111111111111",
        "id 123e4567-e89b-12d3-a456-426614174000",
        "std::fmt::Write",
        "4111111111111112 is wrong",
        "call f(10, 20)",
        "sha 9f86d081884c7d659a2feaa0c55ad015",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn locales_can_be_chosen() {
    let mut found = Vec::new();
    PersonalData::of(&[Locale::De]).scan(&Text::new("SSN 219-09-9999, BSN 111222333"), &mut found);
    assert_eq!(found, []);
}

#[test]
fn no_digit_is_made_of_what_is_plain() {
    for c in (0x80..=char::MAX as u32).filter_map(char::from_u32).filter(|c| super::is_plain(*c)) {
        let folded = crate::text::fold_word(c.encode_utf8(&mut [0; 4]));
        assert!(!folded.contains(|c: char| c.is_ascii_digit() || c == '@'), "{c} becomes {folded}");
    }
    assert!(super::may_hide("４") && super::may_hide("&#52;") && !super::may_hide("“a” – é"));
}
