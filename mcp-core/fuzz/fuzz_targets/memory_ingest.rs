//! Documents from anybody, of each format but PDF, whose parser is another's and may panic (`read` catches that, and the fuzzer would
//! not let it): each is read or refused, and what is read becomes memories that are not too long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_memory::ingest::read;

const NAMES: [&str; 13] = [
    "a", "a.txt", "a.md", "a.html", "a.csv", "a.json", "a.jsonl", "a.docx", "a.epub", "a.rs", "a.py", "a.c", "a.java",
];
const SIZE: usize = 100;

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    if name == "a" && bytes.starts_with(b"%PDF-") {
        return;
    }
    match read(bytes, name) {
        Ok(document) => {
            for chunk in document.chunks(SIZE) {
                assert!(!chunk.text.trim().is_empty());
                assert!(chunk.content().len() <= 64 * 1024);
                let most = if chunk.turn.is_some() { SIZE * 8 } else { SIZE };
                assert!(chunk.text.chars().count() <= most);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
