//! Rule files: what is read, and what errors say.

use std::fmt::Write as _;

use mcp_guardrails::{Engine, Format, RuleSet};

fn refused(text: &str, format: Format) -> String {
    match RuleSet::parse(text, "rules", format).and_then(|rules| Engine::builder().build(rules)) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn mistakes_are_named_with_their_line() {
    let rule = |more: &str| format!("version: 1\nrules:\n- id: a\n  then: block\n{more}");
    let cases = [
        rule("  wen: {}"),
        rule("  when: { /x: { prefx: a } }"),
        rule("  when:\n    any:\n    - /x: 1\n    - /y: { regex: '(' }"),
        rule("  when: { argument/x: 1 }"),
        rule("  when: { result/x: 1 }"),
        rule("  when: { promt: a }"),
        rule("  when: { at_least: { count: 3, of: [{ /x: 1 }] } }"),
        rule("  when: { /x: { path_within: /srv/../etc } }"),
        rule("  when: { /x: { cidr: 10.0.0.0/40 } }"),
        rule("  when: { /x: { range: { min: 2, max: 1 } } }"),
        rule("  when: { sequence: { within: 5, steps: [{ tool: a }, { tool: b }] } }"),
        rule("  when: { trigger: { patterns: ['a('] } }"),
        rule("  when: { detector: secretz }"),
        rule("  phase: cal"),
        rule("  message: 'no {/x'"),
        rule("  message: 'no {toool}'"),
        rule("- id: a\n  then: flag"),
        rule("- id: b\n  then: blok"),
        rule("- id: b\n  then: { run: gone }"),
        rule("actions: { x: [{ run: y }], y: [{ run: x }] }"),
        rule("actions: { x: [{ run: [y, yes] }] }"),
        rule("tests:\n- { event: { tool: t }, expect: block, rule: aa }"),
        rule("tests:\n- { name: harmless, event: { tool: t }, expect: allow }"),
        "rules: [".into(),
        "rules: []\nrules: []".into(),
        "version: 2".into(),
        "- 1".into(),
    ];
    let mut report = String::new();
    for case in cases {
        writeln!(report, "{}", refused(&case, Format::Yaml)).unwrap();
    }
    let json = "{\n \"rules\": [\n  {\"id\": \"a\",\n   \"then\": \"block\",\n   \"when\": {\"/x\": {\"eqq\": 1}}}]}";
    writeln!(report, "{}", refused(json, Format::Json)).unwrap();
    writeln!(report, "{}", refused("{\"rules\": [}", Format::Json)).unwrap();
    writeln!(report, "{}", refused("{\"rules\": [], \"rules\": []}", Format::Json)).unwrap();
    let toml = "[[rules]]\nid = \"a\"\nthen = \"block\"\n\n[[rules]]\nid = \"b\"\nthen = \"block\"\n\n[rules.when]\n\"/x\" = { globb = \"a\" }\n";
    writeln!(report, "{}", refused(toml, Format::Toml)).unwrap();
    writeln!(report, "{}", refused("a = ", Format::Toml)).unwrap();
    insta::assert_snapshot!(report);
}

#[test]
fn all_formats_say_the_same() {
    let yaml = "rules:\n- { id: a, tool: t, when: { /x: { range: { above: 1.5 } } }, then: [block, { label: [l] }] }\n";
    let json = r#"{"rules": [{"id": "a", "tool": "t", "when": {"/x": {"range": {"above": 1.5}}}, "then": ["block", {"label": ["l"]}]}]}"#;
    let toml = "[[rules]]\nid = \"a\"\ntool = \"t\"\nwhen = { \"/x\" = { range = { above = 1.5 } } }\nthen = [\"block\", { label = [\"l\"] }]\n";
    let debug = |text, format| format!("{:?}", RuleSet::parse(text, "rules", format).unwrap().rules);
    assert_eq!(debug(yaml, Format::Yaml), debug(json, Format::Json));
    assert_eq!(debug(yaml, Format::Yaml), debug(toml, Format::Toml));
}

#[test]
fn files_are_told_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yml");
    std::fs::write(&path, "rules: [{ id: a, then: flag }]").unwrap();
    assert_eq!(RuleSet::open(&path).unwrap().rules.len(), 1);
    assert!(RuleSet::open(&folder.path().join("rules.txt")).unwrap_err().to_string().contains(".toml"));
    assert!(
        RuleSet::open(&folder.path().join("gone.json")).unwrap_err().to_string().starts_with("cannot read")
    );
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let deep = format!(r#"{}{{"/x": 1}}{}"#, r#"{"not": "#.repeat(70), "}".repeat(70));
    let text = format!(r#"{{"rules": [{{ "id": "a", "then": "block", "when": {deep} }}]}}"#);
    assert!(refused(&text, Format::Json).contains("levels of conditions"));
    refused(&text, Format::Yaml);
    assert!(RuleSet::parse(&"[".repeat(100_000), "rules", Format::Json).is_err());
    assert!(RuleSet::parse(&"[".repeat(100_000), "rules", Format::Yaml).is_err());
    assert!(RuleSet::parse(&format!("a = {}", "[".repeat(100_000)), "rules", Format::Toml).is_err());
}
