//! The engine against an evaluator that reads the rules as they are written, one by one, and keeps nothing.

use mcp_guardrails::{Engine, Event, Format, RuleSet};
use proptest::prelude::*;
use serde_json::{Value, json};

const RANKS: [&str; 6] = ["allow", "suggest", "flag", "redact", "require_approval", "block"];

#[derive(Debug)]
struct Happening {
    phase: &'static str,
    tool: &'static str,
    document: Value,
    roles: Vec<&'static str>,
    labels: Vec<&'static str>,
}

impl Happening {
    fn event(&self) -> Event<'_> {
        let event = match self.phase {
            "call" => Event::call(self.tool, &self.document),
            _ => Event::result(self.tool, &self.document, &self.document),
        };
        event.roles(&self.roles).labels(&self.labels).user("ann")
    }

    fn values(&self, field: &str) -> Vec<Value> {
        match field {
            "tool" => vec![json!(self.tool)],
            "user" => vec![json!("ann")],
            "text" => below(&self.document).into_iter().filter(Value::is_string).collect(),
            pointer => {
                let mut values = vec![self.document.clone()];
                for step in pointer.split('/').skip(1) {
                    values = values.iter().flat_map(|value| stepped(value, step)).collect();
                }
                values
            }
        }
    }

    fn holds(&self, condition: &Value) -> bool {
        if let Some(list) = condition.as_array() {
            return list.iter().all(|inner| self.holds(inner));
        }
        condition.as_object().unwrap().iter().all(|(name, value)| match name.as_str() {
            "all" => value.as_array().unwrap().iter().all(|inner| self.holds(inner)),
            "any" => value.as_array().unwrap().iter().any(|inner| self.holds(inner)),
            "not" => !self.holds(value),
            "at_least" => {
                let of = value["of"].as_array().unwrap();
                of.iter().filter(|inner| self.holds(inner)).count() as u64 >= value["count"].as_u64().unwrap()
            }
            "role" => self.roles.iter().any(|role| *value == json!(role)),
            "label" => self.labels.iter().any(|label| *value == json!(label)),
            field => {
                let values = self.values(field);
                value.as_object().unwrap().iter().all(|(operator, operand)| match operator.as_str() {
                    "exists" => operand.as_bool().unwrap() != values.is_empty(),
                    _ => values.iter().any(|value| fits(operator, operand, value)),
                })
            }
        })
    }
}

fn below(value: &Value) -> Vec<Value> {
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    };
    let mut all = vec![value.clone()];
    all.extend(inner.into_iter().flat_map(below));
    all
}

fn stepped(value: &Value, step: &str) -> Vec<Value> {
    match (step, value) {
        ("**", value) => below(value),
        ("*", Value::Array(items)) => items.clone(),
        ("*", Value::Object(members)) => members.values().cloned().collect(),
        (name, Value::Object(members)) => members.get(name).cloned().into_iter().collect(),
        (name, Value::Array(items)) => {
            name.parse::<usize>().ok().and_then(|at| items.get(at).cloned()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn fits(operator: &str, operand: &Value, value: &Value) -> bool {
    let texts = |test: fn(&str, &str) -> bool| {
        let operands = operand.as_array().cloned().unwrap_or_else(|| vec![operand.clone()]);
        value
            .as_str()
            .is_some_and(|text| operands.iter().any(|operand| test(text, operand.as_str().unwrap())))
    };
    match operator {
        "eq" => equal(value, operand),
        "in" => operand.as_array().unwrap().iter().any(|operand| equal(value, operand)),
        "prefix" => texts(|text, part| text.starts_with(part)),
        "suffix" => texts(|text, part| text.ends_with(part)),
        "contains" => texts(|text, part| text.contains(part)),
        "regex" => texts(|text, part| regex::Regex::new(part).unwrap().is_match(text)),
        "range" => {
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            number.is_some_and(|number| number >= operand["min"].as_f64().unwrap())
        }
        "length" => {
            let length = match value {
                Value::String(text) => Some(text.chars().count()),
                Value::Array(items) => Some(items.len()),
                Value::Object(members) => Some(members.len()),
                _ => None,
            };
            length.is_some_and(|length| length as f64 <= operand["max"].as_f64().unwrap())
        }
        other => panic!("{other}"),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn scalars() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(0),
        json!(1),
        json!(1.0),
        json!(2.5),
        json!("a"),
        json!("ab"),
        json!("ba"),
        json!("2"),
        json!(true),
        json!(null),
    ])
}

fn documents() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec!["a", "b", "x"]);
    scalars().prop_recursive(3, 12, 3, move |inner| {
        let names = names.clone();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((names, inner), 0..3)
                .prop_map(|pairs| pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn leaves() -> impl Strategy<Value = Value> {
    let field =
        prop::sample::select(vec!["/a", "/b", "/a/x", "/*", "/**/x", "/**", "/b/0", "text", "tool", "user"]);
    let part = prop::sample::select(vec!["a", "b", "ab", "2", "t"]);
    let parts = prop::collection::vec(part, 1..3);
    let test = prop_oneof![
        scalars().prop_map(|value| json!({ "eq": value })),
        prop::collection::vec(scalars(), 1..3).prop_map(|values| json!({ "in": values })),
        (prop::sample::select(vec!["prefix", "suffix", "contains", "contains", "contains"]), parts)
            .prop_map(|(name, parts)| json!({ name: parts })),
        prop::sample::select(vec!["^a", "b$", "[0-9]"]).prop_map(|pattern| json!({ "regex": pattern })),
        prop::sample::select(vec![0.0, 1.0, 2.0]).prop_map(|min| json!({ "range": { "min": min } })),
        (0..3).prop_map(|max| json!({ "length": { "max": max } })),
        any::<bool>().prop_map(|there| json!({ "exists": there })),
        (prop::sample::select(vec!["a", "b"]), any::<bool>())
            .prop_map(|(part, there)| json!({ "contains": part, "exists": there })),
    ];
    prop_oneof![
        6 => (field, test).prop_map(|(field, test)| json!({ field: test })),
        1 => prop::sample::select(vec!["r", "s"]).prop_map(|role| json!({ "role": role })),
        1 => prop::sample::select(vec!["l", "m"]).prop_map(|label| json!({ "label": label })),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    leaves().prop_recursive(4, 16, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list.clone().prop_map(|list| json!({ "all": list })),
            list.clone().prop_map(|list| json!({ "any": list })),
            list.clone().prop_map(Value::Array),
            inner.prop_map(|inner| json!({ "not": inner })),
            (list, any::<prop::sample::Index>()).prop_map(
                |(list, at)| json!({ "at_least": { "count": at.index(list.len()) + 1, "of": list } })
            ),
        ]
    })
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    let tools =
        prop::sample::select(vec![json!(null), json!("t"), json!(["t", "u"]), json!("t*"), json!("*")]);
    let rule = (
        conditions(),
        prop::option::of(conditions()),
        tools,
        prop::sample::select(RANKS.to_vec()),
        -1..2,
        prop::sample::select(vec![json!("call"), json!(["call", "result"])]),
        prop::sample::select(vec!["enforce", "enforce", "enforce", "shadow", "off"]),
    );
    prop::collection::vec(rule, 1..8).prop_map(|rules| {
        let written = rules.into_iter().enumerate().map(|(i, (when, unless, tool, then, priority, phase, mode))| {
            json!({ "id": format!("r{i}"), "when": when, "unless": unless, "tool": tool, "then": then, "priority": priority, "phase": phase, "mode": mode })
        });
        written.collect()
    })
}

fn happenings() -> impl Strategy<Value = Happening> {
    let names = |all: [&'static str; 2]| prop::sample::subsequence(all.to_vec(), 0..=2);
    let parts = (
        documents(),
        prop::sample::select(vec!["call", "result"]),
        prop::sample::select(vec!["t", "tu", "u", "v"]),
        names(["r", "s"]),
        names(["l", "m"]),
    );
    // Arguments are an object, as the protocol has it; results are what they are.
    parts.prop_map(|(inner, phase, tool, roles, labels)| {
        let document = if inner.is_object() { inner } else { json!({ "a": inner }) };
        Happening { phase, tool, document, roles, labels }
    })
}

fn tool_fits(rule: &Value, tool: &str) -> bool {
    match &rule["tool"] {
        Value::Null => true,
        Value::Array(all) => all.iter().any(|name| name == tool),
        Value::String(pattern) => {
            pattern.strip_suffix('*').map_or(pattern == tool, |prefix| tool.starts_with(prefix))
        }
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_engine_agrees_with_a_naive_evaluator(written in rules(), happenings in prop::collection::vec(happenings(), 1..6)) {
        let text = json!({ "rules": written }).to_string();
        let set = RuleSet::parse(&text, "rules", Format::Json).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        // A machine that is busy must not make guesses of answers.
        let engine = Engine::builder().deadline(None).build(set).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for happening in &happenings {
            let fires = |rule: &&Value| {
                let phase = json!(happening.phase);
                let in_phase = rule["phase"] == phase || rule["phase"].as_array().is_some_and(|all| all.contains(&phase));
                in_phase && tool_fits(rule, happening.tool) && happening.holds(&rule["when"]) && (rule["unless"].is_null() || !happening.holds(&rule["unless"]))
            };
            let fired: Vec<&Value> = written.iter().filter(|rule| rule["mode"] == "enforce").filter(fires).collect();
            let shadow = written.iter().filter(|rule| rule["mode"] == "shadow").filter(fires).count();
            let floor = fired.iter().filter(|rule| rule["then"] == "allow").map(|rule| rule["priority"].as_i64()).max().flatten();
            let rank = |rule: &Value| RANKS.iter().position(|name| rule["then"] == *name).unwrap();
            let speaking = fired.iter().filter(|rule| floor.is_none_or(|floor| rule["priority"].as_i64().unwrap() >= floor));
            // `max_by_key` takes the last of equals, and the first in the file speaks.
            let winner = speaking.rev().max_by_key(|rule| (rank(rule), rule["priority"].as_i64()));
            let expected = winner.map_or("allow", |rule| rule["then"].as_str().unwrap());
            let speaker = winner.filter(|_| expected != "allow").map(|rule| rule["id"].as_str().unwrap());

            let event = happening.event();
            let decision = engine.decide(&event);
            let mut ids: Vec<&str> = decision.rules().collect();
            ids.sort_unstable();
            let wanted: Vec<&str> = fired.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
            prop_assert_eq!(ids, wanted, "{} in {}", event.arguments.unwrap(), text);
            prop_assert_eq!(decision.shadow().count(), shadow);
            prop_assert_eq!(decision.effect().name(), expected);
            prop_assert_eq!(decision.verdict().reason().map(|reason| &*reason.rule), speaker);
            // An explanation says of each rule that applies that it does, and of no other.
            let explained = engine.explain(&event).rules.into_iter().filter(|rule| rule.failing.is_none()).count();
            prop_assert_eq!(explained, fired.len() + shadow);
        }
    }
}
