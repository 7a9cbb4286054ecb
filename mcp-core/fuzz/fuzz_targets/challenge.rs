//! Challenges: any header can be read, and what was read can be written and read again.
#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::fuzz_target;
use mcp_core::auth::client::Challenge;

fuzz_target!(|data: &[u8]| {
    let found = Challenge::parse(data);
    assert!(found.len() <= 16, "{} challenges", found.len());
    for challenge in &found {
        assert!(is_token(challenge.scheme()), "a scheme `{}`", challenge.scheme());
        for (name, _) in challenge.parameters() {
            assert!(is_token(name), "a parameter `{name}`");
            // The first of several with one name counts, in any case.
            assert_eq!(challenge.get(name), challenge.get(&name.to_ascii_uppercase()));
        }
    }
    assert_eq!(Challenge::parse(written(&found).as_bytes()), found);
});

/// The challenges as a header, with every value in quotes.
fn written(challenges: &[Challenge]) -> String {
    let mut header = String::new();
    for challenge in challenges {
        write!(header, ", {}", challenge.scheme()).expect("a string takes all");
        for (at, (name, value)) in challenge.parameters().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            let comma = if at == 0 { ' ' } else { ',' };
            write!(header, "{comma}{name}=\"{value}\"").expect("a string takes all");
        }
    }
    header
}

fn is_token(text: &str) -> bool {
    let mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || mark(byte))
}
