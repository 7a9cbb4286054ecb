//! Whether a memory passes.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::node::{Field, Node, Order, Test};
use crate::Record;

impl Node {
    pub(crate) fn holds(&self, record: &Record) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(record)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(record)),
            Self::Not(node) => !node.holds(record),
            Self::Test(field, test) => field.of(record).is_some_and(|found| test.holds(&found)),
        }
    }
}

impl Field {
    /// What a memory has there, if it has anything.
    fn of<'a>(&self, record: &'a Record) -> Option<Cow<'a, Value>> {
        let text = |text: &str| Some(Cow::Owned(Value::from(text)));
        let maybe = |found: &Option<String>| found.as_deref().and_then(text);
        let time = |time: Option<i64>| time.map(|time| Cow::Owned(Value::from(time)));
        match self {
            Self::Id => text(&record.id.to_string()),
            Self::Type => text(&record.kind),
            Self::Tags => (!record.tags.is_empty())
                .then(|| Cow::Owned(record.tags.iter().map(String::as_str).collect())),
            Self::Session => maybe(&record.session),
            Self::Speaker => maybe(&record.speaker),
            Self::Source => maybe(&record.source),
            Self::Agent => maybe(&record.agent),
            Self::Run => maybe(&record.run),
            Self::Author => text(&record.author),
            Self::Content => text(&record.content),
            Self::Importance => {
                // The decimal that was given, and not the binary fraction next to it.
                let exact = |value: f32| value.to_string().parse::<f64>().map(Value::from).ok();
                record.importance.and_then(exact).map(Cow::Owned)
            }
            Self::Created => time(Some(record.created)),
            Self::Updated => time(Some(record.updated)),
            Self::ValidFrom => time(record.valid_from),
            Self::ValidTo => time(record.valid_to),
            Self::Expires => time(record.expires),
            Self::Metadata(names) => {
                let (first, rest) = names.split_first()?;
                let start = record.metadata.get(first)?;
                rest.iter().try_fold(start, |value, name| value.get(name)).map(Cow::Borrowed)
            }
        }
    }
}

impl Test {
    fn holds(&self, found: &Value) -> bool {
        let each = |holds: &dyn Fn(&Value) -> bool| match found {
            Value::Array(items) => items.iter().any(holds),
            one => holds(one),
        };
        match self {
            Self::Any(values) => each(&|item| values.iter().any(|value| equal(item, value))),
            Self::Every(values) => values.iter().all(|value| each(&|item| equal(item, value))),
            Self::Compare(order, value) => {
                each(&|item| compare(item, value).is_some_and(|is| order.accepts(is)))
            }
            Self::Contains(text) => match found {
                Value::Array(items) => items.iter().any(|item| item.as_str() == Some(text)),
                one => one.as_str().is_some_and(|found| found.contains(text.as_str())),
            },
            Self::ContainsInAnyCase(text) => {
                each(&|item| item.as_str().is_some_and(|found| found.to_lowercase().contains(text.as_str())))
            }
            Self::Prefix(text) => {
                each(&|item| item.as_str().is_some_and(|found| found.starts_with(text.as_str())))
            }
            Self::Exists => true,
        }
    }
}

impl Order {
    const fn accepts(self, is: Ordering) -> bool {
        match self {
            Self::Greater => matches!(is, Ordering::Greater),
            Self::GreaterOrEqual => !matches!(is, Ordering::Less),
            Self::Less => matches!(is, Ordering::Less),
            Self::LessOrEqual => !matches!(is, Ordering::Greater),
        }
    }
}

/// Numbers are equal by value, also where one is written with a fraction.
fn equal(a: &Value, b: &Value) -> bool {
    a == b || matches!((a, b), (Value::Number(a), Value::Number(b)) if order(a, b) == Some(Ordering::Equal))
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order(a, b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whole numbers exactly, others as binary fractions.
fn order(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
