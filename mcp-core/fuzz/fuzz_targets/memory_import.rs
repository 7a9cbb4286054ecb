//! Files of other memories: each entry is read or left out with a reason, and none of them stops the others.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_memory::import::{Format, read_bytes};

fuzz_target!(|data: &[u8]| {
    for format in [Format::Doobidoo, Format::Mem0, Format::Graph, Format::Markdown] {
        for entry in read_bytes(format, data) {
            match entry {
                Ok(draft) => assert!(!draft.content.trim().is_empty() && draft.metadata.contains_key("imported")),
                Err(problem) => assert!(!problem.problem.is_empty()),
            }
        }
    }
});
