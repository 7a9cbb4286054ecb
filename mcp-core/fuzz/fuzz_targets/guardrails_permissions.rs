//! Permission lists of Claude Code from anybody. An input is a settings file; or, after `entry:`, an entry, a tool and a text on a line
//! each (the text may have more): what the entry allows it also denies and asks about, wherever the text stands in the call.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcp_guardrails::permission::{Places, permissions};
use mcp_guardrails::rule::Effect;
use mcp_guardrails::{Engine, Event, RuleError};
use serde_json::{Value, json};

static PLACES: LazyLock<Places> = LazyLock::new(|| Places::new("/home/ann/p", "/home/ann"));

const TOOLS: [&str; 6] = ["Bash", "Read", "Edit", "WebFetch", "Task", "mcp__github__list"];

fn engine(settings: &str) -> Result<Engine, RuleError> {
    let set = permissions(settings, "settings.json", &PLACES)?;
    // Whatever was read can be used.
    Ok(Engine::builder().cache(0).deadline(None).build(set).expect("an engine"))
}

fn arguments(text: &str) -> Value {
    json!({
        "command": text, "file_path": text, "path": text, "url": text, "subagent_type": text, "skill": text,
        "nested": { "command": text },
    })
}

fn one_entry(entry: &str, tool: &str, text: &str) {
    let with = |lists: Value| engine(&json!({ "permissions": lists }).to_string());
    let allows = with(json!({ "allow": [entry], "defaultMode": "dontAsk" }));
    let (denies, asks) = (with(json!({ "deny": [entry] })), with(json!({ "ask": [entry] })));
    assert_eq!(denies.is_ok(), asks.is_ok(), "{entry:?}");
    let (Ok(allows), Ok(denies), Ok(asks)) = (allows, denies, asks) else { return };
    let arguments = arguments(text);
    let effect = |engine: &Engine| engine.decide(&Event::call(tool, &arguments).server("github")).effect();
    match effect(&allows) {
        Effect::Allow => {
            assert_eq!(effect(&denies), Effect::Block, "{entry:?} allows `{tool}` with {text:?} and does not deny it");
            assert_eq!(effect(&asks), Effect::RequireApproval, "{entry:?} allows `{tool}` with {text:?} and does not ask");
        }
        other => assert_eq!(other, Effect::Block, "what no entry allows is blocked"),
    }
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(rest) = text.strip_prefix("entry:") {
        let mut parts = rest.splitn(3, '\n');
        let mut next = || parts.next().unwrap_or_default();
        // Large patterns take long to compile, which is not what is looked for.
        if rest.len() < 4096 {
            one_entry(next(), next(), next());
        }
        return;
    }
    match engine(&text) {
        Ok(engine) => {
            for tool in TOOLS {
                let arguments = arguments(&text);
                let decision = engine.decide(&Event::call(tool, &arguments).server("github"));
                // The stricter list wins.
                if decision.rules().any(|rule| rule.starts_with("deny ")) {
                    assert_eq!(decision.effect(), Effect::Block);
                }
                let _ = engine.decide(&Event::list(tool, &json!({ "name": tool })));
            }
        }
        Err(error) => assert!(error.to_string().starts_with("settings.json"), "{error}"),
    }
});
