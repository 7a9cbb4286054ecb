//! What the reference validator of Agent Skills says of the same texts: we refuse what it refuses, and nothing else but what is named here.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use mcp_patterns::skill::{Mode, Severity, Skill};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

/// Answers each line, a text and the name of its directory, with what is wrong.
const VALIDATE: &str = r#"
import json, sys
from pathlib import Path
from skills_ref.errors import ParseError
from skills_ref.parser import parse_frontmatter
from skills_ref.validator import validate_metadata
for line in sys.stdin:
    asked = json.loads(line)
    try:
        errors = validate_metadata(parse_frontmatter(asked["text"])[0], Path(asked["directory"]))
    except ParseError as error:
        errors = [str(error)]
    print(json.dumps(errors), flush=True)
"#;

/// What the reference lets pass. It takes every scalar for a text, which other readers of YAML do not, and an empty `compatibility`; and it
/// goes on below dashes that stand within the frontmatter.
const STRICTER: [&str; 3] =
    ["must be a text; put it in quotes", "must not be empty", "`---` within the frontmatter"];

struct Reference {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    /// Nothing where `MCP_TEST_SKILLS_REF` names no Python that has it (`scripts/skills-ref` has one).
    fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("MCP_TEST_SKILLS_REF") else {
            let problem =
                "MCP_TEST_SKILLS_REF names no Python with skills-ref (`scripts/skills-ref` has one)";
            assert!(std::env::var_os("CI").is_none(), "{problem}");
            eprintln!("SKIPPED: {problem}");
            return None;
        };
        let mut python = Command::new(python);
        python.args(["-c", VALIDATE]).env("PYTHONUTF8", "1");
        let mut process = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (ask, answers) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Some(Self { process, ask, answers })
    }

    fn errors(&mut self, text: &str, directory: &str) -> Vec<String> {
        writeln!(self.ask, "{}", json!({ "text": text, "directory": directory })).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A name, mostly nearly right.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        10 => "[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}",
        2 => "[a-zA-Z0-9_. -]{0,12}",
        2 => "-?[a-z]{1,3}-{0,2}[a-z]{0,3}-?",
        2 => "[a-z0-9àéüßñøŁžΑ-Ωα-ωА-Яа-яאבגابت技能コード①²½ⅷﬁ\u{301}\u{94d}\u{200d}_]{1,8}",
        1 => "[a-z]{62,66}",
        1 => "[ab]{63}é{0,2}",
    ]
}

/// A text as it is written in YAML: plain where that means the same, in quotes, or as a block.
fn written(text: String, how: u8) -> String {
    let plain = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphabetic() || c == ' ' || c == '-' || c == '(')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.trim() == text;
    match how {
        0 if plain => text,
        1 => format!("'{}'", text.replace('\'', "''")),
        2 if !text.trim().is_empty() && !text.starts_with(' ') => format!("|-\n  {text}"),
        _ => Value::from(text).to_string(),
    }
}

fn field(name: &'static str, text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (text, 0..4u8).prop_map(move |(text, how)| format!("{name}: {}\n", written(text, how)))
}

fn sometimes(of: impl Strategy<Value = String>, often: f64) -> impl Strategy<Value = String> {
    prop::option::weighted(often, of).prop_map(Option::unwrap_or_default)
}

fn other() -> impl Strategy<Value = String> {
    prop_oneof![
        field("license", "[a-zA-Z0-9. -]{1,20}"),
        field("allowed-tools", "[A-Za-z()*: -]{1,30}"),
        Just("metadata:\n  version: \"1.0\"\n  author: someone\n".to_owned()),
        Just("metadata: plain\n".to_owned()),
        // What is known to be told apart, and what both refuse.
        Just("compatibility: 5\n".to_owned()),
        Just("compatibility:\n".to_owned()),
        field("model", "[a-z]{1,5}"),
        Just("Name: a\n".to_owned()),
        Just("name: again\n".to_owned()),
        Just("# a comment\n".to_owned()),
        Just("tags:\n- a\n- b\n".to_owned()),
        Just("  indented: x\n".to_owned()),
        Just("no colon\n".to_owned()),
    ]
}

/// A text, and the name of its directory.
fn skill() -> impl Strategy<Value = (String, String)> {
    let text = |most: usize| {
        prop_oneof![
            4 => "[a-zA-Z][a-zA-Z0-9 ,.:'\"#é技-]{0,40}",
            1 => " {0,2}",
            1 => proptest::string::string_regex(&format!("[a-zé]{{{},{}}}", most - 2, most + 2)).unwrap(),
        ]
    };
    let fences = prop_oneof![
        12 => Just(("---\n", "---\n")),
        1 => Just(("---\n", "")),
        1 => Just(("", "---\n")),
        1 => Just(("\n---\n", "---\n")),
        1 => Just(("---\r\n", "---\r\n")),
    ];
    (
        name(),
        0..4u8,
        prop::option::weighted(0.2, name()),
        sometimes(field("description", text(1024)), 0.95),
        sometimes(field("compatibility", text(500)), 0.3),
        sometimes(other(), 0.4),
        (any::<bool>(), 0..20u8),
        fences,
    )
        .prop_map(|(name, how, directory, described, compatible, other, (first, named), (open, close))| {
            let directory = directory.unwrap_or_else(|| name.trim().to_owned());
            let name = if named == 0 { String::new() } else { format!("name: {}\n", written(name, how)) };
            let (before, after) = if first { (other, String::new()) } else { (String::new(), other) };
            (format!("{open}{before}{name}{described}{compatible}{after}{close}\nSteps\n"), directory)
        })
        // Neither has a directory without a name, or one that names another.
        .prop_filter("a directory", |(_, directory)| {
            !matches!(directory.trim(), "" | "." | "..") && !directory.contains('/')
        })
}

#[test]
fn we_refuse_what_the_reference_validator_refuses() {
    let Some(reference) = Reference::start() else { return };
    let (reference, seen) = (RefCell::new(reference), RefCell::new([0u32; 3]));
    let mut runner = TestRunner::new(Config { cases: 1500, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&skill(), |(text, directory)| {
        let theirs = reference.borrow_mut().errors(&text, &directory);
        let ours = Skill::parse(&text, Some(&directory), Mode::Strict);
        let errors: Vec<String> = match &ours {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid
                .problems
                .iter()
                .filter(|problem| problem.severity == Severity::Error)
                .map(|problem| problem.message.clone())
                .collect(),
        };
        let stricter = errors.iter().all(|error| STRICTER.iter().any(|known| error.starts_with(known)));
        let kind = match (theirs.is_empty(), errors.is_empty()) {
            (true, true) => 0,
            (false, false) => 1,
            (true, false) if stricter => 2,
            _ => {
                let told = format!("ours: {errors:?}\nreference: {theirs:?}\n{text}");
                return Err(TestCaseError::fail(told));
            }
        };
        seen.borrow_mut()[kind] += 1;
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    let [valid, invalid, _] = seen.into_inner();
    assert!(valid > 300 && invalid > 300, "too few of a kind: {valid} valid, {invalid} invalid");
}
