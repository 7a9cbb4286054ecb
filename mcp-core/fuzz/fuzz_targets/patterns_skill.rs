//! A `SKILL.md`, or a command or agent in Markdown, from anybody: what is strict is lenient, problems have lines of the file, and a
//! frontmatter that is written as JSON again is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_patterns::skill::{Frontmatter, Invalid, Mode, Problem, Severity, Skill};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let strict = Skill::parse(&text, Some("a"), Mode::Strict);
    let lenient = Skill::parse(&text, Some("a"), Mode::Lenient);
    for read in [&strict, &lenient] {
        match read {
            Ok(skill) => whole(skill, &text),
            Err(Invalid { problems }) => {
                assert!(problems.first().is_some_and(|problem| problem.severity == Severity::Error));
                lines(problems, &text);
            }
        }
    }
    if let Ok(strict) = strict {
        let lenient = lenient.as_ref().expect("what is strict is lenient");
        assert_eq!(strict.name, "a");
        assert_eq!((&strict.name, &strict.frontmatter), (&lenient.name, &lenient.frontmatter));
        assert_eq!((&strict.description, &strict.body), (&lenient.description, &lenient.body));
    }
    // Commands and agents need no more than a frontmatter.
    if let Ok((parts, problems)) = Frontmatter::parse(&text, Mode::Lenient) {
        lines(&problems, &text);
        assert!(text.ends_with(&parts.body));
        again(parts);
    }
});

fn whole(skill: &Skill, text: &str) {
    assert!(!skill.description.is_empty());
    assert!(text.contains(&skill.body));
    assert!(skill.problems.iter().all(|problem| problem.severity == Severity::Warning));
    lines(&skill.problems, text);
}

fn lines(problems: &[Problem], text: &str) {
    let last = text.split('\n').count();
    for problem in problems {
        assert!(!problem.message.is_empty());
        assert!(problem.line.is_none_or(|line| (1..=last + 1).contains(&line)), "{problem} of {last} lines");
    }
}

/// JSON is YAML.
fn again(parts: Frontmatter) {
    let fields = Value::Object(parts.fields);
    let text = format!("---\n{fields}\n---\n{}", parts.body);
    let (read, _) = Frontmatter::parse(&text, Mode::Lenient).expect("what was read can be written");
    assert_eq!((Value::Object(read.fields), read.body), (fields, parts.body));
}
