//! Rules that change while an engine runs.

use mcp_guardrails::rule::{Condition, Effect, Field, Glob, Rule, Template, Test};
use mcp_guardrails::{Engine, Event, Phase};
use serde_json::json;

use crate::support::{check, engine, rules};

#[test]
fn rules_change_while_it_runs() {
    let engine =
        engine("rules: [{ id: a, tool: t, then: flag }]\ntests: [{ event: { tool: t }, expect: flag }]");
    let nothing = json!({});
    let event = Event::call("t", &nothing);
    let before = engine.decide(&event);
    let field = Condition::Field(Field::parse("/x").unwrap(), Test::Exists(false));
    let rule = Rule::new("b")
        .tool(Glob::name("u").unwrap())
        .when(field)
        .then(Effect::Block)
        .message(Template::plain("no"));
    engine.add(rule.clone()).unwrap();
    assert_eq!(engine.rules().len(), 2);
    check(&engine, &Event::call("u", &nothing), "block", "b");
    // What its tests refuse does not count.
    engine.add(Rule::new("c").phase(Phase::Call).then(Effect::Block)).unwrap_err();
    engine.replace(rules("rules: []\ntests: [{ event: { tool: t }, expect: block }]")).unwrap_err();
    check(&engine, &event, "flag", "a");
    assert!(engine.remove("b").unwrap() && !engine.remove("b").unwrap());
    check(&engine, &Event::call("u", &nothing), "allow", "");
    engine.remove("a").unwrap_err();
    engine.replace(rules("rules: []")).unwrap();
    check(&engine, &event, "allow", "");
    // A decision keeps the rules it was made with.
    assert_eq!(before.rules().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn what_was_added_stays_when_rules_are_read_again() {
    let read = |version: &str| {
        rules(&format!("rules: [{{ id: a, tool: t, then: {version} }}, {{ id: b, tool: u, then: flag }}]"))
    };
    let engine = Engine::builder().build(read("flag")).unwrap();
    let (nothing, named) =
        (json!({}), |id: &str, tool: &str| Rule::new(id).tool(Glob::name(tool).unwrap()).then(Effect::Block));
    engine.add(named("added", "v")).unwrap();
    engine.add(named("a", "t")).unwrap();
    engine.remove("b").unwrap();
    let ids = || engine.rules().into_iter().map(|rule| rule.id).collect::<Vec<_>>();
    // Twice: what was kept is kept again.
    for _ in 0..2 {
        engine.reload(read("flag")).unwrap();
        assert_eq!(ids(), ["a", "b", "added"], "what was removed is back");
        for (tool, rule) in [("t", "a"), ("v", "added")] {
            check(&engine, &Event::call(tool, &nothing), "block", rule);
        }
    }
    // The one that was replaced says something else now.
    let said = engine.reload(read("{ suggest: [x] }")).unwrap_err().to_string();
    insta::assert_snapshot!(said, @"the rule `a` was added while the engine ran in the place of one that has changed since; remove the added one, or give one of the two another id");
    let taken = rules("rules: [{ id: added, tool: v, then: flag }]");
    let said = engine.reload(taken.clone()).unwrap_err().to_string();
    insta::assert_snapshot!(said, @"the rule `added` was added while the engine ran, and the rules that were read again have one of that id, too; remove the added one, or give one of the two another id");
    check(&engine, &Event::call("v", &nothing), "block", "added");
    engine.remove("added").unwrap();
    engine.reload(taken).unwrap();
    check(&engine, &Event::call("v", &nothing), "flag", "added");
    // The one that it stood for is gone: it stands for itself.
    check(&engine, &Event::call("t", &nothing), "block", "a");
    engine.reload(read("flag")).unwrap_err();
    engine.replace(read("flag")).unwrap();
    check(&engine, &Event::call("t", &nothing), "flag", "a");
}
