//! Filters of memories, as JSON from anybody: each is read or refused with its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_memory::filter::Filter;

fuzz_target!(|data: &[u8]| {
    let Ok(json) = serde_json::from_slice(data) else { return };
    match Filter::parse(&json) {
        Ok(filter) => assert!(filter.to_json().is_object()),
        Err(error) => assert!(error.path.starts_with("filter") && !error.problem.is_empty()),
    }
});
