//! Rules that somebody mistypes, and events that try to break them. An input is a rule file (YAML, JSON or TOML); or, after `event:`, a
//! line with a tool's name and then JSON, which rules with every operator decide on in every phase, twice.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcp_guardrails::state::{Guard, MemoryStore};
use mcp_guardrails::{Engine, Event, FileEdit, Format, RuleSet};
use serde_json::Value;

const RULES: &str = include_str!("../seeds/guardrails_rules/every-operator");

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let rules = RuleSet::parse(RULES, "rules.yaml", Format::Yaml).expect("rules");
    Engine::builder().cache(0).deadline(None).build(rules).expect("an engine")
});

fn events<'a>(tool: &'a str, value: &'a Value, text: &'a str) -> [Event<'a>; 6] {
    let file = FileEdit { path: tool, content: Some(text), exists: false };
    [
        Event::call(tool, value),
        Event::result(tool, value, value),
        Event::list(tool, value),
        Event::prompt(text),
        Event::file(file),
        Event::end(),
    ]
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(event) = text.strip_prefix("event:") {
        let (tool, json) = event.split_once('\n').unwrap_or((event, "null"));
        let value = serde_json::from_str(json).unwrap_or(Value::String(json.to_owned()));
        for event in events(tool, &value, json) {
            let decision = ENGINE.decide(&event);
            assert_eq!(decision.verdict(), ENGINE.decide(&event).verdict());
            let applying = ENGINE.explain(&event).rules.iter().filter(|rule| rule.failing.is_none()).count();
            assert_eq!(applying, decision.rules().count() + decision.shadow().count());
            decision.redact("arguments", &mut value.clone(), "***");
            let _ = decision.redact_text("prompt", json, "***");
        }
        return;
    }
    for format in [Format::Yaml, Format::Json, Format::Toml] {
        match RuleSet::parse(&text, "rules", format).and_then(|rules| Engine::builder().build(rules)) {
            Ok(engine) => {
                let value = serde_json::json!({ "path": "/srv/a", "amount": 7, "url": "https://a.example/", "items": [{ "id": "x" }] });
                let guard = Guard::new(engine.into(), std::sync::Arc::new(MemoryStore::default()));
                for event in events("read", &value, "create a form") {
                    assert!(guard.check(&event).is_ok());
                }
                let _ = guard.engine().check_tool("read", &value);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
