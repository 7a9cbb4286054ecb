//! The text of this repository has nothing in it that its own detector takes for a credential: values of tests are put together when they
//! run, so that whoever scans a copy has nothing to look into.

use std::path::Path;
use std::process::Command;

use mcp_guardrails::Text;
use mcp_guardrails::detect::{Detector, Secrets};

/// Seeds of the fuzzers have to hold what the detectors look for.
const SEEDS: &str = "mcp-core/fuzz/seeds/";
/// What rules count where they do not say how sure a detector has to be.
const SURE: f32 = 0.5;

#[test]
fn no_tracked_file_holds_what_looks_like_a_credential() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output();
    let listed = match listed {
        Ok(output) if output.status.success() => output.stdout,
        other => {
            assert!(std::env::var_os("CI").is_none(), "CI must not leave a test out: {other:?}");
            eprintln!("SKIPPED: this is no checkout, so that nobody knows which files are its own");
            return;
        }
    };
    let (detector, mut read, mut told) = (Secrets::default(), 0, Vec::new());
    for name in
        String::from_utf8(listed).unwrap().split_terminator('\0').filter(|name| !name.starts_with(SEEDS))
    {
        // What is no text is no source; what is gone is about to be committed so.
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        read += 1;
        let mut found = Vec::new();
        detector.scan(&Text::new(&text), &mut found);
        told.extend(found.iter().filter(|finding| finding.score >= SURE).map(|finding| {
            let line = 1 + text[..finding.span.start].matches('\n').count();
            format!("{name}:{line}: {}", finding.kind.as_str())
        }));
    }
    assert!(read > 500, "only {read} files were read");
    assert!(told.is_empty(), "{} places:\n{}", told.len(), told.join("\n"));
}
