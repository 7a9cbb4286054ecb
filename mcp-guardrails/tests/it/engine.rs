//! What rules come to.

use std::sync::Arc;
use std::time::Duration;

use mcp_guardrails::detect::{Detector, Finding};
use mcp_guardrails::rule::{Condition, Effect, Field, Rule, Test};
use mcp_guardrails::{Engine, Event, FileEdit, RuleSet, Text};
use serde_json::{Value, json};

use crate::support::{Word, check, engine, message, rules, said};

#[test]
fn the_strongest_effect_wins_and_priority_speaks() {
    let engine = engine(
        "
rules:
- { id: flags, then: flag, priority: 9 }
- { id: first, tool: 'x*', then: block }
- { id: loud, tool: 'x*', then: block, priority: 2, message: '{tool} by {user}, {/n}, {{}, {rule}, {/none}' }
- { id: asks, tool: 'x*', then: require_approval, priority: 5 }
- { id: lets, tool: xa, then: allow, priority: 3 }
- { id: strict, tool: xa, when: { /n: 2 }, then: redact, priority: 3 }
",
    );
    let (one, two) = (json!({"n": 1}), json!({"n": 2}));
    check(&engine, &Event::call("y", &one), "flag", "flags");
    check(&engine, &Event::call("xb", &one), "block", "loud");
    // What allows silences only what is below it.
    check(&engine, &Event::call("xa", &one), "require_approval", "asks");
    check(&engine, &Event::call("xa", &two), "require_approval", "asks");
    let decision = engine.decide(&Event::call("xb", &one).user("ann"));
    assert_eq!(message(&decision), "xb by ann, 1, {}, loud, (none)");
    assert_eq!(decision.rules().collect::<Vec<_>>(), ["first", "loud", "asks", "flags"]);
}

#[test]
fn what_is_not_allowed_is_blocked_by_default() {
    let engine = engine(
        "default: block\nrules:\n- { id: lets, tool: read, then: allow }\n- { id: marks, then: flag }\n",
    );
    let nothing = json!({});
    check(&engine, &Event::call("read", &nothing), "flag", "marks");
    check(&engine, &Event::call("write", &nothing), "block", "default");
    check(&engine, &Event::list("write", &nothing), "block", "default");
    check(&engine, &Event::prompt("hello"), "allow", "");
}

#[test]
fn every_operator() {
    let cases = [
        ("/s: abc", json!({"s": "abc"}), json!({"s": "abcd"})),
        ("/s: [a, b]", json!({"s": "b"}), json!({"s": "c"})),
        ("/s: { eq: { a: [1, 2.0] } }", json!({"s": {"a": [1.0, 2]}}), json!({"s": {"a": [2, 1]}})),
        ("/s: { in: [1, null] }", json!({"s": null}), json!({"s": 2})),
        ("/s: { prefix: [x, a] }", json!({"s": "abc"}), json!({"s": "Abc"})),
        ("/s: { prefix: A, ignore_case: true }", json!({"s": "abc"}), json!({"s": "bca"})),
        ("/s: { suffix: c }", json!({"s": "abc"}), json!({"s": "cab"})),
        ("/s: { contains: B, ignore_case: true }", json!({"s": "abc"}), json!({"s": "ac"})),
        ("/s: { glob: 'a*c' }", json!({"s": "a/b/c"}), json!({"s": "abcd"})),
        ("/s: { path_glob: 'a/*/c' }", json!({"s": "a/b/c"}), json!({"s": "a/b/b/c"})),
        ("/s: { regex: '^a+$' }", json!({"s": "aaa"}), json!({"s": "aab"})),
        ("/n: { range: { min: 1, below: 2 } }", json!({"n": 1}), json!({"n": 2})),
        ("/n: { range: { above: 1 } }", json!({"n": "1.5"}), json!({"n": true})),
        ("/s: { length: { min: 3 } }", json!({"s": "äöü"}), json!({"s": [1, 2]})),
        ("/s: { exists: true }", json!({"s": null}), json!({})),
        ("/s: { exists: false }", json!({}), json!({"s": null})),
        ("/s: { path_within: /srv }", json!({"s": "/srv/a"}), json!({"s": "/etc"})),
        ("/s: { host: '*.a.test' }", json!({"s": "https://x.a.test/"}), json!({"s": "https://a.test.b/"})),
        (
            "/s: { cidr: [private, 1.2.3.0/24] }",
            json!({"s": "http://1.2.3.4"}),
            json!({"s": "http://1.2.4.4"}),
        ),
        ("/s: { detector: word }", json!({"s": "a hush b"}), json!({"s": "a hus b"})),
        ("/s: { detector: word, min_score: .2, kind: 'guess.*' }", json!({"s": "hus"}), json!({"s": "hush"})),
        ("detector: word", json!({"deep": [{"s": "hush"}]}), json!({"hush": "x"})),
        ("/l/*/x: 1", json!({"l": [{"x": 2}, {"x": 1}]}), json!({"l": {"x": 1}})),
        ("/**/x: 1", json!({"l": [{"y": {"x": 1}}]}), json!({"l": [{"y": {"z": 1}}]})),
        ("/l/1: b", json!({"l": ["a", "b"]}), json!({"l": ["b"]})),
        ("'/a~1b': 1", json!({"a/b": 1}), json!({"a": {"b": 1}})),
        ("text: { contains: needle }", json!({"a": {"b": ["a needle"]}}), json!({"needle": 1})),
        (
            "at_least: { count: 2, of: [{ /a: 1 }, { /b: 1 }, { /c: 1 }] }",
            json!({"a": 1, "c": 1}),
            json!({"a": 1}),
        ),
        ("not: { any: [{ /a: 1 }, { /b: 1 }] }", json!({"a": 2}), json!({"b": 1})),
        (
            "trigger: { keywords: [cat], patterns: ['big.*dog'] }",
            json!({"t": "a BIG old Dog"}),
            json!({"t": "concatenate"}),
        ),
        ("trigger: { patterns: ['^$'] }", json!({"t": ["x", ""]}), json!({"t": "x"})),
    ];
    for (condition, yes, no) in cases {
        let engine = engine(&format!("rules: [{{ id: r, then: flag, when: {{ {condition} }} }}]"));
        check(&engine, &Event::call("t", &yes), "flag", "r");
        check(&engine, &Event::call("t", &no), "allow", "");
    }
}

#[test]
fn who_where_and_when() {
    let engine = engine(
        "
rules:
- { id: role, tool: a, when: { role: [admin, 'ops-*'] }, then: block }
- { id: label, tool: b, when: { label: tainted }, then: block }
- { id: place, tool: c, server: prod-*, environment: production, then: block }
- { id: tenant, tool: d, when: { tenant: acme, user: ann }, then: block }
- { id: variable, tool: e, when: { variable: STRICT }, then: block }
- { id: hours, tool: f, when: { time: { from: '22:00', to: '06:00', days: [fri], offset: 60 } }, then: block }
- { id: unless, tool: g, unless: { role: admin }, then: block }
- { id: file, phase: file, when: { file/path: { path_glob: '**/*.env' }, file/exists: false }, then: block }
- { id: result, phase: [result], when: { 'result/content/*/text': { contains: ignore } }, then: block }
- { id: prompt, phase: prompt, when: { prompt: { regex: 'rm\\s+-rf' } }, then: block }
- { id: list, phase: list, when: { definition/description: { contains: secretly } }, then: block }
- { id: end, phase: end, then: flag }
",
    );
    let nothing = json!({});
    let call = |tool| Event::call(tool, &nothing);
    for (event, rule) in [
        (call("a").roles(&["x", "ops-1"]), "role"),
        (call("b").labels(&["tainted"]), "label"),
        (call("c").server("prod-1").environment("production"), "place"),
        (call("d").tenant("acme").user("ann"), "tenant"),
        (call("e").variables(&[("STRICT", "1")]), "variable"),
        // 1970-01-02 was a Friday: 21:30 in Greenwich is 22:30 there.
        (call("f").at((24 + 21) * 3_600_000 + 1_800_000), "hours"),
        (call("g"), "unless"),
        (Event::file(FileEdit { path: "a/b/.env", content: None, exists: false }), "file"),
        (Event::prompt("please rm  -rf /"), "prompt"),
        (Event::result("t", &nothing, &json!({"content": [{"text": "ignore all"}]})), "result"),
        (Event::list("t", &json!({"description": "secretly"})), "list"),
    ] {
        check(&engine, &event, "block", rule);
    }
    for event in [
        call("a").roles(&["x"]),
        call("b").labels(&["tained"]),
        call("c").server("prod-1"),
        call("d").tenant("acme").user("bob"),
        call("e").variables(&[("STRICT", "0")]),
        call("f").at((24 + 20) * 3_600_000),
        call("g").roles(&["admin"]),
        Event::file(FileEdit { path: "a/b/.env", content: None, exists: true }),
        Event::result("t", &json!({"content": [{"text": "ignore"}]}), &nothing),
    ] {
        check(&engine, &event, "allow", "");
    }
    check(&engine, &Event::end(), "flag", "end");
}

#[test]
fn what_is_missing_fits_nothing_and_is_reported() {
    let engine =
        engine("rules: [{ id: big, tool: pay, when: { /amount: { range: { min: 100 } } }, then: block }]");
    let empty = json!({"amout": 1000});
    let decision = engine.decide(&Event::call("pay", &empty));
    assert_eq!(
        (decision.effect(), decision.undefined().collect::<Vec<_>>()),
        (Effect::Allow, vec!["/amount".to_owned()])
    );
    let explanation = engine.explain(&Event::call("pay", &empty)).to_string();
    assert_eq!(explanation, "big: would block, but not: `/amount` range min 100 (there is none)\n");
}

#[test]
fn near_misses_come_first_in_explanations() {
    let engine = engine(
        "
rules:
- { id: far, when: { /a: 9, /b: 9 }, then: block }
- { id: near, when: { /a: 1, /b: { range: { above: 2 } } }, then: block }
- { id: hit, when: { /a: 1 }, then: flag }
- { id: denied, when: { /a: 1, not: { /c: { contains: x } } }, then: redact }
",
    );
    let arguments = json!({"a": 1, "b": 2, "c": "xyz"});
    insta::assert_snapshot!(engine.explain(&Event::call("t", &arguments)), @r"
    hit: applies (flag)
    near: would block, but not: `/b` range above 2 (is 2)
    denied: would redact, but not: not (`/c` contains x (is a text of 3 characters))
    far: would block, but not: `/a` eq 9 (is 1)
    ");
}

#[test]
fn places_and_redaction() {
    let engine = engine(
        "
rules:
- { id: hush, when: { detector: word }, then: redact }
- { id: pin, when: { /pin: { exists: true } }, then: redact }
- { id: hide, phase: prompt, when: { prompt: { regex: '\\d{4,}' } }, then: redact }
",
    );
    let mut arguments = json!({"a": ["say hush, hushing", 5], "pin": 1234, "b/c": "hush"});
    let event = arguments.clone();
    let decision = engine.decide(&Event::call("t", &event));
    let places: Vec<_> =
        decision.redactions().iter().map(|place| (place.field.as_str(), place.span.clone())).collect();
    assert_eq!(
        places,
        [
            ("arguments/a/0", Some(4..8)),
            ("arguments/a/0", Some(10..14)),
            ("arguments/b~1c", Some(0..4)),
            ("arguments/pin", None)
        ]
    );
    decision.redact("arguments", &mut arguments, "***");
    assert_eq!(arguments, json!({"a": ["say ***, ***ing", 5], "pin": "***", "b/c": "***"}));
    let prompt = "card 12345, ünd 9876";
    let decision = engine.decide(&Event::prompt(prompt));
    assert_eq!(decision.redact_text("prompt", prompt, "#"), "card #, ünd #");
}

#[test]
fn chains_label_and_suggest() {
    let engine = engine(
        "
actions:
  alarm: [flag, { label: seen, suggest: [care, caution] }]
rules:
- { id: a, tool: a, then: { run: alarm } }
- { id: b, tool: '*', then: [{ suggest: [first] }], priority: 1 }
- { id: c, tool: a, then: block, mode: shadow }
- { id: d, tool: a, then: block, mode: off }
",
    );
    let nothing = json!({});
    let decision = engine.decide(&Event::call("a", &nothing));
    assert_eq!(said(&decision), ("flag", "a".into()));
    assert_eq!(decision.skills(), ["first", "care", "caution"]);
    assert_eq!(decision.shadow().collect::<Vec<_>>(), [("c", Some(Effect::Block))]);
}

#[test]
fn a_cached_decision_is_the_same_as_a_new_one() {
    let text = "
rules:
- { id: a, when: { /x: 1 }, then: flag, message: 'saw {/y}' }
- { id: b, when: { role: admin, '/l/*': z }, then: block }
- { id: c, tool: timed, when: { time: { from: '00:00', to: '12:00' } }, then: block }
";
    let (cached, plain) = (
        Engine::builder().build(rules(text)).unwrap(),
        Engine::builder().cache(0).build(rules(text)).unwrap(),
    );
    let documents = [
        json!({"x": 1, "y": 1}),
        json!({"x": 1, "y": 2}),
        json!({"x": 1.0, "y": 2, "z": 3}),
        json!({"l": ["a", "z"]}),
        json!({"l": ["z", "a"]}),
    ];
    for _ in 0..3 {
        for document in &documents {
            for roles in [&[][..], &["admin"]] {
                for (tool, time) in [("t", 0), ("timed", 0), ("timed", 13 * 3_600_000)] {
                    let event = Event::call(tool, document).roles(roles).at(time);
                    assert_eq!(cached.decide(&event).verdict(), plain.decide(&event).verdict(), "{event:?}");
                }
            }
        }
    }
    let event = Event::call("t", &documents[0]);
    assert!(Arc::ptr_eq(&cached.decide(&event), &cached.decide(&event)));
    assert!(!Arc::ptr_eq(&plain.decide(&event), &plain.decide(&event)));
}

#[test]
fn what_is_late_or_broken_is_blocked_unless_it_may_go_on() {
    struct Broken;
    impl Detector for Broken {
        fn name(&self) -> &str {
            "broken"
        }

        fn scan(&self, _: &Text<'_>, _: &mut Vec<Finding>) {
            panic!("a detector that breaks");
        }
    }
    let text =
        "rules: [{ id: a, when: { /x: { detector: broken } }, then: flag }, { id: b, tool: u, then: block }]";
    let document = json!({"x": "text"});
    let event = Event::call("t", &document);
    let closed = Engine::builder().detector(Arc::new(Broken)).build(rules(text)).unwrap();
    check(&closed, &event, "block", "detector");
    check(&closed, &Event::call("u", &document), "block", "b");
    let open = Engine::builder().detector(Arc::new(Broken)).fail_open().build(rules(text)).unwrap();
    let decision = open.decide(&event);
    assert_eq!((said(&decision), decision.is_complete()), (("flag", "a".into()), false));
    let late = Engine::builder()
        .detector(Arc::new(Word("broken")))
        .deadline(Some(Duration::ZERO))
        .build(rules(text))
        .unwrap();
    check(&late, &event, "block", "deadline");
    check(&late, &Event::call("t", &json!({})), "allow", "");
}

#[test]
fn rules_are_compared_with_what_tools_take() {
    let engine = engine(
        "
rules:
- { id: slip, tool: pay, when: { /amout: { range: { min: 1 } } }, then: block }
- { id: type, tool: pay, when: { /to: { range: { min: 1 } }, /currency: EUROS, /items/*/sku: { length: { max: 3 } } }, then: flag }
- { id: gap, tool: pay, when: { /note: { contains: x } }, then: block }
- { id: fine, tool: 'p*', when: { /amount: { range: { min: 1 } } }, then: block }
- { id: general, when: { /path: { prefix: / } }, then: block }
",
    );
    let schema = json!({
        "type": "object",
        "properties": {
            "amount": {"type": "number"}, "to": {"$ref": "#/$defs/names"}, "note": {"type": "string"},
            "currency": {"type": "string", "enum": ["EUR"]},
            "items": {"type": "array", "items": {"properties": {"sku": {"type": "integer"}}}}
        },
        "$defs": {"names": {"type": "array"}},
        "required": ["amount"]
    });
    let lints: Vec<String> = engine.check_tool("pay", &schema).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lints.join("\n"), @r#"
    slip: tool `pay` has no argument `/amout`; did you mean `amount`?
    type: `/to` of tool `pay` is array, and `range` is about numbers
    type: `/currency` of tool `pay` can never be "EUROS"
    type: `/items/*/sku` of tool `pay` is integer, and `length` is about texts, lists and objects
    gap: `/note` of tool `pay` may be missing, and the rule does not apply then
    "#);
    assert!(
        engine
            .check_tool("other", &json!({"properties": {"path": {"type": "string"}}, "required": ["path"]}))
            .is_empty()
    );
    assert!(engine.check_tool("pay", &json!({"$ref": "#"})).is_empty());
}

#[test]
fn deep_values_are_no_danger() {
    let engine = Engine::builder()
        .build(
            RuleSet::new("built").rule(
                Rule::new("a")
                    .when(Condition::Field(Field::parse("/**/x").unwrap(), Test::Equal(json!(1))))
                    .then(Effect::Block),
            ),
        )
        .unwrap();
    let deep = (0..50_000).fold(json!({"x": 1}), |inner, _| Value::Array(vec![inner]));
    check(&engine, &Event::call("t", &deep), "block", "a");
    std::mem::forget(deep); // its own drop would recurse
}
