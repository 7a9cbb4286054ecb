//! The tree as JSON again.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::field::Field;
use super::node::{Node, Order, Test};

impl Node {
    /// One way to write each tree, from which it can be read.
    pub(super) fn to_json(&self) -> Value {
        let each = |nodes: &[Self]| nodes.iter().map(Self::to_json).collect::<Value>();
        match self {
            Self::All(nodes) if nodes.is_empty() => json!({}),
            Self::All(nodes) => json!({ "all": each(nodes) }),
            Self::Any(nodes) => json!({ "any": each(nodes) }),
            Self::Not(node) => json!({ "not": node.to_json() }),
            Self::Test(field, test) => {
                let (operator, value) = test.to_json(field);
                object(field.name(), object(operator.to_owned(), value))
            }
        }
    }
}

impl Test {
    fn to_json(&self, field: &Field) -> (&'static str, Value) {
        let written = |value: &Value| if field.is_time() { time(value) } else { value.clone() };
        let many = |values: &[Value]| values.iter().map(written).collect();
        match self {
            Self::Any(values) => match values.as_slice() {
                [value] => ("eq", written(value)),
                values => ("in", many(values)),
            },
            Self::Every(values) => ("all", many(values)),
            Self::Compare(order, value) => (order.operator(), written(value)),
            Self::Contains(text) => ("contains", text.as_str().into()),
            Self::ContainsInAnyCase(text) => ("icontains", text.as_str().into()),
            Self::Prefix(text) => ("prefix", text.as_str().into()),
            Self::Exists => ("exists", true.into()),
        }
    }
}

impl Order {
    const fn operator(self) -> &'static str {
        match self {
            Self::Greater => "gt",
            Self::GreaterOrEqual => "gte",
            Self::Less => "lt",
            Self::LessOrEqual => "lte",
        }
    }
}

/// RFC 3339, as a number alone may be seconds.
fn time(milliseconds: &Value) -> Value {
    let time = milliseconds.as_i64().and_then(|time| Timestamp::from_millisecond(time).ok());
    time.map_or_else(|| milliseconds.clone(), |time| time.to_string().into())
}

fn object(name: String, value: Value) -> Value {
    Value::Object(Map::from_iter([(name, value)]))
}
