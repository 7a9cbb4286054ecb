//! Any text: no detector panics, what they find is within the text and between its characters, and a text that is redacted in parts is
//! redacted as if it were whole.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use mcp_guardrails::detect::redact::Redactor;
use mcp_guardrails::detect::{Detector, PersonalData, Secrets, standard};
use mcp_guardrails::text::Text;

static DETECTORS: LazyLock<Vec<Arc<dyn Detector>>> = LazyLock::new(standard);
static REDACTOR: LazyLock<Redactor> =
    LazyLock::new(|| Redactor::new(vec![Arc::new(Secrets::default()), Arc::new(PersonalData::default())]));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let wrapped = Text::new(text);
    let mut found = Vec::new();
    for detector in DETECTORS.iter() {
        detector.scan(&wrapped, &mut found);
    }
    for finding in &found {
        assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
        assert!((0.0..=1.0).contains(&finding.score), "{finding:?}");
    }
    let size = data.first().map_or(1, |byte| usize::from(*byte) * 17 + 1);
    let mut stream = REDACTOR.stream();
    let (mut clean, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.ceil_char_boundary(size));
        clean.push_str(&stream.push(part));
        rest = after;
    }
    clean.push_str(&stream.finish().0);
    assert_eq!(clean, REDACTOR.redact(text).text);
});
