//! Words around a number that say what it is.

use std::ops::Range;

use super::super::prefilter::Owner;
use crate::text::View;

/// What a word speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Card,
    Phone,
    SocialSecurity,
    License,
    Birth,
    Crypto,
    NationalId,
    Link,
}

/// Words in several languages, with what they speak of.
const WORDS: &[(Topic, &[&str])] = &[
    (
        Topic::Card,
        &["card", "visa", "mastercard", "amex", "maestro", "debit", "karte", "carte", "tarjeta", "carta"],
    ),
    (
        Topic::Phone,
        &[
            "phone",
            "call",
            "mobile",
            "cell",
            "fax",
            "desk",
            "office",
            "tel",
            "telefon",
            "telefono",
            "telephone",
            "whatsapp",
            "sms",
            "text me",
            "answering",
            "messages to",
            "my registered",
            "handy",
            "portable",
            "contact",
            "dial",
            "hotline",
            "móvil",
        ],
    ),
    (Topic::SocialSecurity, &["ssn", "social security", "itin", "taxpayer"]),
    (
        Topic::License,
        &[
            "driver's license",
            "drivers license",
            "driver license",
            "driving licence",
            "driving license",
            "license number",
            "dl number",
            "führerschein",
            "permis de conduire",
        ],
    ),
    (
        Topic::Birth,
        &[
            "born",
            "birth",
            "dob",
            "birthday",
            "geboren",
            "geburtsdatum",
            "né le",
            "née le",
            "naissance",
            "nacimiento",
            "nascita",
        ],
    ),
    (Topic::Crypto, &["bitcoin", "btc", "wallet", "crypto", "litecoin", "ethereum", "donate"]),
    (
        Topic::NationalId,
        &[
            "aadhaar",
            "aadhar",
            "pan card",
            "cpf",
            "pesel",
            "bsn",
            "burgerservicenummer",
            "personnummer",
            "nhs",
            "national insurance",
            "nino",
            "steuer-id",
            "steueridentifikationsnummer",
            "steuernummer",
            "dni",
            "nie",
            "codice fiscale",
            "sécurité sociale",
            "insee",
            "nir",
            "national id",
            "identity number",
            "identity card",
            "id number",
            "passport",
            "reisepass",
            "passeport",
            "pasaporte",
            "sin number",
            "social insurance",
            "tfn",
            "tax file",
            "medicare",
            "resident id",
            "身份证",
            "身份證",
        ],
    ),
    (Topic::Link, &["://", "www."]),
];

/// Every word with its topic, in the order of their numbers.
fn entries() -> impl Iterator<Item = (Topic, &'static str)> {
    WORDS.iter().flat_map(|(topic, words)| words.iter().map(|word| (*topic, *word)))
}

pub(crate) fn literals() -> Vec<String> {
    entries().map(|(_, word)| word.to_owned()).collect()
}

/// The places of words in a view.
#[derive(Debug)]
pub(super) struct Words {
    places: Vec<(Topic, Range<usize>)>,
}

impl Words {
    pub(super) fn of(view: &View<'_>) -> Self {
        static TOPICS: std::sync::LazyLock<Vec<Topic>> =
            std::sync::LazyLock::new(|| entries().map(|(topic, _)| topic).collect());
        let bytes = view.as_str().as_bytes();
        let whole = |range: &Range<usize>| {
            !range
                .start
                .checked_sub(1)
                .and_then(|before| bytes.get(before))
                .is_some_and(u8::is_ascii_alphabetic)
        };
        let own = view.hits(Owner::Pii);
        let places = own.filter_map(|hit| Some((*TOPICS.get(usize::from(hit.literal))?, hit.range())));
        Self { places: places.filter(|(topic, range)| *topic == Topic::Link || whole(range)).collect() }
    }

    /// Whether a word of the topic stands shortly before a place, or right after it.
    pub(super) fn near(&self, topic: Topic, place: &Range<usize>) -> bool {
        self.places.iter().any(|(of, word)| {
            *of == topic
                && (word.end <= place.start && place.start - word.end <= 45
                    || word.start >= place.end && word.start - place.end <= 12)
        })
    }

    /// Where the words of a topic are.
    pub(super) fn places(&self, topic: Topic) -> impl Iterator<Item = &Range<usize>> {
        self.places.iter().filter(move |(of, _)| *of == topic).map(|(_, place)| place)
    }
}
