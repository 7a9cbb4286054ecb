//! Rules beside what tools say of their arguments.

use std::fmt;

use serde_json::Value;

use super::compiled::{Compiled, Node};
use crate::event::Phase;
use crate::nearest;
use crate::rule::{Effect, Step, Test};

/// Something about a rule that is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// The rule's id.
    pub rule: String,
    /// What is odd.
    pub problem: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.problem)?;
        self.nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
    }
}

/// What a schema says about a place.
enum Known<'s> {
    /// It can be there; it must be, or need not.
    Schema(&'s Value, bool),
    /// It cannot be there; these can.
    Absent(Vec<&'s str>),
    /// The schema does not say.
    Open,
}

/// References that lead to references are followed so often.
const HOPS: usize = 16;

pub(super) fn check(set: &Compiled, tool: &str, schema: &Value) -> Vec<Lint> {
    let mut lints = Vec::new();
    for (number, check) in set.index.numbers(Phase::Call, tool) {
        let Some(rule) = set.rules.get(number) else { continue };
        if check && !super::compiled::fits(&rule.tools, tool) {
            continue;
        }
        // A rule for all tools is about those that have the argument.
        let named = !rule.tools.is_empty();
        let mut leaves = Vec::new();
        collect(&rule.node, true, &mut leaves);
        for (number, positive) in leaves {
            let Some(leaf) = set.leaves.get(number) else { continue };
            let Some((field, steps)) =
                set.slots.get(leaf.slot).and_then(|field| Some((field, field.argument()?)))
            else {
                continue;
            };
            let mut push = |problem: String, nearest| {
                if !lints.iter().any(|lint: &Lint| *lint.rule == *rule.id && lint.problem == problem) {
                    lints.push(Lint { rule: rule.id.to_string(), problem, nearest });
                }
            };
            match find(schema, steps) {
                Known::Absent(names) if named => {
                    let last = steps
                        .iter()
                        .rev()
                        .find_map(|step| if let Step::Name(name) = step { Some(&**name) } else { None });
                    push(
                        format!("tool `{tool}` has no argument `{field}`"),
                        nearest(last.unwrap_or_default(), names).map(str::to_owned),
                    );
                }
                Known::Schema(part, required) => {
                    if let Some(problem) = mismatch(&leaf.test, part) {
                        push(format!("`{field}` of tool `{tool}` {problem}"), None);
                    }
                    let blocks = rule.effect >= Some(Effect::Redact);
                    if blocks && positive && !required && named && !matches!(leaf.test, Test::Exists(_)) {
                        push(
                            format!(
                                "`{field}` of tool `{tool}` may be missing, and the rule does not apply then"
                            ),
                            None,
                        );
                    }
                }
                _ => {}
            }
        }
    }
    lints
}

fn collect(node: &Node, positive: bool, leaves: &mut Vec<(usize, bool)>) {
    match node {
        Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
            list.iter().for_each(|node| collect(node, positive, leaves));
        }
        Node::Not(inner) => collect(inner, !positive, leaves),
        Node::Field(leaf) => leaves.push((*leaf, positive)),
        _ => {}
    }
}

fn find<'s>(root: &'s Value, steps: &[Step]) -> Known<'s> {
    let Some(mut at) = followed(root, root) else { return Known::Open };
    let mut required = true;
    for step in steps {
        if ["anyOf", "oneOf", "allOf", "if", "patternProperties"].iter().any(|word| at.get(word).is_some()) {
            return Known::Open;
        }
        let closed = at.get("additionalProperties") == Some(&Value::Bool(false));
        let properties = at.get("properties").and_then(Value::as_object);
        let next = match step {
            Step::Deep => return Known::Open,
            Step::Name(name) => match (properties.and_then(|members| members.get(&**name)), properties) {
                (Some(next), _) => {
                    let list = at.get("required").and_then(Value::as_array);
                    required &=
                        list.is_some_and(|list| list.iter().any(|other| other.as_str() == Some(name)));
                    next
                }
                // Tools rarely close their schemas; a name that none of theirs is, is a slip all the same.
                (None, Some(members)) if closed || !members.is_empty() => {
                    return Known::Absent(members.keys().map(String::as_str).collect());
                }
                _ => return Known::Open,
            },
            Step::Each => match at.get("items") {
                Some(items) => {
                    required = false;
                    items
                }
                None => return Known::Open,
            },
        };
        let Some(next) = followed(root, next) else { return Known::Open };
        at = next;
    }
    Known::Schema(at, required)
}

/// Where a reference leads; nowhere if that is elsewhere, or in a circle.
fn followed<'s>(root: &'s Value, mut at: &'s Value) -> Option<&'s Value> {
    for _ in 0..HOPS {
        let Some(target) = at.get("$ref").and_then(Value::as_str) else { return Some(at) };
        at = root.pointer(target.strip_prefix('#')?)?;
    }
    None
}

/// What keeps a test from ever holding for values of a schema.
fn mismatch(test: &Test, schema: &Value) -> Option<String> {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let can_be = |wanted: &[&str]| types.iter().any(|known| wanted.contains(known));
    let wrong =
        |wanted: &str| Some(format!("is {}, and `{}` is about {wanted}", types.join(" or "), test.name()));
    let fits = |value: &Value| {
        let name: &[&str] = match value {
            Value::Null => &["null"],
            Value::Bool(_) => &["boolean"],
            Value::Number(_) => &["number", "integer"],
            Value::String(_) => &["string"],
            Value::Array(_) => &["array"],
            Value::Object(_) => &["object"],
        };
        let listed = schema.get("enum").and_then(Value::as_array);
        can_be(name) && listed.is_none_or(|listed| listed.contains(value))
    };
    match test {
        Test::Equal(value) if !fits(value) => Some(format!("can never be {value}")),
        Test::OneOf(values) => {
            values.iter().find(|value| !fits(value)).map(|value| format!("can never be {value}"))
        }
        Test::Range(_) if !can_be(&["number", "integer", "string"]) => wrong("numbers"),
        Test::Length(_) if !can_be(&["string", "array", "object"]) => wrong("texts, lists and objects"),
        Test::Equal(_) | Test::Exists(_) | Test::Range(_) | Test::Length(_) => None,
        _ if !can_be(&["string"]) => wrong("texts"),
        _ => None,
    }
}
