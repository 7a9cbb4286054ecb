//! The packs: each passes its own tests, and what those cannot say.

use mcp_guardrails::state::{Guard, MemoryStore};
use mcp_guardrails::{Engine, Event, pack};
use serde_json::json;
use std::sync::Arc;

use crate::support::said;

#[test]
fn every_pack_passes_its_tests_and_has_some() {
    assert_eq!(pack::names().count(), 9);
    for name in pack::names() {
        let rules = pack::named(name).unwrap().unwrap_or_else(|error| panic!("{error}"));
        assert!(rules.tests.len() >= 3, "{name} has {} tests", rules.tests.len());
        assert!(
            rules.rules.iter().all(|rule| !rule.description.is_empty()),
            "{name} says what its rules are for"
        );
        let without = Engine::builder().build(rules.clone()).unwrap_or_else(|error| panic!("{error}"));
        // The tests are about the rules: without any rule one of them fails.
        let mut empty = rules;
        empty.rules.clear();
        assert!(Engine::builder().build(empty).is_err(), "{name}");
        assert!(!without.rules().is_empty());
    }
    assert!(pack::named("nothing").is_none());
}

#[test]
fn all_packs_are_rules_of_one_engine() {
    let sets = pack::names().map(|name| pack::named(name).unwrap().unwrap());
    let engine = Engine::builder().deadline(None).build(pack::together(sets)).unwrap();
    let wipe = json!({ "command": "rm -rf /" });
    assert_eq!(said(&engine.decide(&Event::call("bash", &wipe))), ("block", "destructive".to_owned()));
}

#[test]
fn a_secret_does_not_leave_at_once_nor_later() {
    let engine =
        Engine::builder().deadline(None).build(pack::named("secret-then-egress").unwrap().unwrap()).unwrap();
    let guard = Guard::new(Arc::new(engine), Arc::new(MemoryStore::default()));
    let token = format!("ghp_{}", "9aK3vQ7xT2mB8nL4pR6sW1yZ5cD0eF3gH7jU");
    let (carrying, found, nothing) = (json!({ "body": token }), json!({ "text": token }), json!({}));
    let check = |event: Event<'_>| said(&guard.check(&event.session("s").at(1)).unwrap());
    assert_eq!(check(Event::call("http_post", &carrying)), ("block", "secret-leaves".to_owned()));
    assert_eq!(check(Event::call("http_post", &nothing)).0, "allow");
    assert_eq!(check(Event::result("show", &nothing, &found)), ("flag", "secret-seen".to_owned()));
    assert_eq!(check(Event::call("http_post", &nothing)), ("require_approval", "secret-read".to_owned()));
}

#[test]
fn documentation_names_every_pack() {
    let page = include_str!("../../../docs/GUARDRAILS.md");
    for name in pack::names() {
        assert!(page.contains(&format!("### `{name}`")), "{name} is not explained");
    }
}

#[test]
#[cfg(feature = "layer")]
fn the_first_guardrail_works_as_it_is_written() {
    let page = include_str!("../../../docs/FIRST_GUARDRAIL.md");
    let block = |language: &str| {
        let from = page.split(&format!("```{language}\n")).nth(1).unwrap();
        from.split("```").next().unwrap()
    };
    // The example is the program of the page, and is built with the tests.
    assert!(include_str!("../../examples/first_guardrail.rs").ends_with(block("rust")));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), block("yaml")).unwrap();
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(std::path::Path::parent).unwrap().join("examples/first_guardrail");
    let told = std::process::Command::new(program).current_dir(folder.path()).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(String::from_utf8(told.stdout).unwrap(), block("text"));
}
