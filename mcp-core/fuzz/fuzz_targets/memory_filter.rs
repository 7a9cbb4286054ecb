//! Filters of memories, as JSON from anybody: each is read or refused with its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_memory::filter::Filter;

fuzz_target!(|data: &[u8]| {
    let Ok(json) = serde_json::from_slice(data) else { return };
    match Filter::parse(&json) {
        Ok(filter) => {
            let twice = serde_json::json!({ "all": [json] });
            assert!(filter.is_everything() || Filter::parse(&twice).is_ok());
        }
        Err(error) => assert!(error.path.starts_with("filter") && !error.problem.is_empty()),
    }
});
