//! `skill-rules.json` and what it does.

use std::sync::Arc;

use mcp_guardrails::skill::{SkillRules, USED, Words};
use mcp_guardrails::state::{Guard, MemoryStore};
use mcp_guardrails::{Engine, Event, FileEdit, Format, RuleSet};
use serde_json::json;

use crate::support::{check, message};

const FILE: &str = r#"{
  "version": "1.0",
  "description": "what nobody reads",
  "notes": { "priority_levels": { "critical": "first" } },
  "skills": {
    "frontend": {
      "type": "guardrail", "enforcement": "block", "priority": "critical", "description": "forms",
      "promptTriggers": { "keywords": ["UI", "Form"], "intentPatterns": ["(create|add).*?(component|dialog)", "how.*?style"] },
      "fileTriggers": {
        "pathPatterns": ["web/src/**/*.tsx", "**/*.css"], "pathExclusions": ["**/*.test.tsx", "**/vendor/**"],
        "contentPatterns": ["import .*from ['\"]@mui", "makeStyles"], "createOnly": false
      },
      "blockMessage": "read the skill before {file_path} { }",
      "skipConditions": { "sessionSkillUsed": true, "fileMarkers": ["@skip-check"], "envOverride": "SKIP_FRONTEND" }
    },
    "database": {
      "type": "domain", "enforcement": "warn", "priority": "medium",
      "promptTriggers": { "keywords": ["migration"] },
      "fileTriggers": { "pathPatterns": ["**/migrations/*.sql"], "createOnly": true }
    },
    "notes": { "type": "domain", "enforcement": "suggest", "priority": "low", "promptTriggers": { "keywords": [], "intentPatterns": ["(?<!foot)note\\b"] } }
  }
}"#;

fn engine(words: Words) -> Engine {
    Engine::builder().build(SkillRules::parse(FILE, "skill-rules.json", words).unwrap().rules()).unwrap()
}

#[test]
fn prompts_suggest_skills_in_their_order_of_priority() {
    let (loose, strict) = (engine(Words::Anywhere), engine(Words::Whole));
    let both = |prompt: &str, in_text: &[&str], as_words: &[&str]| {
        let event = Event::prompt(prompt);
        assert_eq!(
            (loose.decide(&event).skills(), strict.decide(&event).skills()),
            (in_text.to_vec(), as_words.to_vec()),
            "{prompt}"
        );
    };
    both("A MIGRATION for the form", &["frontend", "database"], &[]);
    both("A MIGRATION of the database", &["database"], &["database"]);
    both("The form does not render", &["frontend"], &["frontend"]);
    both("Their UI is a form of art", &["frontend"], &["frontend"]);
    both("build the required information", &["frontend"], &[]);
    both("Please add a nice\nnew dialog", &[], &[]);
    both("Please add a nice new DIALOG", &["frontend"], &["frontend"]);
    both("readd the subcomponents", &["frontend"], &[]);
    both("a footnote", &[], &[]);
    both("a note", &["notes"], &["notes"]);
    both("nothing of it", &[], &[]);
}

#[test]
fn files_need_a_skill_first() {
    let engine = engine(Words::Whole);
    let edit = |path, content, exists| Event::file(FileEdit { path, content, exists });
    let mui = Some("import x from '@mui/y'");
    let blocked = edit("/home/ann/web/src/a/b.tsx", mui, true);
    check(&engine, &blocked, "block", "frontend/file");
    assert_eq!(message(&engine.decide(&blocked)), "read the skill before /home/ann/web/src/a/b.tsx { }");
    check(&engine, &edit("web/src/b.tsx", Some("MAKESTYLES"), false), "block", "frontend/file");
    for (path, content) in [
        ("web/src/a/b.test.tsx", mui),
        ("web/vendor/x.css", mui),
        ("web/src/a.tsx", Some("plain")),
        ("web/src/a.tsx", None),
        ("web/lib/a.tsx", mui),
        ("web/src/a.tsx", Some("// @skip-check\nimport x from '@mui/y'")),
    ] {
        check(&engine, &edit(path, content, true), "allow", "");
    }
    let used = format!("{USED}frontend");
    check(&engine, &blocked.labels(&[&used]), "allow", "");
    check(&engine, &blocked.variables(&[("SKIP_FRONTEND", "1")]), "allow", "");
    check(&engine, &blocked.variables(&[("SKIP_FRONTEND", "")]), "block", "frontend/file");
    check(&engine, &edit("db/migrations/1.sql", None, false), "flag", "database/file");
    check(&engine, &edit("db/migrations/1.sql", None, true), "allow", "");
    let skills = SkillRules::parse(FILE, "f", Words::Whole).unwrap();
    assert_eq!(skills.variables().collect::<Vec<_>>(), ["SKIP_FRONTEND"]);
}

#[test]
fn a_used_skill_is_remembered() {
    let guard = Guard::new(Arc::new(engine(Words::Whole)), Arc::new(MemoryStore::default()));
    let event =
        Event::file(FileEdit { path: "a/x.css", content: Some("makeStyles"), exists: true }).session("s");
    assert!(guard.check(&event).unwrap().is_blocked());
    guard.label("s", &format!("{USED}frontend")).unwrap();
    assert!(!guard.check(&event).unwrap().is_blocked());
}

#[test]
fn lint_counts_what_fires_on_other_things() {
    let skills = SkillRules::parse(FILE, "f", Words::Anywhere).unwrap();
    let lint = skills.lint(["required information", "a form of art", "the UI", "weather"]);
    assert_eq!((lint.texts, lint.activated, lint.activated_by_words), (4, 3, 1));
    let first = &lint.firing[0];
    assert_eq!((first.text.as_str(), first.fires, first.as_word), ("UI", 2, 1));
    let form = lint.firing.iter().find(|firing| firing.text == "Form").unwrap();
    assert_eq!((form.fires, form.as_word, form.common, first.common), (2, 1, true, false));
    assert_eq!(lint.slow.len(), 1);
}

#[test]
fn mistakes_are_named_with_their_line() {
    let mut report = Vec::new();
    for (from, to) in [
        ("\"block\"", "\"blok\""),
        ("\"critical\", \"desc", "\"urgent\", \"desc"),
        ("how.*?style", "how(.*?style"),
        ("makeStyles\"]", "make(Styles\"]"),
        ("\"createOnly\": true", "\"createOnly\": 1"),
        ("\"skills\"", "\"skill\""),
        ("\"version\": \"1.0\",", "\"version\" \"1.0\","),
    ] {
        assert!(FILE.contains(from), "{from}");
        report.push(
            SkillRules::parse(&FILE.replacen(from, to, 1), "skill-rules.json", Words::Whole)
                .unwrap_err()
                .to_string(),
        );
    }
    insta::assert_snapshot!(report.join("\n"));
}

#[test]
fn skills_and_rules_live_together() {
    let mut set = SkillRules::parse(FILE, "f", Words::Whole).unwrap().rules();
    let more = RuleSet::parse("rules: [{ id: r, tool: t, then: block }]", "more", Format::Yaml).unwrap();
    set.rules.extend(more.rules);
    let engine = Engine::builder().build(set).unwrap();
    let none = json!({});
    check(&engine, &Event::call("t", &none), "block", "r");
    check(&engine, &Event::prompt("a form that does not submit"), "suggest", "frontend/prompt");
}
