use std::sync::Arc;

use proptest::prelude::*;

use super::{Mode, Redactor, SessionVault};
use crate::detect::{PersonalData, Secrets};

fn redactor() -> Redactor {
    Redactor::new(vec![Arc::new(Secrets::default()), Arc::new(PersonalData::default())])
}

fn token() -> String {
    ["ghp", "_9aK3vQ7xT2mB8nL4pR6sW1yZ5cD0eF3gH7jU"].concat()
}

fn in_parts(redactor: &Redactor, text: &str, sizes: &[usize]) -> String {
    let mut stream = redactor.stream();
    let (mut out, mut rest, mut sizes) = (String::new(), text, sizes.iter().cycle());
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.ceil_char_boundary(*sizes.next().unwrap()));
        out.push_str(&stream.push(part));
        rest = after;
    }
    out + &stream.finish().0
}

#[test]
fn modes_show_as_much_as_they_say() {
    let text = format!("use {} now", token());
    assert_eq!(redactor().redact(&text).text, "use [secret.github-token] now");
    assert!(redactor().mode(Mode::Partial).redact(&text).text.ends_with("*H7jU now"));
    let hash = redactor().mode(Mode::Hash);
    assert_eq!(hash.redact(&text).text, hash.redact(&text).text);
    assert!(!hash.redact(&text).text.contains("ghp_"));
    let vault = redactor().mode(Mode::Vault(Arc::new(SessionVault::default())));
    let clean = vault.redact(&text).text;
    assert_eq!(clean, "use [secret.github-token:1] now");
    assert_eq!(
        vault.restore(&format!("{clean}, [secret.github-token:2] and [")),
        format!("{text}, [secret.github-token:2] and [")
    );
}

#[test]
fn a_secret_that_is_split_is_caught() {
    let filler = "some words of a text that goes on. ".repeat(200);
    let text = format!("{filler}{} {filler}", token());
    let redactor = redactor();
    for size in [1, 7, 1000] {
        let clean = in_parts(&redactor, &text, &[size]);
        assert!(clean.contains("[secret.github-token]") && !clean.contains("9aK3v"), "{size}");
    }
}

#[test]
fn a_private_key_longer_than_a_step_goes_whole() {
    let key = format!(
        "-----BEGIN RSA {} KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        "PRIVATE",
        "q8Zk3vT1\n".repeat(900)
    );
    let clean = in_parts(&redactor(), &format!("a {key} b"), &[100]);
    assert!(
        clean.starts_with("a [secret.private-key]") && clean.ends_with(" b") && !clean.contains("q8Zk"),
        "{}",
        clean.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_do_not_matter(
        pieces in prop::collection::vec(prop_oneof![
            Just(token()),
            Just("card 4111 1111 1111 1111 ".to_owned()),
            Just("ann@example.org\n".to_owned()),
            Just("api_key = \"".to_owned()),
            "[a-zA-Z0-9 é\n=\":.-]{0,600}",
        ], 0..24),
        sizes in prop::collection::vec(1usize..3000, 1..5),
    ) {
        let text = pieces.concat();
        let redactor = redactor();
        prop_assert_eq!(in_parts(&redactor, &text, &sizes), redactor.redact(&text).text);
    }
}
