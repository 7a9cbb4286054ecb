use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn problems(text: &str, directory: Option<&str>, mode: Mode) -> String {
    let found = match Skill::parse(text, directory, mode) {
        Ok(skill) => skill.problems,
        Err(invalid) => invalid.problems,
    };
    found.iter().fold(String::new(), |mut out, problem| {
        let _ = writeln!(out, "{:?} {problem}", problem.severity);
        out
    })
}

#[test]
fn what_is_written_is_read() {
    let text = "---\nname: pdf\ndescription: >\n  Reads PDF.\nlicense: MIT\nallowed-tools: Read Bash(git add *)\nmetadata:\n  version: \"1.0\"\n---\n\nSteps\n\n---\n\nmore\n";
    let skill = Skill::parse(text, Some("pdf"), Mode::Strict).unwrap();
    assert_eq!(skill.description, "Reads PDF.");
    assert_eq!(skill.allowed_tools, ["Read", "Bash(git add *)"]);
    assert_eq!(skill.metadata("version").as_deref(), Some("1.0"));
    assert_eq!((skill.body.as_str(), skill.body_line), ("Steps\n\n---\n\nmore", 10));
    assert_eq!(skill.frontmatter["description"], json!("Reads PDF.\n"));
    assert!(skill.problems.is_empty());
}

#[test]
fn lines_are_those_of_an_editor() {
    for (text, line) in [
        ("---\nname: a\ndescription: \"\\q\"\n---\n", "line 3"),
        ("---\r\nname: a\r\ndescription: \"\\q\"\r\n---\r\n", "line 3"),
        // A carriage return alone ends a line of YAML, and none that anybody sees.
        ("---\nname: \"a\r\r\rb\"\ndescription: \"\\q\"\n---\n", "line 3"),
        ("---\n{\"name\": \"a\r\r\r\r\\q\"}\n---\n", "line 2"),
    ] {
        let found = problems(text, None, Mode::Strict);
        assert!(found.contains(&format!("{line}: is not YAML")), "{text:?}: {found}");
    }
}

#[test]
fn strict_errors_name_line_and_field() {
    let body = "---\nText\n";
    let long = "x".repeat(1025);
    let cases: Vec<(String, &str)> = vec![
        ("# No frontmatter\n".into(), "Error line 1: must begin with a line `---`, then the frontmatter\n"),
        ("---\nname: a\n".into(), "Error line 1: the frontmatter is not closed by a line `---`\n"),
        (
            format!("---\n- a\n{body}"),
            "Error line 2: the frontmatter must be a mapping, like `name: refunds`\n",
        ),
        (format!("---\nname: a\n{body}"), "Error `description`: is missing\n"),
        (format!("---\ndescription: d\n{body}"), "Error `name`: is missing\n"),
        (
            format!("---\nname: a\ndescription: ' '\n{body}"),
            "Error line 3: `description`: must not be empty\n",
        ),
        (
            format!("---\nname: a\ndescription: {long}\n{body}"),
            "Error line 3: `description`: has 1025 characters, 1024 are allowed\n",
        ),
        (
            format!("---\nname: b\ndescription: d\n{body}"),
            "Error line 2: `name`: must be that of the directory, `a`\n",
        ),
        (
            format!("---\nname: a\ndescription: d\nmodel: opus\n{body}"),
            "Error line 4: `model`: is unknown; known are `name`, `description`, `license`, `allowed-tools`, `metadata`, `compatibility`\n",
        ),
        (
            format!("---\nname: a\ndescription: d\ncompatibility: [x]\n{body}"),
            "Error line 4: `compatibility`: must be a text; put it in quotes\n",
        ),
        (
            format!("---\nname: a\ndescription: a --- b\n{body}"),
            "Error line 3: `---` within the frontmatter ends it for some readers; write other dashes\n",
        ),
        (
            format!("---\nname: a\ndescription: d\nmetadata: {{v: 1}}\n{body}"),
            "Warning line 4: `metadata`: `v` should be a text; put it in quotes\n",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(&text, Some("a"), Mode::Strict), expected, "{text}");
    }
}

#[test]
fn names_are_held_to_the_rules_of_the_reference_validator() {
    let long = "a".repeat(65);
    let cases = [
        ("a-b", true),
        ("pdf2", true),
        ("müller", true),
        ("навык", true),
        ("技能", true),
        ("ﬁnd", true),
        ("A", false),
        ("-a", false),
        ("a-", false),
        ("a--b", false),
        ("a_b", false),
        ("a b", false),
        ("a.b", false),
        ("", false),
        (long.as_str(), false),
    ];
    for (name, valid) in cases {
        let text = format!("---\nname: '{name}'\ndescription: d\n---\nText\n");
        assert_eq!(Skill::parse(&text, None, Mode::Strict).is_ok(), valid, "{name}");
    }
    // Composed and decomposed forms are the same name.
    let text = "---\nname: cafe\u{301}\ndescription: d\n---\nText\n";
    assert_eq!(Skill::parse(text, Some("caf\u{e9}"), Mode::Strict).unwrap().name, "caf\u{e9}");
}

#[test]
fn lenient_keeps_and_reports() {
    let text = "---\nname: My Skill\ndescription: Use when: asked\nmodel: opus\n---\nText\n";
    assert!(Skill::parse(text, Some("s"), Mode::Strict).is_err());
    let skill = Skill::parse(text, Some("s"), Mode::Lenient).unwrap();
    assert_eq!((skill.name.as_str(), skill.description.as_str()), ("My Skill", "Use when: asked"));
    assert_eq!(skill.unknown_fields().collect::<Vec<_>>(), ["model"]);
    assert!(skill.problems.iter().all(|problem| problem.severity == Severity::Warning));
    assert!(skill.problems.iter().any(|problem| problem.message.contains("as if the texts were in quotes")));
    // Nobody finds a skill without a description.
    assert!(Skill::parse("---\nname: a\n---\nText\n", Some("a"), Mode::Lenient).is_err());
    // A name can be had from the directory.
    assert_eq!(Skill::parse("---\ndescription: d\n---\nText\n", Some("a"), Mode::Lenient).unwrap().name, "a");
}

#[test]
fn a_member_that_occurs_twice_is_refused() {
    let text = "---\nname: a\nname: b\ndescription: d\n---\nText\n";
    assert!(
        problems(text, None, Mode::Strict).starts_with("Error line 3"),
        "{}",
        problems(text, None, Mode::Strict)
    );
}

#[test]
fn files_are_listed_with_digest_and_size() {
    let root = tempfile::tempdir().unwrap();
    let skill = root.path().join("pdf");
    std::fs::create_dir_all(skill.join("inner/deep")).unwrap();
    std::fs::create_dir_all(skill.join(".git")).unwrap();
    for (path, text) in
        [("SKILL.md", "x"), ("inner/SKILL.md", ""), ("inner/deep/a.txt", "abc"), (".git/config", "no")]
    {
        std::fs::write(skill.join(path), text).unwrap();
    }
    let (files, contents) = Files::read(&skill, Limits::default()).unwrap();
    let paths: Vec<_> = files.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["SKILL.md", "inner/SKILL.md", "inner/deep/a.txt"]);
    assert_eq!(files.nested().collect::<Vec<_>>(), ["inner"]);
    let abc = files.get("inner/deep/a.txt").unwrap();
    assert_eq!(abc.digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!((abc.size, files.total_size(), contents[2].as_slice()), (3, 4, &b"abc"[..]));
    assert_eq!(files, Files::list(&skill, Limits::default()).unwrap());

    let before = files.digest();
    std::fs::write(skill.join("inner/deep/a.txt"), "abd").unwrap();
    assert_ne!(Files::list(&skill, Limits::default()).unwrap().digest(), before);
}

#[test]
fn limits_and_links_refuse_a_skill() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        std::fs::write(root.path().join(name), "12345").unwrap();
    }
    let list = |files, bytes| Files::list(root.path(), Limits { files, bytes });
    assert!(list(3, 15).is_ok());
    assert!(matches!(list(2, 15), Err(FilesError::TooMany { limit: 2 })));
    assert!(matches!(list(3, 14), Err(FilesError::TooLarge { limit: 14 })));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/hostname", root.path().join("d")).unwrap();
        assert!(matches!(list(10, 1000), Err(FilesError::Link { .. })));
    }
}

proptest! {
    /// Nothing makes the reader panic, and what strict accepts, lenient accepts with the same content.
    #[test]
    fn any_text_is_read_or_refused(yaml in "[a-z:\\- \n\"'|>{}\\[\\]#&*!é]{0,80}", body in ".{0,20}") {
        let text = format!("---\nname: a\n{yaml}\n---\n{body}");
        let lenient = Skill::parse(&text, None, Mode::Lenient);
        if let Ok(strict) = Skill::parse(&text, None, Mode::Strict) {
            let lenient = lenient.unwrap();
            prop_assert_eq!(strict.frontmatter, lenient.frontmatter);
            prop_assert_eq!(strict.body, lenient.body);
        }
    }

    /// A frontmatter written as JSON, which is YAML, comes back member for member.
    #[test]
    fn what_is_written_comes_back(description in "[^\u{0}-\u{1f}\u{7f}-\u{9f}\u{feff}]{1,60}", n in any::<i32>()) {
        prop_assume!(!description.contains("---") && !description.trim().is_empty());
        let fields = json!({ "name": "a", "description": description, "metadata": { "n": n } });
        let text = format!("---\n{fields}\n---\nText");
        let skill = Skill::parse(&text, None, Mode::Strict);
        prop_assume!(description.chars().all(|c| c != '\u{2028}' && c != '\u{2029}'));
        prop_assert_eq!(serde_json::Value::Object(skill.unwrap().frontmatter), fields);
    }
}
