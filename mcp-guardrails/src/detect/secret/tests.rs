use proptest::prelude::*;

use super::table::{KEYED, PLACED, Shape, TOKENS};
use super::{Secrets, literals};
use crate::detect::pattern::compile;
use crate::detect::{Detector as _, Finding};
use crate::text::Text;

fn found(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<Finding> = Vec::new();
    Secrets::default().scan(&Text::new(text), &mut found);
    found.iter().map(|finding| (finding.kind.to_string(), text[finding.span.clone()].to_owned())).collect()
}

#[test]
fn patterns_compile() {
    let shapes = KEYED.iter().flat_map(|keyed| keyed.shapes).filter_map(|shape| match shape {
        Shape::Like(pattern) => Some(*pattern),
        _ => None,
    });
    for pattern in TOKENS
        .iter()
        .map(|token| token.pattern)
        .chain(PLACED.iter().map(|placed| placed.pattern))
        .chain(shapes)
    {
        compile(pattern).unwrap_or_else(|error| panic!("{error}"));
    }
    for token in TOKENS {
        assert!(token.pattern.contains('@'), "{} has no place for its literal", token.kind);
    }
    assert!(literals().len() < usize::from(u16::MAX));
}

#[test]
fn credentials_are_found_with_their_place() {
    let random = "q8Zk3vT1xW5mB9nL2pR7sY4c";
    for (text, kind, value) in [
        (
            format!("export GITHUB={}{}", "ghp_", "9aK3vQ7xT2mB8nL4pR6sW1yZ5cD0eF3gH7jU"),
            "secret.github-token",
            40,
        ),
        (format!("aws {}{}", "AKIA", "Q3EGRWJTZKX5MN7B"), "secret.aws-access-key", 20),
        (format!("service_api_token = \"{random}\""), "secret.generic", 24),
        (format!("postgres:{}app:{random}@db/x", "//"), "secret.url-password", 24),
        (format!("curl {} admin:{random} https://x", "-u"), "secret.password", 30),
        (format!("Authorization: Bearer {random}"), "secret.authorization", 24),
        (format!("heroku_key: {}", "0b12c9f4-1a2b-4c3d-8e4f-5a6b7c8d9e0f"), "secret.heroku-key", 36),
    ] {
        let all = found(&text);
        assert!(all.iter().any(|(of, what)| of == kind && what.len() == value), "{text}: {all:?}");
    }
}

#[test]
fn what_is_no_credential_is_left_alone() {
    for text in [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "api_key = \"your-api-key-goes-here-1\"",
        "let key_length = X25519.key_length;",
        "publicKey = \"9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit\"",
        "const KEY_CHARS: &str = \"0123456789abcdefghijklmnop\";",
        "the access, 1234567890123, is",
        "monkey=q8Zk3vT1xW5mB9nL2pR7sY4c",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn an_encoded_credential_is_found_where_it_is_encoded() {
    // A key of AWS made of pieces, within base64.
    let text = concat!("config: YXdzX2FjY2Vzc19rZXlfaWQgPSBBS0", "lBUTNFR1JXSlRaS1g1TU43Qgo= end");
    assert!(
        found(text).iter().any(|(kind, what)| kind == "secret.aws-access-key" && what.starts_with("YXdz")),
        "{:?}",
        found(text)
    );
}

proptest! {
    #[test]
    fn places_are_on_characters(text in "(\\PC|ghp_|AKIA|token=|-----BEGIN|://|curl -u |[A-Za-z0-9]{20}){0,40}") {
        let mut all: Vec<Finding> = Vec::new();
        Secrets::default().scan(&Text::new(&text), &mut all);
        for finding in all {
            prop_assert!(text.get(finding.span.clone()).is_some_and(|value| !value.is_empty()));
            prop_assert!((0.0..=1.0).contains(&finding.score));
        }
    }
}
