//! Values that are the same, and numbers in them.

use serde_json::{Number, Value};

use super::Node;

/// Whether two values are the same: numbers by what they are worth, members in any order. Deep values are compared without recursion.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    let mut open = vec![(a, b)];
    while let Some(pair) = open.pop() {
        let equal = match pair {
            (Value::Number(a), Value::Number(b)) => same_number(a, b),
            (Value::Array(a), Value::Array(b)) => {
                open.extend(a.iter().zip(b));
                a.len() == b.len()
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, a)| b.get(name).map(|b| open.push((a, b))).is_some())
            }
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Null, Value::Null) => true,
            _ => false,
        };
        if !equal {
            return false;
        }
    }
    true
}

fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64(), a.as_u64(), b.as_u64()) {
        (Some(a), Some(b), ..) => a == b,
        (_, _, Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

/// A number, or a text that is one: tools take either.
pub(crate) fn number(node: Node<'_>) -> Option<f64> {
    match node {
        Node::Json(Value::Number(number)) => number.as_f64(),
        _ => node.as_str()?.trim().parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

/// Writes a value so that equal values are written alike, for digests and keys: members sorted, numbers in one notation.
pub(crate) fn canonical(value: &Value, out: &mut Vec<u8>) {
    enum Part<'v> {
        Value(&'v Value),
        Text(&'static [u8]),
        Name(&'v str),
    }
    let mut open = vec![Part::Value(value)];
    while let Some(part) = open.pop() {
        match part {
            Part::Text(text) => out.extend_from_slice(text),
            Part::Name(name) => text(name, out),
            Part::Value(Value::Null) => out.extend_from_slice(b"null"),
            Part::Value(Value::Bool(value)) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Part::Value(Value::String(value)) => text(value, out),
            Part::Value(Value::Number(number)) => {
                let whole = number
                    .as_f64()
                    .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15);
                let written = whole.map_or_else(|| number.to_string(), |float| format!("{float:.0}"));
                out.extend_from_slice(if written == "-0" { b"0" } else { written.as_bytes() });
            }
            Part::Value(Value::Array(items)) => {
                out.push(b'[');
                open.push(Part::Text(b"]"));
                for (i, item) in items.iter().enumerate().rev() {
                    open.push(Part::Value(item));
                    if i > 0 {
                        open.push(Part::Text(b","));
                    }
                }
            }
            Part::Value(Value::Object(members)) => {
                let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| *name);
                out.push(b'{');
                open.push(Part::Text(b"}"));
                for (i, (name, value)) in sorted.into_iter().enumerate().rev() {
                    open.extend([Part::Value(value), Part::Text(b":"), Part::Name(name)]);
                    if i > 0 {
                        open.push(Part::Text(b","));
                    }
                }
            }
        }
    }
}

/// A text with its length in front, so that no text can end early.
fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{}\"", text.len()).as_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_are_written_alike() {
        let write = |value: &Value| {
            let mut out = Vec::new();
            canonical(value, &mut out);
            out
        };
        let (a, b) = (
            json!({"b": [1, 2.0, "x"], "a": {"d": null, "c": -0.0}}),
            json!({"a": {"c": 0, "d": null}, "b": [1.0, 2, "x"]}),
        );
        assert!(same(&a, &b));
        assert_eq!(write(&a), write(&b));
        for (a, b) in [
            (json!("1"), json!(1)),
            (json!(["a,b"]), json!(["a", "b"])),
            (json!({"a": 1}), json!({"b": 1})),
            (json!(u64::MAX), json!(u64::MAX - 1)),
        ] {
            assert!(!same(&a, &b) && write(&a) != write(&b), "{a} {b}");
        }
        let deep = (0..100_000).fold(json!(1), |inner, _| Value::Array(vec![inner]));
        assert!(same(&deep, &deep) && write(&deep).len() == 200_001);
        std::mem::forget(deep); // its own drop would recurse
    }
}
