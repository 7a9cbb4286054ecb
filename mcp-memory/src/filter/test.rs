//! Whether something passes.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::field::{Fields, Found};
use super::node::{Node, Order, Test};

impl Node {
    pub(crate) fn holds(&self, fields: &impl Fields) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(fields)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(fields)),
            Self::Not(node) => !node.holds(fields),
            Self::Test(field, test) => test.holds(&fields.field(field)),
        }
    }
}

/// One of what stands in a field.
#[derive(Clone, Copy)]
enum Item<'a> {
    Text(&'a str),
    Number(&'a Number),
    Bool(bool),
    Time(i64),
    Null,
    Other,
}

impl<'a> Item<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Number(number) => Self::Number(number),
            Value::Bool(is_so) => Self::Bool(*is_so),
            Value::Null => Self::Null,
            Value::Array(_) | Value::Object(_) => Self::Other,
        }
    }

    fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Numbers are equal by value, also where one is written with a fraction.
    fn equals(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == *b,
            _ => self.compare(value) == Some(Ordering::Equal),
        }
    }

    fn compare(self, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Self::Text(a), Value::String(b)) => Some(a.cmp(b)),
            (Self::Number(a), Value::Number(b)) => order(a, b),
            (Self::Time(a), Value::Number(b)) => Some(a.cmp(&b.as_i64()?)),
            _ => None,
        }
    }
}

impl Found<'_> {
    /// Whether something holds for what stands there, or for one of a list.
    fn any(&self, holds: impl Fn(Item<'_>) -> bool) -> bool {
        match self {
            Self::Missing => false,
            Self::Text(text) => holds(Item::Text(text)),
            Self::Texts(texts) => texts.iter().any(|text| holds(Item::Text(text))),
            Self::Number(number) => holds(Item::Number(number)),
            Self::Bool(is_so) => holds(Item::Bool(*is_so)),
            Self::Time(time) => holds(Item::Time(*time)),
            Self::Json(Value::Array(items)) => items.iter().any(|item| holds(Item::of(item))),
            Self::Json(one) => holds(Item::of(one)),
        }
    }

    const fn is_list(&self) -> bool {
        matches!(self, Self::Texts(_) | Self::Json(Value::Array(_)))
    }
}

impl Test {
    /// Whether it holds for a time that stands there.
    pub(crate) fn holds_at(&self, time: i64) -> bool {
        match self {
            Self::Compare(order, Value::Number(number)) if let Some(bound) = number.as_i64() => {
                order.accepts(time.cmp(&bound))
            }
            test => test.holds(&Found::Time(time)),
        }
    }

    /// The first and the last time of which it holds, where it compares with one time.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let Self::Compare(order, Value::Number(number)) = self else { return None };
        let bound = number.as_i64()?;
        // What is behind the last time there is, is nothing.
        const NOTHING: (i64, i64) = (i64::MAX, i64::MIN);
        Some(match order {
            Order::Greater => bound.checked_add(1).map_or(NOTHING, |from| (from, i64::MAX)),
            Order::GreaterOrEqual => (bound, i64::MAX),
            Order::Less => bound.checked_sub(1).map_or(NOTHING, |to| (i64::MIN, to)),
            Order::LessOrEqual => (i64::MIN, bound),
        })
    }

    pub(crate) fn holds(&self, found: &Found<'_>) -> bool {
        let text = |holds: &dyn Fn(&str) -> bool| found.any(|item| item.text().is_some_and(holds));
        match self {
            Self::Exists => !matches!(found, Found::Missing),
            Self::Any(values) => found.any(|item| values.iter().any(|value| item.equals(value))),
            Self::Every(values) => {
                let has = |value: &Value| found.any(|item| item.equals(value));
                !matches!(found, Found::Missing) && values.iter().all(has)
            }
            Self::Compare(order, value) => {
                found.any(|item| item.compare(value).is_some_and(|is| order.accepts(is)))
            }
            Self::Contains(part) if found.is_list() => text(&|item| item == part),
            Self::Contains(part) => text(&|item| item.contains(part.as_str())),
            Self::ContainsInAnyCase(part) => text(&|item| lower(item).contains(part.as_str())),
            Self::Prefix(start) => text(&|item| item.starts_with(start.as_str())),
        }
    }
}

/// In lower case, as the filter has it.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
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

/// Whole numbers exactly, others as binary fractions.
fn order(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
