//! `skill-rules.json` from anybody, on prompts and files; the first line, if it begins with `prompt:`, is the prompt.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_guardrails::skill::{SkillRules, Words};
use mcp_guardrails::{Engine, Event, FileEdit};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (prompt, file) = match text.strip_prefix("prompt:").and_then(|rest| rest.split_once('\n')) {
        Some((prompt, file)) => (prompt, file),
        None => ("create a form", &*text),
    };
    for words in [Words::Anywhere, Words::Whole] {
        match SkillRules::parse(file, "skill-rules.json", words) {
            Ok(skills) => {
                let lint = skills.lint([prompt]);
                let engine = Engine::builder().deadline(None).build(skills.rules()).expect("what was read can be used");
                let suggested = engine.decide(&Event::prompt(prompt)).skills().len();
                // Both ways of looking at the same words come to the same.
                assert_eq!(suggested > 0, lint.activated > 0, "{prompt:?}");
                let _ = engine.decide(&Event::file(FileEdit { path: prompt, content: Some(prompt), exists: true }));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
