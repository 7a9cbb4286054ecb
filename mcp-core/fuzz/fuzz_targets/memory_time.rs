//! What people call a time, in a zone with summer time: each phrase is read or refused, a span never ends before it begins, and what is
//! found in a text is a part of it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcp_memory::time::{TimeContext, resolve, spot};

static BERLIN: LazyLock<TimeContext> = LazyLock::new(|| {
    TimeContext::new("2026-03-18T15:30:00+01:00[Europe/Berlin]".parse().expect("a time"))
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match resolve(text, &BERLIN) {
        Ok(range) => {
            if let (Some(from), Some(to)) = range.milliseconds() {
                assert!(from <= to);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Some(found) = spot(text, &BERLIN) {
        assert!(text.get(found.start..found.end).is_some_and(|phrase| !phrase.is_empty()));
    }
});
