//! Rule files of gitleaks: each is read or refused with a message, and whatever was read can be applied.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_guardrails::detect::Detector as _;
use mcp_guardrails::detect::secret::gitleaks::GitleaksRules;
use mcp_guardrails::text::Text;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match GitleaksRules::from_toml(text) {
        // Large patterns take long to compile, which is not what is looked for.
        Ok(rules) if text.len() < 2048 => {
            let mut found = Vec::new();
            rules.scan(&Text::new(text), &mut found);
            assert!(found.iter().all(|finding| text.get(finding.span.clone()).is_some()));
        }
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
