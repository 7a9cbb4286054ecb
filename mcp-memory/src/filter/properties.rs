//! Filters against a second evaluator, which reads their JSON and knows nothing of the tree.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::node::Node;
use super::{Field, Fields, Filter, Found, parse};
use crate::time::TimeContext;

/// A memory as plain JSON.
#[derive(Debug)]
struct Plain {
    whole: Value,
    tags: Vec<String>,
}

impl Fields for Plain {
    fn field(&self, field: &Field) -> Found<'_> {
        let text = |name: &str| {
            let found = self.whole.get(name).and_then(Value::as_str);
            found.map_or(Found::Missing, |text| Found::Text(Cow::Borrowed(text)))
        };
        match field {
            Field::Type => text("type"),
            Field::Agent => text("agent"),
            Field::Content => text("content"),
            Field::Tags if self.tags.is_empty() => Found::Missing,
            Field::Tags => Found::Texts(&self.tags),
            Field::Created => self.whole["created"].as_i64().map_or(Found::Missing, Found::Time),
            Field::Metadata(names) => {
                let found = names.iter().try_fold(&self.whole["metadata"], |value, name| value.get(name));
                found.map_or(Found::Missing, Found::Json)
            }
            _ => Found::Missing,
        }
    }
}

fn stands(memory: &Plain, name: &str) -> Vec<Value> {
    let found = match name.strip_prefix("metadata.") {
        Some("a\\.b") => memory.whole["metadata"].get("a.b"),
        Some(name) => memory.whole["metadata"].get(name),
        None => memory.whole.get(name),
    };
    match found {
        None => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || (a == 0.0 && b == 0.0),
        _ => a == b,
    }
}

fn more(a: &Value, b: &Value, wanted: &[std::cmp::Ordering]) -> bool {
    let order = match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => a.as_f64().zip(b.as_f64()).and_then(|(a, b)| a.partial_cmp(&b)),
    };
    order.is_some_and(|order| wanted.contains(&order))
}

fn naive(filter: &Value, memory: &Plain) -> bool {
    let each =
        |nodes: &Value| nodes.as_array().unwrap().iter().map(|node| naive(node, memory)).collect::<Vec<_>>();
    filter.as_object().unwrap().iter().all(|(name, value)| match name.as_str() {
        "all" | "AND" => each(value).iter().all(|holds| *holds),
        "any" | "OR" => each(value).contains(&true),
        "not" | "NOT" if value.is_array() => !each(value).contains(&true),
        "not" | "NOT" => !naive(value, memory),
        _ => {
            let found = stands(memory, name);
            match value {
                Value::Object(operators) => operators.iter().all(|(name, value)| holds(name, value, &found)),
                Value::String(star) if star == "*" => !found.is_empty(),
                value => holds("eq", value, &found),
            }
        }
    })
}

fn holds(operator: &str, given: &Value, found: &[Value]) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let list = || given.as_array().unwrap().iter();
    let has = |value: &Value| found.iter().any(|item| same(item, value));
    let compares = |wanted: &[std::cmp::Ordering]| found.iter().any(|item| more(item, given, wanted));
    let text = |test: &dyn Fn(&str, &str) -> bool| {
        found.iter().any(|item| item.as_str().is_some_and(|item| test(item, given.as_str().unwrap())))
    };
    match operator {
        "eq" => has(given),
        "ne" => !has(given),
        "in" | "any" => list().any(has),
        "nin" | "none" => !list().any(has),
        "all" => list().all(has),
        "gt" | "after" => compares(&[Greater]),
        "gte" => compares(&[Greater, Equal]),
        "lt" | "before" => compares(&[Less]),
        "lte" => compares(&[Less, Equal]),
        "contains" if found.len() > 1 => text(&|item, part| item == part),
        "contains" => text(&|item, part| item.contains(part)),
        "icontains" => text(&|item, part| item.to_lowercase().contains(&part.to_lowercase())),
        "prefix" => text(&|item, part| item.starts_with(part)),
        "exists" => given.as_bool().unwrap() != found.is_empty(),
        other => panic!("{other}"),
    }
}

fn word() -> impl Strategy<Value = Value> + Clone {
    prop::sample::select(vec!["a", "b", "ab", "Ab", "\u{c4}b"]).prop_map(Value::from)
}

pub(crate) fn scalar() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![
        word(),
        (-3i64..4).prop_map(Value::from),
        prop::sample::select(vec![0.5, -1.0, 2.0]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

/// Milliseconds that nobody takes for seconds.
fn time() -> impl Strategy<Value = Value> + Clone {
    (0i64..4).prop_map(|day| Value::from(1_767_225_600_000 + day))
}

fn memory() -> impl Strategy<Value = Plain> {
    // Lists of one or none mean the same as what is in them, or as what is missing, to the other evaluator only.
    let tags = prop::sample::subsequence(vec!["a", "b", "ab", "Ab"], 2..4);
    let listed = prop::collection::vec(scalar(), 2..4).prop_map(Value::from);
    let metadata = (scalar(), prop_oneof![scalar(), listed], prop::option::of(scalar()));
    (prop::option::of(tags), word(), prop::option::of(word()), word(), time(), metadata).prop_map(
        |(tags, kind, agent, content, created, (n, m, dotted))| {
            let tags: Vec<String> = tags.unwrap_or_default().into_iter().map(str::to_owned).collect();
            let mut metadata = json!({ "n": n, "m": m });
            dotted.into_iter().for_each(|value| metadata["a.b"] = value);
            let mut whole =
                json!({ "type": kind, "content": content, "created": created, "metadata": metadata });
            agent.into_iter().for_each(|agent| whole["agent"] = agent);
            if !tags.is_empty() {
                whole["tags"] = json!(tags);
            }
            Plain { whole, tags }
        },
    )
}

/// A field with an operator that it has, and a value that fits.
fn leaf() -> impl Strategy<Value = Value> {
    let operators = |names: &'static [&'static str]| prop::sample::select(names);
    let with = |field: &'static [&'static str], operator, value: BoxedStrategy<Value>| {
        (prop::sample::select(field), operators(operator), value)
            .prop_map(|(field, operator, value)| json!({ field: { operator: value } }))
    };
    let many = |one: BoxedStrategy<Value>| prop::collection::vec(one, 0..3).prop_map(Value::from).boxed();
    let ordered = prop_oneof![word(), (-3i64..4).prop_map(Value::from)].boxed();
    let texts: &[&str] = &["type", "agent", "metadata.n", "metadata.m", "metadata.a\\.b"];
    let metadata: &[&str] = &["metadata.n", "metadata.m", "metadata.a\\.b"];
    prop_oneof![
        with(&["type", "agent"], &["eq", "ne", "gt", "gte", "lt", "lte"], word().boxed()),
        with(&["type", "agent", "tags"], &["in", "nin"], many(word().boxed())),
        with(&["tags"], &["any", "all", "none"], many(word().boxed())),
        with(&["tags"], &["eq", "ne", "contains", "icontains", "prefix"], word().boxed()),
        with(&["content"], &["contains", "icontains"], word().boxed()),
        with(texts, &["contains", "icontains", "prefix"], word().boxed()),
        with(metadata, &["eq", "ne"], scalar().boxed()),
        with(metadata, &["in", "nin", "any", "all", "none"], many(scalar().boxed())),
        with(metadata, &["gt", "gte", "lt", "lte"], ordered),
        with(&["created"], &["eq", "ne", "gt", "gte", "lt", "lte", "after", "before"], time().boxed()),
        with(&["created"], &["in", "nin"], many(time().boxed())),
        with(
            &["type", "agent", "tags", "content", "created", "metadata.n"],
            &["exists"],
            any::<bool>().prop_map(Value::from).boxed()
        ),
        (prop::sample::select(texts), prop_oneof![word(), Just("*".into())])
            .prop_map(|(field, value)| json!({ field: value })),
    ]
}

pub(crate) fn filter() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 48, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let name = |names: &'static [&'static str]| prop::sample::select(names);
        prop_oneof![
            (name(&["all", "any", "not", "AND", "OR", "NOT"]), list)
                .prop_map(|(name, nodes)| json!({ name: nodes })),
            (name(&["not", "NOT"]), inner.clone()).prop_map(|(name, node)| json!({ name: node })),
            (inner.clone(), inner).prop_map(|(first, second)| {
                let members = [first, second].into_iter().filter_map(|node| node.as_object().cloned());
                Value::Object(members.flatten().collect::<Map<_, _>>())
            }),
        ]
    })
}

/// `Not` before tests only, no node of its own kind within a node, none with one part.
fn is_simple(node: &Node) -> bool {
    match node {
        Node::Test(..) => true,
        Node::Not(inner) => matches!(**inner, Node::Test(..)),
        Node::All(nodes) => {
            nodes.len() != 1 && nodes.iter().all(|node| is_simple(node) && !matches!(node, Node::All(_)))
        }
        Node::Any(nodes) => {
            nodes.len() != 1 && nodes.iter().all(|node| is_simple(node) && !matches!(node, Node::Any(_)))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_filter_means_what_the_other_evaluator_says(json in filter(), memory in memory()) {
        let read = Filter::parse(&json).unwrap();
        prop_assert_eq!(read.matches(&memory), naive(&json, &memory));
    }

    #[test]
    fn a_simple_tree_means_the_same(json in filter(), memories in prop::collection::vec(memory(), 1..6)) {
        let (node, _) = parse::filter(&json, &TimeContext::utc()).unwrap();
        let simple = node.clone().simplified();
        for memory in &memories {
            prop_assert_eq!(node.holds(memory), simple.holds(memory), "{:?} {:?}", node, simple);
        }
        prop_assert!(is_simple(&simple), "{:?}", simple);
        prop_assert_eq!(simple.clone().simplified(), simple);
    }

    #[test]
    fn what_is_written_is_read_as_the_same(json in filter()) {
        let read = Filter::parse(&json).unwrap();
        let written = read.to_json();
        let again = Filter::parse(&written).unwrap();
        prop_assert_eq!(&again, &read, "{}", written);
        prop_assert_eq!(again.to_json(), written);
    }
}
